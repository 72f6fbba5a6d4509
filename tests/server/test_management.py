"""The management API: who may use it, and what its first routes do to the file."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import bcrypt
import pytest

from dragoman.config.load import load_bytes
from dragoman.routing.candidates import candidate
from dragoman.routing.verdicts import Verdict
from dragoman.server.app import App
from dragoman.server.gateway import Gateway
from dragoman.server.management_key import BAN_S, FAILURES, MAX_ADDRESSES, ManagementKey
from dragoman.server.reload import Reload
from dragoman.storage.state import State

HASH = bcrypt.hashpw(b"letmein", bcrypt.gensalt(4)).decode()
FILE = """\
# mine
discover: false
auth-dir: auth
proxy-url: http://user:password@127.0.0.1:3128
api-keys:
  - sk-one  # Alice
upstreams:
  - {name: echo, protocol: echo}
  - name: far
    protocol: openai
    base-url: http://127.0.0.1:9/v1
    headers: {x-token: a-long-and-secret-token}
    keys: [sk-of-the-upstream-0001]
    models: [gpt-5]
"""
MANAGED = FILE + f'remote-management:\n  secret-key: "{HASH}"\n'
REMOTE = "203.0.113.7"


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class World:
    def __init__(self, folder: Path, text: str, password: str = "") -> None:
        self.file = folder / "config.yaml"
        self.file.write_text(text)
        self.now_s = 0.0
        data = self.file.read_bytes()
        settings = load_bytes(data, self.file).settings
        reload = Reload(self.file, data, settings, {})
        self.gateway = Gateway(settings, State(), b"k" * 32, reload, password)
        self.gateway.management_key = ManagementKey(password, lambda: self.now_s)
        self.app = App(self.gateway)

    async def ask(
        self,
        method: str,
        path: str,
        body: object = b"",
        *,
        key: str = "letmein",
        peer: str = "127.0.0.1",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        given = {"host": "localhost", **(headers or {})}
        if key:
            given.setdefault("x-management-key", key)
        path, _, query = path.partition("?")
        scope: dict[str, object] = {
            "type": "http",
            "method": method,
            "path": "/v0/management/" + path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": (peer, 50_000),
        }
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answered(sent[0]["status"], told, b"".join(one["body"] for one in sent[1:]))


@asynccontextmanager
async def world(text: str = MANAGED, password: str = "") -> AsyncIterator[World]:
    folder = Path(tempfile.mkdtemp())
    one = World(folder, text, password)
    await one.gateway.open()
    try:
        yield one
    finally:
        await one.gateway.close()
        shutil.rmtree(folder)


async def test_without_a_key_there_is_no_management() -> None:
    async with world(FILE) as one:
        answer = await one.ask("GET", "config")
        assert (answer.status, answer.json) == (404, {"error": "not found"})


async def test_the_key_is_shown_in_either_header() -> None:
    async with world() as one:
        assert (await one.ask("GET", "config")).status == 200
        bearer = {"authorization": "Bearer letmein"}
        assert (await one.ask("GET", "config", key="", headers=bearer)).status == 200
        missing = await one.ask("GET", "config", key="")
        assert (missing.status, missing.json) == (401, {"error": "missing management key"})
        wrong = await one.ask("GET", "config", key="nope")
        assert (wrong.status, wrong.json) == (401, {"error": "invalid management key"})
        assert (await one.ask("GET", "config", key="x" * 100)).status == 401
        assert (await one.ask("GET", "nothing")).status == 404
        assert (await one.ask("PUT", "auth-files")).status == 404


async def test_a_client_key_is_no_management_key() -> None:
    async with world() as one:
        assert (await one.ask("GET", "config", key="sk-one")).status == 401


async def test_other_machines_need_allow_remote_or_the_password() -> None:
    async with world() as one:
        refused = await one.ask("GET", "config", peer=REMOTE)
        assert (refused.status, refused.json) == (403, {"error": "remote management disabled"})
    async with world(MANAGED + "  allow-remote: true\n") as one:
        assert (await one.ask("GET", "config", peer=REMOTE)).status == 200
    async with world(FILE, password="in the environment") as one:
        assert (await one.ask("GET", "config", key="in the environment", peer=REMOTE)).status == 200
        assert (await one.ask("GET", "config", peer=REMOTE)).status == 401


async def test_five_failures_shut_an_address_out_for_half_an_hour() -> None:
    async with world(MANAGED + "  allow-remote: true\n") as one:
        for _ in range(FAILURES):
            assert (await one.ask("GET", "config", key="nope", peer=REMOTE)).status == 401
        banned = await one.ask("GET", "config", peer=REMOTE)
        assert banned.status == 403
        assert banned.json["error"].startswith("IP banned due to too many failed attempts")
        assert banned.headers["retry-after"] == str(BAN_S)
        assert (await one.ask("GET", "config", peer="203.0.113.8")).status == 200
        one.now_s += BAN_S
        assert (await one.ask("GET", "config", peer=REMOTE)).status == 200


async def test_a_success_forgives_failures_and_this_machine_is_never_shut_out() -> None:
    async with world(MANAGED + "  allow-remote: true\n") as one:
        for _ in range(3):
            for _ in range(FAILURES - 1):
                await one.ask("GET", "config", key="nope", peer=REMOTE)
            assert (await one.ask("GET", "config", peer=REMOTE)).status == 200
        for _ in range(FAILURES + 1):
            assert (await one.ask("GET", "config", key="", peer="::1")).status == 401
        assert (await one.ask("GET", "config", peer="::1")).status == 200


async def test_addresses_of_one_ipv6_network_fail_together() -> None:
    async with world(MANAGED + "  allow-remote: true\n") as one:
        for last in range(FAILURES):
            await one.ask("GET", "config", key="", peer=f"2001:db8::{last + 1}")
        assert (await one.ask("GET", "config", peer="2001:db8::9")).status == 403
        assert (await one.ask("GET", "config", peer="2001:db8:0:1::9")).status == 200


async def test_the_table_of_failures_is_bounded() -> None:
    async with world(MANAGED + "  allow-remote: true\n") as one:
        for number in range(MAX_ADDRESSES + 10):
            peer = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
            await one.ask("GET", "config", key="", peer=peer)
        assert len(one.gateway.management_key._records) == MAX_ADDRESSES


async def test_the_configuration_is_shown_without_its_secrets() -> None:
    async with world() as one:
        answer = await one.ask("GET", "config")
        for secret in (b"sk-one", b"letmein", b"password@", b"secret-token", b"upstream-0001"):
            assert secret not in answer.body
        assert answer.json["upstreams"][1]["base-url"] == "http://127.0.0.1:9/v1"
        assert answer.json["discover"] is False


async def test_the_file_is_read_and_written_as_it_stands() -> None:
    async with world() as one:
        text = await one.ask("GET", "config.yaml")
        assert text.body.decode() == MANAGED
        assert text.headers["content-type"] == "application/yaml; charset=utf-8"
        new = MANAGED.replace("sk-one  # Alice", "sk-two  # Alice").encode()
        answer = await one.ask("PUT", "config.yaml", new)
        assert (answer.status, answer.json) == (200, {"ok": True, "changed": ["config"]})
        assert one.file.read_bytes() == new
        assert [key.reveal() for key in one.gateway.settings.api_keys] == ["sk-two"]


@pytest.mark.parametrize(
    ("text", "status", "error"),
    [
        (b"port: [", 400, "invalid_yaml"),
        (b"\xff", 400, "invalid_yaml"),
        (b"- a", 400, "invalid_yaml"),
        (b"port: many", 422, "invalid_config"),
    ],
)
async def test_a_wrong_file_is_not_written(text: bytes, status: int, error: str) -> None:
    async with world() as one:
        answer = await one.ask("PUT", "config.yaml", text)
        assert (answer.status, answer.json["error"]) == (status, error)
        assert answer.json["message"]
        assert one.file.read_text() == MANAGED


async def test_client_keys_are_changed_in_the_file_and_in_force_at_once() -> None:
    async with world() as one:

        async def keys() -> list[str]:
            assert "upstreams:\n  - {name: echo, protocol: echo}\n  - name: far\n" in (
                one.file.read_text()
            )
            assert one.file.read_text().startswith("# mine\n")
            return list((await one.ask("GET", "api-keys")).json["api-keys"])

        for method, path, body, wanted in (
            ("PATCH", "api-keys", {"old": "none", "new": "sk-two"}, ["sk-one", "sk-two"]),
            ("PATCH", "api-keys", {"old": "sk-one", "new": "sk-1"}, ["sk-1", "sk-two"]),
            ("PATCH", "api-keys", {"index": 1, "value": "sk-2"}, ["sk-1", "sk-2"]),
            ("DELETE", "api-keys?index=0", b"", ["sk-2"]),
            ("PUT", "api-keys", ["a-key", "sk-2"], ["a-key", "sk-2"]),
            ("PUT", "api-keys", {"items": ["b-key"]}, ["b-key"]),
            ("DELETE", "api-keys?value=b-key", b"", []),
            ("PUT", "api-keys", ["c-key"], ["c-key"]),
        ):
            answer = await one.ask(method, path, body)
            assert (answer.status, answer.json) == (200, {"status": "ok"}), (method, body)
            assert await keys() == wanted


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "api-keys", b"{", 400),
        ("PUT", "api-keys", {"items": "a"}, 400),
        ("PUT", "api-keys", ["a", 1], 400),
        ("PATCH", "api-keys", [], 400),
        ("PATCH", "api-keys", {"old": "a"}, 400),
        ("PATCH", "api-keys", {"index": 1, "value": "a"}, 400),
        ("PATCH", "api-keys", {"index": True, "value": "a"}, 400),
        ("PATCH", "api-keys", {"old": "sk-one", "new": " "}, 400),
        ("DELETE", "api-keys", b"", 400),
        ("DELETE", "api-keys?index=7", b"", 400),
        ("DELETE", "api-keys?value=nobody", b"", 404),
        ("POST", "reset-quota", {"auth_index": 1}, 400),
        ("POST", "reset-quota", {"auth_index": "ffff"}, 404),
    ],
)
async def test_what_makes_no_sense_changes_nothing(
    method: str, path: str, body: object, status: int
) -> None:
    async with world() as one:
        answer = await one.ask(method, path, body)
        assert answer.status == status
        assert answer.json["error"]
        assert one.file.read_text() == MANAGED


async def test_rests_are_ended_by_hand() -> None:
    async with world() as one:
        pools = one.gateway.pools
        target = one.gateway.names.hosts()["far"].targets[0]
        which = candidate(target, target.host.credentials[0])
        for body in (b"", {}, {"auth_index": "far/0"}):
            pools.cooldowns.failed(which, Verdict(stop=False, reason="quota", rest_s=600), 429, 0)
            assert pools.cooldowns.rest(which) is not None
            answer = await one.ask("POST", "reset-quota", body)
            assert answer.status == 200
            assert (answer.json["status"], answer.json["models"]) == ("ok", ["gpt-5"])
            assert pools.cooldowns.rest(which) is None


async def test_logins_are_listed_without_what_is_in_them() -> None:
    async with world() as one:
        assert (await one.ask("GET", "auth-files")).json == {"files": []}
        folder = one.file.parent / "auth"
        folder.mkdir()
        (folder / "claude-me.json").write_text('{"type": "claude", "access_token": "sk-secret"}')
        (folder / "broken.json").write_text("{")
        (folder / "other.txt").write_text("x")
        answer = await one.ask("GET", "auth-files")
        found = [(file["name"], file["type"], file["size"]) for file in answer.json["files"]]
        assert found == [("broken.json", "unknown", 1), ("claude-me.json", "claude", 47)]
        assert b"sk-secret" not in answer.body


async def test_a_plain_key_is_hashed_in_the_file_and_goes_on_working() -> None:
    text = FILE + "remote-management: # admins\n  secret-key: letmein # plain\n"
    async with world(text) as one:
        assert (await one.ask("GET", "config")).status == 200
        for _ in range(100):
            await asyncio.sleep(0.02)
            if "letmein" not in one.file.read_text():
                break
        written = one.file.read_text()
        assert written.startswith(FILE + 'remote-management: # admins\n  secret-key: "$2b$')
        assert written.endswith('" # plain\n')
        assert (await one.ask("GET", "config")).status == 200


async def test_a_key_out_of_the_environment_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MANAGEMENT", "letmein")
    text = FILE + "remote-management:\n  secret-key: ${MANAGEMENT}\n"
    async with world(text) as one:
        await asyncio.sleep(0.2)
        assert one.file.read_text() == text
        assert (await one.ask("GET", "config")).status == 200
