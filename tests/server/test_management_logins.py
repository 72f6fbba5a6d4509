"""The management API's routes of logins, as a panel uses them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest
from tests.accounts.opened import until
from tests.fakes import serve
from tests.idp import Clock, Idp, configured
from tests.idp.tokens import service_account
from tests.ports import claimed_port
from tests.server.running import Answered, app_of, asked

from dragoman.accounts.records import Window
from dragoman.server.app import App
from dragoman.storage.state import State

KEY = "letmein"


class World:
    def __init__(self, app: App, idp: Idp, folder: Path) -> None:
        self.app = app
        self.idp = idp
        self.folder = folder
        self.gateway = app.gateway

    async def ask(
        self, method: str, path: str, body: Any = b"", *, key: str = KEY, **headers: str
    ) -> Answered:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await asked(self.app, method, "/v0/management/" + path, data, headers=given, key=key)

    def file(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    async def standing(self, state: str) -> Any:
        return (await self.ask("GET", f"get-auth-status?state={state}")).json


@contextlib.asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    idp = Idp(Clock())
    async with serve(idp) as url:
        idp.url = url
        auth = folder / "auth"
        app = app_of(
            state=State(),
            auth_dir=str(auth),
            oauth_clients=configured(url),
            remote_management={"secret-key": KEY},
        )
        app.gateway.logins.now = idp.clock
        await app.gateway.open()
        try:
            yield World(app, idp, auth)
        finally:
            await app.gateway.close()


def form(*parts: tuple[str, str, bytes]) -> tuple[bytes, str]:
    out = b""
    for field, name, data in parts:
        file = f'; filename="{name}"' if name else ""
        out += f'--cut\r\nContent-Disposition: form-data; name="{field}"{file}\r\n\r\n'.encode()
        out += data + b"\r\n"
    return out + b"--cut--\r\n", "multipart/form-data; boundary=cut"


async def test_a_login_begun_here_ends_as_an_account(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        begun = (await one.ask("GET", "anthropic-auth-url")).json
        assert begun["status"] == "ok"
        assert await one.standing(begun["state"]) == {"status": "wait"}
        back = await one.idp.at_the_browser(begun["url"])
        told = await one.ask(
            "POST", "oauth-callback", {"provider": "anthropic", "redirect_url": back}, key=""
        )
        assert (told.status, told.json) == (200, {"status": "ok"})
        assert await one.standing(begun["state"]) == {"status": "ok"}
        assert one.file("claude-ann@example.com.json")["type"] == "claude"
        assert [account.label for account in one.gateway.accounts.all()] == ["ann@example.com"]
        again = await one.ask("GET", "oauth-callback?" + urlsplit(back).query, key="")
        assert again.json == {"status": "ok"}  # the code is not used twice
        assert one.idp.count("claude", "token") == 1


@pytest.mark.parametrize(
    ("route", "path", "file"),
    [
        ("codex-auth-url", "/codex/callback", "codex-8863312f-ann@example.com-plus.json"),
        ("antigravity-auth-url", "/antigravity/callback", "antigravity-ann@example.com.json"),
        ("gemini-cli-auth-url?project_id=p1", "/google/callback", "ann@example.com-p1.json"),
        ("anthropic-auth-url", "/anthropic/callback", "claude-ann@example.com.json"),
    ],
)
async def test_the_page_may_come_back_to_the_gateway_itself(
    tmp_path: Path, route: str, path: str, file: str
) -> None:
    async with world(tmp_path) as one:
        begun = (await one.ask("GET", route)).json
        back = urlsplit(await one.idp.at_the_browser(begun["url"]))
        page = await asked(one.app, "GET", f"{path}?{back.query}", key="")
        assert page.status == 200
        assert b"closes itself" in page.body
        assert (one.folder / file).exists()
        page = await asked(one.app, "GET", f"{path}?code=x&state=<b>", key="")
        assert page.status == 400
        assert b"no login waits for this answer" in page.body


async def test_with_a_web_ui_the_provider_s_own_port_is_listened_on(tmp_path: Path) -> None:
    port = claimed_port()
    async with world(tmp_path) as one:
        accounts = one.gateway.accounts
        moved = msgspec.structs.replace(accounts.provider("claude"), port=port)
        accounts.options = msgspec.structs.replace(
            accounts.options, providers={**accounts.options.providers, "claude": moved}
        )
        first = (await one.ask("GET", "anthropic-auth-url?is_webui=1")).json
        begun = (await one.ask("GET", "anthropic-auth-url?is_webui=1")).json
        assert (await one.standing(first["state"]))["status"] == "error"  # it has made room
        redirect = f"http://localhost:{port}/callback"
        one.idp.redirects["claude"] = redirect
        back = await one.idp.at_the_browser(begun["url"])
        async with httpx2.AsyncClient() as client:
            page = await client.get(back.replace("localhost", "127.0.0.1"))
        assert page.status_code == 200
        for _ in range(2000):
            if (await one.standing(begun["state"]))["status"] == "ok":
                break
            await asyncio.sleep(0.01)
        assert (one.folder / "claude-ann@example.com.json").exists()


@pytest.mark.parametrize("name", ["qwen", "kimi", "xai", "copilot"])
async def test_a_code_is_shown_and_waited_for(tmp_path: Path, name: str) -> None:
    async with world(tmp_path) as one:
        one.idp.interval = 1
        begun = (await one.ask("GET", f"{name}-auth-url")).json
        assert (begun["flow"], begun["user_code"], begun["expires_in"]) == (
            "device",
            "CODE-0",
            900,
        )
        assert await one.standing(begun["state"]) == {"status": "wait"}
        one.idp.approve("CODE-0")
        await until(lambda: len(one.gateway.accounts.of(name)) == 1)
        assert await one.standing(begun["state"]) == {"status": "ok"}


async def test_a_denied_page_and_a_session_s_end(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        begun = (await one.ask("GET", "codex-auth-url")).json
        back = await one.idp.at_the_browser(begun["url"], account="")
        told = await one.ask("POST", "oauth-callback", {"redirect_url": back}, key="")
        assert told.status == 400
        assert "said no" in told.json["error"]
        assert (await one.standing(begun["state"]))["status"] == "error"
        assert (await one.ask("DELETE", f"oauth-session?state={begun['state']}")).status == 200
        assert (await one.ask("DELETE", f"oauth-session?state={begun['state']}")).status == 404
        late = (await one.ask("GET", "codex-auth-url")).json
        one.idp.clock.move(1801)
        back = await one.idp.at_the_browser(late["url"])
        told = await one.ask("POST", "oauth-callback", {"redirect_url": back}, key="")
        assert "begin it again" in told.json["error"]
        assert await one.standing(late["state"]) == {
            "status": "error",
            "error": "unknown or expired state",
        }
        for body in (b"", b"[]", b"x" * 20_000):
            assert (await one.ask("POST", "oauth-callback", body, key="")).status in (400, 413)


async def test_where_there_is_no_management_nothing_can_come_back(tmp_path: Path) -> None:
    app = app_of(auth_dir=str(tmp_path))
    told = await asked(app, "GET", "/v0/management/oauth-callback?state=x&code=y", key="")
    assert (told.status, told.json) == (404, {"error": "not found"})


async def test_a_missing_secret_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRAGOMAN_ANTIGRAVITY_CLIENT_SECRET", raising=False)
    app = app_of(auth_dir=str(tmp_path), remote_management={"secret-key": KEY})
    told = await asked(app, "GET", "/v0/management/antigravity-auth-url", key=KEY)
    assert told.status == 400
    assert "oauth-clients.antigravity.client-secret" in told.json["message"]


async def test_files_are_uploaded_as_they_are_and_listed_without_their_tokens(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as one:
        content = b'{"type":"claude", "access_token":"sk-secret-token", "email":"ann@example.com"}'
        body, kind = form(("file", "claude-ann.json", content), ("file", "bad.json", b"{"))
        told = await one.ask("POST", "auth-files", body, content_type=kind)
        assert told.status == 207
        assert told.json["files"] == ["claude-ann.json"]
        assert [one["name"] for one in told.json["failed"]] == ["bad.json"]
        assert (one.folder / "claude-ann.json").read_bytes() == content
        assert (one.folder / "claude-ann.json").stat().st_mode & 0o777 == 0o600
        told = await one.ask("POST", "auth-files?name=team/qwen-a.json", b'{"type":"qwen"}')
        assert (told.status, told.json["uploaded"]) == (200, 1)
        one.gateway.accounts.note_quota("claude-ann.json", [Window("5h", 0.5, 1.8e9)])
        answer = await one.ask("GET", "auth-files")
        assert b"sk-secret" not in answer.body
        first = answer.json["files"][0]
        expected = {
            "id": "claude-ann.json",
            "name": "claude-ann.json",
            "provider": "claude",
            "status": "active",
            "state": "ready",
            "owner": "other",
            "email": "ann@example.com",
            "account_type": "oauth",
            "disabled": False,
            "unavailable": False,
            "source": "file",
            "size": len(content),
            "path": str(one.folder / "claude-ann.json"),
        }
        assert {name: first[name] for name in expected} == expected
        assert first["quota"]["windows"] == [
            {"name": "5h", "used": 0.5, "resets_at": "2027-01-15T08:00:00Z"}
        ]
        assert len(first["auth_index"]) == 16
        one_only = await one.ask("GET", f"auth-files?auth_index={first['auth_index']}")
        assert [file["id"] for file in one_only.json["files"]] == ["claude-ann.json"]
        one_only = await one.ask("GET", "auth-files?name=team/qwen-a.json")
        assert one_only.json["files"][0]["status"] == "error"
        download = await one.ask("GET", "auth-files/download?name=claude-ann.json")
        assert download.body == content
        assert download.headers["content-disposition"] == 'attachment; filename="claude-ann.json"'


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "auth-files", b"", 400),
        ("POST", "auth-files?name=../x.json", b"{}", 400),
        ("POST", "auth-files?name=x.txt", b"{}", 400),
        ("POST", "auth-files?name=x.json", b"[]", 400),
        ("GET", "auth-files/download?name=../../etc/passwd", b"", 400),
        ("GET", "auth-files/download?name=absent.json", b"", 404),
        ("GET", "auth-files/models?name=absent.json", b"", 404),
        ("DELETE", "auth-files?name=absent.json", b"", 404),
        ("DELETE", "auth-files", b"", 400),
        ("DELETE", "auth-files", b'{"names":[1]}', 400),
        ("PATCH", "auth-files/status", b'{"name":"absent.json","disabled":true}', 404),
        ("PATCH", "auth-files/status", b'{"name":"kept.json"}', 400),
        ("PATCH", "auth-files/fields", b'{"name":"kept.json"}', 400),
        ("PATCH", "auth-files/fields", b'{"name":"kept.json","type.x":1}', 400),
        ("PATCH", "auth-files/fields", b"[]", 400),
        ("POST", "vertex/import", b"", 400),
    ],
)
async def test_what_cannot_be_done_is_refused(
    tmp_path: Path, method: str, path: str, body: bytes, status: int
) -> None:
    async with world(tmp_path) as one:
        one.folder.mkdir()
        (one.folder / "kept.json").write_text('{"type":"kimi"}')
        answer = await one.ask(method, path, body)
        assert answer.status == status, answer.body
        assert answer.json["error"]
        assert (one.folder / "kept.json").read_text() == '{"type":"kimi"}'


async def test_files_are_switched_changed_and_deleted(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        one.folder.mkdir()
        for name in ("a.json", "b.json", "c.json"):
            (one.folder / name).write_text('{"type":"kimi","access_token":"t","odd":1.50}')
        told = await one.ask("PATCH", "auth-files/status", {"name": "a.json", "disabled": True})
        assert told.json == {"status": "ok", "disabled": True}
        account = one.gateway.accounts.get("a.json")
        assert account is not None
        assert account.disabled
        changes = {"name": "a.json", "prefix": "team", "headers.x-team": "a", "odd": None}
        assert (await one.ask("PATCH", "auth-files/fields", changes)).status == 200
        written = one.file("a.json")
        assert (written["prefix"], written["headers"]) == ("team", {"x-team": "a"})
        assert "odd" not in written
        assert "managed_by" not in written
        assert (await one.ask("DELETE", "auth-files?name=a.json")).json["deleted"] == 1
        assert (await one.ask("DELETE", "auth-files", {"names": ["b.json"]})).json["deleted"] == 1
        assert [account.id for account in one.gateway.accounts.all()] == ["c.json"]
        assert (await one.ask("DELETE", "auth-files?all=true")).json["deleted"] == 1
        assert (await one.ask("GET", "auth-files")).json == {"files": []}


async def test_a_service_account_is_imported(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        key = json.dumps(service_account()).encode()
        body, kind = form(("file", "key.json", key), ("location", "", b"global"))
        told = await one.ask("POST", "vertex/import", body, content_type=kind)
        assert told.json == {
            "status": "ok",
            "auth-file": "vertex-robots.json",
            "project_id": "robots",
            "email": "robot@robots.iam.gserviceaccount.com",
            "location": "global",
        }
        (account,) = one.gateway.accounts.of("vertex")
        assert account.projects == ("robots",)
