"""What takes part, each a process of its own in a private folder: the canned host, nginx, the
gateway. The proxies share one core, one of them at work at a time; host and load have the other."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.scenarios import MODEL

PROXY_CORE, LOAD_CORE = 0, 1
_START_LIMIT_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

_NGINX = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {upstream}
  server {{
    listen 127.0.0.1:{port};
    location / {{ {location} }}
  }}
}}
"""
_TUNED_UPSTREAM = "upstream host {{ server 127.0.0.1:{host_port}; keepalive 64; }}"
_TUNED_LOCATION = """
      proxy_pass http://host;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      client_body_buffer_size 256k;
      proxy_buffers 32 8k;
"""


class Member(NamedTuple):
    """A process that serves. `pid` is the one that does the work (nginx's worker)."""

    name: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """Processor time used so far, its own and the system's for it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_mb(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * _PAGE / 1_000_000


class Field(NamedTuple):
    """All that run. `pinned`: proxies and load have a core each."""

    host: Member
    nginx: Member
    tuned: Member
    dragoman: Member
    pinned: bool


def missing_programs() -> list[str]:
    """Debian packages to install first."""
    return [name for name in ("nginx", "wrk") if program(name) is None]


def program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


def on_core(core: int, *, pinned: bool) -> list[str]:
    """What to put before a command."""
    return ["taskset", "-c", str(core)] if pinned else []


@contextmanager
def running(folder: Path) -> Iterator[Field]:
    """Everything started; stopped in the end."""
    pinned = len(os.sched_getaffinity(0)) > 1 and shutil.which("taskset") is not None
    with ExitStack() as stack:
        host = stack.enter_context(_host(folder, pinned=pinned))
        yield Field(
            host,
            stack.enter_context(_nginx("nginx", folder, host.port, pinned=pinned)),
            stack.enter_context(_nginx("nginx tuned", folder, host.port, pinned=pinned)),
            stack.enter_context(_dragoman(folder, host.port, pinned=pinned)),
            pinned,
        )


@contextmanager
def _host(folder: Path, *, pinned: bool) -> Iterator[Member]:
    port = _free_port()
    command = [*on_core(LOAD_CORE, pinned=pinned), sys.executable, "-m", "bench.upstream"]
    with _process([*command, str(port)], folder / "host.log", port) as pid:
        yield Member("host", port, pid)


@contextmanager
def _nginx(name: str, folder: Path, host_port: int, *, pinned: bool) -> Iterator[Member]:
    port = _free_port()
    own = folder / name.replace(" ", "-")
    own.mkdir()
    tuned = name != "nginx"
    text = _NGINX.format(
        folder=own,
        port=port,
        user="user root;" if os.geteuid() == 0 else "",
        upstream=_TUNED_UPSTREAM.format(host_port=host_port) if tuned else "",
        location=_TUNED_LOCATION if tuned else f"proxy_pass http://127.0.0.1:{host_port};",
    )
    config = own / "nginx.conf"
    config.write_text(text)
    nginx = program("nginx")
    assert nginx is not None
    command = [nginx, "-p", str(own), "-e", str(own / "error.log"), "-c", str(config)]
    prefix = on_core(PROXY_CORE, pinned=pinned)
    with _process([*prefix, *command], own / "output.log", port) as pid:
        worker = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
        yield Member(name, port, int(worker))


@contextmanager
def _dragoman(folder: Path, host_port: int, *, pinned: bool) -> Iterator[Member]:
    """As users run it: a key to check, a log line for each request."""
    port = _free_port()
    host = {
        "name": "host",
        "protocol": "openai",
        "base-url": f"http://127.0.0.1:{host_port}/v1",
        "keys": ["upstream-key"],
        "models": [{"name": MODEL}],
    }
    config = folder / "config.yaml"
    text = {"data-dir": str(folder / "data"), "api-keys": ["bench-key"], "discover": False}
    config.write_text(json.dumps({**text, "upstreams": [host]}))
    config.chmod(0o600)
    command = [sys.executable, "-m", "dragoman", "serve", "--config", str(config)]
    prefix = on_core(PROXY_CORE, pinned=pinned)
    log = folder / "dragoman.log"
    with _process([*prefix, *command, "--port", str(port)], log, port, home=folder) as pid:
        yield Member("dragoman", port, pid)


@contextmanager
def _process(command: list[str], log: Path, port: int, home: Path | None = None) -> Iterator[int]:
    environment = {**os.environ, "HOME": str(home)} if home else None
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
    try:
        _wait_until_open(process, port, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_open(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{log.stem} did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
