"""`dragoman serve` as a process of its own: what it prints, writes, and how it ends."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import ipaddress
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dragoman.cli.serve import keep_alive

CONFIG: dict[str, object] = {
    "port": 0,
    "api-keys": ["sk-of-the-test"],
    "discover": False,
    "data-dir": "data",
    "upstreams": [{"name": "echo", "protocol": "echo"}],
}
KEY = {"x-api-key": "sk-of-the-test"}
PROGRAM = [sys.executable, "-m", "dragoman"]


class Gateway:
    """One run of the program. Its output is read by threads, line by line."""

    def __init__(self, folder: Path, *arguments: str, program: list[str] = PROGRAM) -> None:
        home = folder / "home"
        home.mkdir(exist_ok=True)
        env = {**os.environ, "HOME": str(home), "COLUMNS": "80", "NO_COLOR": "1"}
        env.pop("XDG_CONFIG_HOME", None)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*program, *arguments],
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._told = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Iterator[str], lines: list[str]) -> None:
        for line in stream:
            with self._told:
                lines.append(line)
                self._told.notify_all()
        with self._told:
            self._told.notify_all()

    @property
    def output(self) -> str:
        return "".join(self.out + self.err)

    def address(self) -> str:
        """Where it listens, once it does."""
        found: list[str] = []

        def there() -> bool:
            found[:] = re.findall(r"https?://(\S+:\d+)", "".join(self.out))
            return bool(found) or not any(reader.is_alive() for reader in self._readers)

        with self._told:
            self._told.wait_for(there, 30)
        assert found, self.output
        return found[0]

    def wait_for_line(self, words: str) -> None:
        with self._told:
            assert self._told.wait_for(lambda: words in self.output, 20), self.output

    def ended(self) -> int:
        """Its exit status."""
        status = self.process.wait(40)
        for reader in self._readers:
            reader.join(10)
        return status

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.ended()


@contextlib.contextmanager
def started(folder: Path, *arguments: str, program: list[str] = PROGRAM) -> Iterator[Gateway]:
    gateway = Gateway(folder, *arguments, program=program)
    try:
        yield gateway
    finally:
        if gateway.process.poll() is None:
            gateway.process.kill()
        gateway.ended()
        for stream in (gateway.process.stdout, gateway.process.stderr):
            assert stream is not None
            stream.close()


def written(folder: Path, name: str = "config.yaml", **changes: object) -> Path:
    config = {**CONFIG, **{key.replace("_", "-"): value for key, value in changes.items()}}
    config["data-dir"] = str(folder / str(config["data-dir"]))
    path = folder / name
    path.write_text(json.dumps(config))
    return path


def get(address: str, path: str, headers: dict[str, str] = KEY) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(address, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_a_first_start_writes_a_configuration_and_says_how_to_use_it(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--port", "0") as gateway:
        address = gateway.address()
        gateway.wait_for_line("curl http")
        config = tmp_path / "config.yaml"
        assert config.stat().st_mode & 0o777 == 0o600
        (key,) = set(re.findall(r"sk-local-[\w-]{43}", config.read_text()))
        assert get(address, "/v1/models", {"x-api-key": key})[0] == 200
        assert get(address, "/v1/models", {"x-api-key": "sk-other"})[0] == 401
        print(f"listening after {time.monotonic() - gateway.started:.2f} s")  # noqa: T201
        assert gateway.stop() == 0
        out = "".join(gateway.out)
        assert "wrote ./config.yaml with a new client key" in out
        for words in (
            "Claude Code",
            "Codex",
            "Gemini CLI",
            "opencode",
            "Amp",
            "OpenAI SDK",
            "curl",
        ):
            assert f"{words}\n" in out
        assert f"http://{address}" in out
        assert key in out
        assert "echo, echo-thinking" in out
        assert key not in "".join(gateway.err)
    before = config.read_bytes()
    with started(tmp_path, "--port", "0") as again:
        assert get(again.address(), "/v1/models", {"x-api-key": key})[0] == 200
        assert again.stop() == 0
        assert config.read_bytes() == before
        assert key not in again.output
        assert "listens on http://127.0.0.1:" in again.output


def test_options_win_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "mine.yaml", host="192.0.2.1", port=1)
    options = ("--config", str(file), "--host", "127.0.0.1", "--port", "0")
    with started(tmp_path, "serve", *options) as gateway:
        assert get(gateway.address(), "/healthz")[0] == 200
        assert gateway.stop() == 0
    assert not (tmp_path / "config.yaml").exists()


def test_the_configuration_of_the_home_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "home/.config/dragoman").mkdir(parents=True)
    written(tmp_path).rename(tmp_path / "home/.config/dragoman/config.yaml")
    with started(tmp_path) as gateway:
        assert get(gateway.address(), "/v1/models")[0] == 200
        assert gateway.stop() == 0


def test_a_taken_port_is_an_error_that_names_the_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        written(tmp_path, port=port)
        with started(tmp_path, "serve") as gateway:
            assert gateway.ended() == 1
            assert f"port {port} is taken; choose another with --port" in gateway.output
            assert "Traceback" not in gateway.output


def test_an_address_that_is_not_ours_names_the_option(tmp_path: Path) -> None:
    written(tmp_path)
    with started(tmp_path, "serve", "--host", "192.0.2.77") as gateway:
        assert gateway.ended() == 1
        assert "choose another with --host" in gateway.output


@pytest.mark.parametrize(
    ("text", "words"),
    [("port: nine\n", "port"), ("port: [\n", "line"), ("upstreams: 7\n", "upstreams")],
)
def test_a_wrong_configuration_ends_with_1_and_says_where(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with started(tmp_path, "serve") as gateway:
        assert gateway.ended() == 1
        assert words in gateway.output
        assert "config.yaml" in gateway.output
        assert "Traceback" not in gateway.output


def test_a_missing_configuration_that_was_named_is_an_error(tmp_path: Path) -> None:
    with started(tmp_path, "serve", "--config", "absent.yaml") as gateway:
        assert gateway.ended() == 1
        assert "absent.yaml" in gateway.output
        assert "Traceback" not in gateway.output


def test_a_data_dir_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    written(tmp_path, data_dir="file/below")
    with started(tmp_path, "serve") as gateway:
        assert gateway.ended() == 1
        assert "data-dir" in gateway.output
        assert "file/below" in gateway.output
        assert "Traceback" not in gateway.output


def test_a_damaged_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/dragoman.db").write_bytes(b"no database" * 99)
    with started(tmp_path, "serve") as gateway:
        assert gateway.ended() == 1
        assert "dragoman.db cannot be used" in gateway.output
        assert "move it away" in gateway.output
        assert "Traceback" not in gateway.output


STREAM = json.dumps(
    {
        "model": "slow",
        "stream": True,
        "messages": [{"role": "user", "content": "one two three four five six"}],
    }
)
SLOW = [
    {
        "name": "echo",
        "protocol": "echo",
        "words-per-second": 8,
        "models": [{"name": "echo", "alias": "slow"}],
    }
]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_stream_in_flight_come_to_its_end(tmp_path: Path, number: int) -> None:
    written(tmp_path, upstreams=SLOW)
    with started(tmp_path, "serve") as gateway:
        address = gateway.address()
        connection = http.client.HTTPConnection(address, timeout=20)
        with contextlib.closing(connection):
            connection.request("POST", "/v1/chat/completions", STREAM, KEY)
            answer = connection.getresponse()
            first = answer.read1()
            gateway.process.send_signal(number)
            whole = first + answer.read()
        assert whole.endswith(b"data: [DONE]\n\n")
        assert b"six" in whole
        assert gateway.ended() == 0
        assert "Traceback" not in gateway.output
        assert "status=200" in gateway.output


def test_what_was_kept_survives_a_stop_that_follows_at_once(tmp_path: Path) -> None:
    written(tmp_path)
    with started(tmp_path, "serve") as gateway:
        address = gateway.address()
        connection = http.client.HTTPConnection(address, timeout=20)
        with contextlib.closing(connection):
            body = json.dumps({"model": "echo", "input": "keep me"})
            connection.request("POST", "/v1/responses", body, KEY)
            kept = json.loads(connection.getresponse().read())
        assert gateway.stop() == 0
    with started(tmp_path, "serve") as again:
        status, body_ = get(again.address(), f"/v1/responses/{kept['id']}")
        assert (status, json.loads(body_)) == (200, kept)
        assert again.stop() == 0


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


def test_the_gateway_serves_https(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    written(tmp_path, tls={"enable": True, "cert": str(cert), "key": str(key)})
    with started(tmp_path, "serve") as gateway:
        address = gateway.address()
        assert "https://" in gateway.output
        context = ssl.create_default_context(cafile=str(cert))
        connection = http.client.HTTPSConnection(address, timeout=10, context=context)
        with contextlib.closing(connection):
            connection.request("GET", "/v1/models", headers=KEY)
            assert connection.getresponse().status == 200
        assert gateway.stop() == 0


def test_a_certificate_without_its_key_is_told(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    _, key = certificate(other)
    written(tmp_path, tls={"enable": True, "cert": str(cert), "key": str(key)})
    with started(tmp_path, "serve") as gateway:
        assert gateway.ended() == 1
        assert f"tls: {cert} and {key} are no certificate with its key" in gateway.output
        assert "Traceback" not in gateway.output


def test_an_ipv6_address_is_shown_so_that_it_can_be_pasted(tmp_path: Path) -> None:
    written(tmp_path, host="::1")
    with started(tmp_path, "serve") as gateway:
        address = gateway.address()
        assert address.startswith("[::1]:")
        assert get(address, "/healthz")[0] == 200
        assert gateway.stop() == 0


def test_the_installed_program_is_the_same(tmp_path: Path) -> None:
    written(tmp_path)
    program = str(Path(sys.executable).with_name("dragoman"))
    with started(tmp_path, program=[program]) as gateway:
        assert get(gateway.address(), "/healthz")[0] == 200
        assert gateway.stop() == 0


def test_help_is_quick_and_names_the_options(tmp_path: Path) -> None:
    with started(tmp_path, "--help") as gateway:
        assert gateway.ended() == 0
        print(f"help after {time.monotonic() - gateway.started:.2f} s")  # noqa: T201
        for option in ("--config", "--host", "--port", "serve", "config"):
            assert option in gateway.output
    with started(tmp_path, "--version") as gateway:
        assert gateway.ended() == 0
        assert gateway.output.startswith("dragoman ")
    assert not (tmp_path / "config.yaml").exists()


@pytest.mark.parametrize(("every_s", "kept"), [(0, 0), (7.2, 1)])
def test_clients_connections_are_kept_alive_below_http(every_s: float, kept: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        keep_alive(listener, every_s)
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as one:
            assert one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == kept
            if kept:
                assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 8
