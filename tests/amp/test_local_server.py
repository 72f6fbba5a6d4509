"""The local control plane behind the gateway's checks: who may ask, and what bodies it takes."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.amp.threads import ONE, thread
from tests.server.running import KEY, OTHER_KEY, Answered, app_of, asked

from dragoman.server.app import App
from dragoman.storage.database import open_database
from dragoman.storage.state import State

FAR = "192.0.2.7"


@contextlib.asynccontextmanager
async def gateway(folder: Path, **settings: Any) -> AsyncIterator[App]:
    state = State(await open_database(folder))
    await state.open()
    try:
        yield app_of(state=state, **settings)
    finally:
        await state.close()


async def call(app: App, method: str, params: dict[str, Any], **how: Any) -> Answered:
    body = json.dumps({"method": method, "params": params}).encode()
    return await asked(app, "POST", f"/api/internal?{method}", body, **how)


async def test_a_packed_upload_is_kept_and_belongs_to_its_key(tmp_path: Path) -> None:
    async with gateway(tmp_path) as app:
        body = json.dumps({"method": "uploadThread", "params": {"thread": thread()}}).encode()
        packed = {"content-encoding": "gzip"}
        path = "/api/internal?uploadThread"
        told = await asked(app, "POST", path, gzip.compress(body), headers=packed)
        assert (told.status, told.json) == (200, {"ok": True, "result": {}})
        mine = await call(app, "getThread", {"thread": ONE})
        assert mine.json["result"]["thread"]["data"]["messages"] == thread()["messages"]
        other = await call(app, "getThread", {"thread": ONE}, key=OTHER_KEY)
        assert other.json["error"]["code"] == "thread-not-found"
        form = f"key={KEY}".encode()
        page = await asked(app, "POST", f"/threads/{ONE}", form, key="")
        assert "Find the race condition" in page.body.decode()
        assert (await asked(app, "GET", f"/threads/{ONE}")).body == page.body


async def test_a_broken_or_oversize_upload_is_told_in_amps_shape(tmp_path: Path) -> None:
    async with gateway(tmp_path, max_body_mb=1) as app:
        packed = {"content-encoding": "gzip"}
        path = "/api/internal?uploadThread"
        cut = gzip.compress(b"{}" * 100)[:-9]
        bomb = gzip.compress(b" " * 2**21)
        for body, headers, status in (
            (cut, packed, 400),
            (b"\x1f\x8bnot gzip", packed, 400),
            (bomb, packed, 413),
            (b" " * 2**21, {}, 413),
        ):
            told = await asked(app, "POST", path, body, headers=headers)
            assert told.status == status
            assert list(told.json) == ["error"]


@pytest.mark.parametrize("path", ["/api/internal?getUserInfo", "/api/user", "/news.rss"])
async def test_a_call_needs_a_key(path: str, tmp_path: Path) -> None:
    async with gateway(tmp_path) as app:
        for key in ("", "sk-unknown"):
            told = await asked(app, "POST" if "internal" in path else "GET", path, b"{}", key=key)
            assert (told.status, list(told.json)) == (401, ["error"])


async def test_only_this_machine_is_answered_unless_the_rule_is_off(tmp_path: Path) -> None:
    async with gateway(tmp_path) as app:
        spoofed = {"x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", "forwarded": "for=::1"}
        far = await call(app, "getUserInfo", {}, peer=FAR, headers=spoofed)
        assert far.status == 403
        assert far.json == {"error": "Access denied: management routes restricted to localhost"}
        page = await asked(app, "GET", "/auth/cli-login?authToken=x", key="", peer=FAR)
        assert page.status == 403
        assert (await call(app, "getUserInfo", {}, peer="::1")).status == 200
    open_ = {"restrict-management-to-localhost": False}
    async with gateway(tmp_path, ampcode=open_) as app:
        assert (await call(app, "getUserInfo", {}, peer=FAR)).status == 200
        assert (await call(app, "getUserInfo", {}, peer=FAR, key="")).status == 401


async def test_who_is_turned_away_is_told_in_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The CLI says of a 403 that its token has expired; only the log tells why."""
    async with gateway(tmp_path, log_format="json") as app:
        await call(app, "getUserInfo", {}, peer=FAR)
        await call(app, "getUserInfo", {}, key="sk-unknown")
        await call(app, "getUserInfo", {})
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    told = [(line["status"], line["path"], line.get("error", "")[:30]) for line in lines]
    assert told == [
        (403, "/api/internal", "Access denied: management rout"),
        (401, "/api/internal", "unknown API key; send one of t"),
        (200, "/api/internal", ""),
    ]


async def test_a_page_of_another_origin_is_refused(tmp_path: Path) -> None:
    async with gateway(tmp_path) as app:
        form = f"key={KEY}".encode()
        login = "/auth/cli-login?authToken=x&callbackPort=35789"
        foreign = {"origin": "https://evil.example"}
        told = await asked(app, "POST", login, form, key="", headers=foreign)
        assert told.status == 403
        own = {"origin": "http://localhost:8317"}
        assert (await asked(app, "POST", login, form, key="", headers=own)).status == 303


async def test_without_any_client_key_this_machine_alone_reads_threads(tmp_path: Path) -> None:
    open_ = {"restrict-management-to-localhost": False}
    async with gateway(tmp_path, api_keys=[], ampcode=open_) as app:
        await call(app, "uploadThread", {"thread": thread()}, key="")
        page = await asked(app, "POST", f"/threads/{ONE}", b"key=any", key="")
        assert "Find the race condition" in page.body.decode()
        far = await asked(app, "POST", f"/threads/{ONE}", b"key=any", key="", peer=FAR)
        assert far.status == 403
        assert (await call(app, "listThreads", {}, key="", peer=FAR)).status == 401


@pytest.mark.parametrize(
    ("settings", "local"),
    [
        ({}, True),
        ({"upstream-api-key": "sgamp"}, True),
        ({"upstream-url": "http://127.0.0.1:9"}, False),
        ({"upstream-url": "http://127.0.0.1:9", "control-plane": "local"}, True),
        ({"control-plane": "upstream"}, False),
    ],
)
async def test_who_answers_is_fixed_by_the_configuration(
    settings: dict[str, Any], local: bool, tmp_path: Path
) -> None:
    async with gateway(tmp_path, ampcode=settings) as app:
        told = await call(app, "getUserInfo", {})
        assert (told.status == 200) == local
        if not local:
            assert told.status == (502 if "upstream-url" in settings else 503)
