"""Logins, from the page or the code to the auth file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
from tests.accounts.opened import World, token, world
from tests.ports import claimed_port

from dragoman.accounts.folder import AuthFolder
from dragoman.accounts.logins import browser, device
from dragoman.accounts.logins.callback import Callback
from dragoman.accounts.logins.completed import (
    AuthFile,
    Wishes,
    completed,
    service_account_file,
)
from dragoman.accounts.logins.device import Asking
from dragoman.accounts.logins.failed import ForeignAnswer, LoginFailed
from dragoman.accounts.logins.saving import save
from dragoman.accounts.providers import PROVIDERS
from dragoman.accounts.records import Owner, Status
from dragoman.accounts.sealing import Seal
from dragoman.neutral.json import decode
from dragoman.upstreams.fetch import Fetcher
from dragoman.upstreams.http import HttpClient


class Desk(NamedTuple):
    here: World
    asking: Asking

    async def by_browser(self, name: str, account: str = "ann", **wishes: str) -> AuthFile:
        provider = self.here.options().providers[name]
        pending = browser.begun(provider)
        back = await self.here.idp.at_the_browser(pending.url, account)
        code = browser.code_in(back, pending)
        asking = self.asking
        body = await browser.exchanged(pending, code, asking.fetch, asking.proxy, asking.now())
        return await completed(provider, body, Wishes(**wishes), asking)

    async def by_device(self, name: str, account: str = "ann", **wishes: str) -> AuthFile:
        code = await device.begun(self.here.options().providers[name], self.asking)
        self.here.idp.approve(code.user_code, account)
        body = await device.waited(code, self.asking)
        return await completed(
            code.provider, body, Wishes(device_id=code.device_id, **wishes), self.asking
        )


@contextlib.asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    http = HttpClient()
    async with world(folder) as here:
        yield Desk(here, Asking(Fetcher(http), None, here.clock, here.clock.sleep))
        await http.close()


BROWSER = {
    "claude": "claude-ann@example.com.json",
    "codex": "codex-8863312f-ann@example.com-plus.json",
    "gemini": "gemini-ann@example.com.json",
    "antigravity": "antigravity-ann@example.com.json",
}
DEVICE = {
    "codex": "codex-8863312f-ann@example.com-plus.json",
    "qwen": "qwen-1795924805000.json",
    "kimi": "kimi-1795924805000.json",
    "xai": "xai-ann@example.com.json",
    "copilot": "copilot-ann.json",
}


@pytest.mark.parametrize(("name", "file"), BROWSER.items())
async def test_a_login_at_a_page_becomes_an_account_that_serves(
    tmp_path: Path, name: str, file: str
) -> None:
    async with desk(tmp_path) as one:
        made = await one.by_browser(name)
        assert made.id == file
        assert made.label == "ann@example.com"
        await _serves(one, made, name)


@pytest.mark.parametrize(("name", "file"), DEVICE.items())
async def test_a_login_by_a_code_becomes_an_account_that_serves(
    tmp_path: Path, name: str, file: str
) -> None:
    async with desk(tmp_path) as one:
        made = await one.by_device(name)
        assert made.id == file
        await _serves(one, made, name)


async def _serves(one: Desk, made: AuthFile, name: str) -> None:
    here = one.here
    save(AuthFolder(here.folder), Seal(), made)
    assert (here.folder / made.id).stat().st_mode & 0o777 == 0o600
    assert here.folder.stat().st_mode & 0o777 == 0o700
    async with here.accounts() as accounts:
        account = accounts.get(made.id)
        assert account is not None
        assert (account.provider, account.owner, account.status) == (
            name,
            Owner.DRAGOMAN,
            Status.READY,
        )
        assert here.idp.valid(name, await token(accounts, made.id))
        here.clock.move(11 * 86400)
        await accounts.refresh_due()
        assert here.idp.valid(name, await token(accounts, made.id))


async def test_the_files_hold_cliproxyapi_s_fields(tmp_path: Path) -> None:
    wanted = {
        "claude": "id_token access_token refresh_token last_refresh email account_uuid "
        "organization_uuid organization_name type expired",
        "codex": "id_token access_token refresh_token account_id last_refresh email type expired",
        "antigravity": "type access_token refresh_token expires_in timestamp expired email "
        "project_id",
        "gemini": "token project_id email auto checked type",
        "kimi": "access_token refresh_token token_type scope device_id expired type timestamp",
        "xai": "type access_token refresh_token id_token token_type expires_in expired "
        "last_refresh email sub base_url token_endpoint auth_kind",
    }
    async with desk(tmp_path) as one:
        for name, fields in wanted.items():
            by = one.by_browser if name in BROWSER else one.by_device
            made = await by(name)
            assert set(fields.split()) <= set(made.fields), name
            assert all(made.fields[field] is not None for field in fields.split())


async def test_google_projects_name_the_file(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        assert (await one.by_browser("gemini", project="p1")).id == "ann@example.com-p1.json"
        several = await one.by_browser("gemini", project="p1, p2")
        assert several.id == "gemini-ann@example.com-all.json"
        assert several.fields["project_id"] == "p1,p2"


async def test_a_second_account_is_a_second_file_and_a_second_login_the_same_one(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as one:
        folder = AuthFolder(one.here.folder)
        assert save(folder, Seal(), await one.by_browser("claude", "ann")) is False
        assert save(folder, Seal(), await one.by_browser("claude", "bo")) is False
        kept: dict[str, Any] = {"prefix": "team", "mine": [1]}
        content = one.here.file("claude-ann@example.com.json")
        one.here.put("claude-ann@example.com.json", {**content, **kept})
        assert save(folder, Seal(), await one.by_browser("claude", "ann")) is True
        assert len(folder.scan()) == 2
        again = one.here.file("claude-ann@example.com.json")
        assert (again["prefix"], again["mine"]) == ("team", [1])
        assert again["access_token"] != content["access_token"]


async def test_an_answer_with_another_state_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        pending = browser.begun(one.here.options().providers["claude"])
        back = await one.here.idp.at_the_browser(pending.url, state="of-another-login")
        with pytest.raises(ForeignAnswer, match="belongs to another login"):
            browser.code_in(back, pending)
        for text in ("", "code=x", "https://example.com/", "abc#", "state="):
            with pytest.raises(LoginFailed):
                browser.code_in(text, pending)


async def test_the_code_may_come_in_each_form_people_paste(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        pending = browser.begun(one.here.options().providers["claude"])
        state = pending.state
        for text in (
            f"http://localhost:54545/callback?code=abc&state={state}",
            f"  ?state={state}&code=abc\n",
            f"abc#{state}",
            f"http://localhost:54545/callback?code=abc%23{state}",
        ):
            assert browser.code_in(text, pending) == "abc"


async def test_a_denied_login_says_so(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        pending = browser.begun(one.here.options().providers["codex"])
        back = await one.here.idp.at_the_browser(pending.url, account="")
        with pytest.raises(LoginFailed, match=r"said no; nothing was written"):
            browser.code_in(back, pending)


async def test_a_code_of_another_verifier_is_not_accepted(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        provider = one.here.options().providers["claude"]
        first, second = browser.begun(provider), browser.begun(provider)
        code = browser.code_in(await one.here.idp.at_the_browser(first.url), first)
        with pytest.raises(LoginFailed, match="wrong verifier"):
            await browser.exchanged(second, code, one.asking.fetch, None, 0)


async def test_a_denied_code_says_so(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        for name in DEVICE:
            code = await device.begun(one.here.options().providers[name], one.asking)
            one.here.idp.deny(code.user_code)
            with pytest.raises(LoginFailed, match="denied; nothing was written"):
                await device.waited(code, one.asking)


async def test_a_code_that_nobody_enters_runs_out(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.here.idp.expires_in = 60
        begun_at = one.here.clock()
        code = await device.begun(one.here.options().providers["qwen"], one.asking)
        with pytest.raises(LoginFailed, match="CODE-0 has run out; log in again"):
            await device.waited(code, one.asking)
        assert one.here.idp.count("qwen", "token") == 12
        assert one.here.clock() - begun_at == 60


async def test_slow_down_makes_each_further_question_wait_five_seconds_longer(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as one:
        one.here.idp.fail_next("kimi", "token", 400, {"error": "slow_down"}, times=2)
        begun_at = one.here.clock()
        code = await device.begun(one.here.options().providers["kimi"], one.asking)
        one.here.idp.approve(code.user_code)
        await device.waited(code, one.asking)
        assert one.here.clock() - begun_at == 5 + 10 + 15
        asked = one.here.idp.asked[-1]
        assert asked.headers["x-msh-platform"] == "dragoman"
        assert asked.headers["x-msh-device-id"] == code.device_id


async def test_a_provider_that_stumbles_is_asked_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.here.idp.fail_next("copilot", "token", 502, b"bad gateway", times=2)
        begun_at = one.here.clock()
        code = await device.begun(one.here.options().providers["copilot"], one.asking)
        one.here.idp.approve(code.user_code)
        await device.waited(code, one.asking)
        assert one.here.clock() - begun_at == 5 + 10 + 20


async def test_xai_s_tokens_go_to_xai_alone(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        for told in (
            {"token_endpoint": "https://x.ai.evil.example/token"},
            {"token_endpoint": "http://auth.x.ai/token"},
            {},
        ):
            one.here.idp.fail_next("xai", "device", 200, told)
            with pytest.raises(LoginFailed, match="not one of xAI's"):
                await device.begun(one.here.options().providers["xai"], one.asking)


@contextlib.asynccontextmanager
async def listening(one: Desk) -> AsyncIterator[tuple[browser.Pending, Callback, str]]:
    port = claimed_port()
    pending = browser.begun(one.here.options().providers["claude"])
    async with Callback(pending, port) as callback:
        yield pending, callback, f"http://127.0.0.1:{port}/callback"


async def test_the_browser_comes_back_to_this_machine(tmp_path: Path) -> None:
    async with desk(tmp_path) as one, listening(one) as (pending, callback, url):
        async with httpx2.AsyncClient() as client:
            assert (await client.get(url.replace("callback", "favicon.ico"))).status_code == 404
            foreign = await client.get(f"{url}?code=x&state=other")
            assert foreign.status_code == 400
            assert "another login" in foreign.text
            good = await client.get(f"{url}?code=abc&state={pending.state}")
            assert good.status_code == 200
            assert "You can close this page" in good.text
            script = await client.get(f"{url}?error=<script>&state={pending.state}")
            assert "<script>" not in script.text
        assert await callback.code() == "abc"


async def test_a_refusal_that_comes_back_ends_the_waiting(tmp_path: Path) -> None:
    async with desk(tmp_path) as one, listening(one) as (pending, callback, url):
        async with httpx2.AsyncClient() as client:
            await client.get(f"{url}?error=access_denied&state={pending.state}")
        with pytest.raises(LoginFailed, match="said no"):
            await callback.code()


async def test_a_browser_that_sends_garbage_does_not_end_the_waiting(tmp_path: Path) -> None:
    async with desk(tmp_path) as one, listening(one) as (pending, callback, url):
        port = int(url.split(":")[2].split("/")[0])
        for data in (b"\r\n\r\n", b"GET\r\n\r\n", b"x" * 100_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(data)
            writer.write_eof()
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
        async with httpx2.AsyncClient() as client:
            await client.get(f"{url}?code=abc&state={pending.state}")
        assert await callback.code() == "abc"


async def test_a_taken_callback_port_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as one, listening(one) as (pending, _, url):
        port = int(url.split(":")[2].split("/")[0])
        with pytest.raises(LoginFailed, match=f"port {port}, where Claude .* stop what holds it"):
            await Callback(pending, port).__aenter__()


def test_a_key_file_of_a_service_account_is_checked() -> None:
    good = decode(
        '{"type":"service_account","project_id":"p","client_email":"r@p","private_key":"k"}'
    )
    assert isinstance(good, dict)
    made = service_account_file(good, "team", "")
    assert made.id == "vertex-p.json"
    assert (made.fields["location"], made.fields["prefix"]) == ("us-central1", "team")
    with pytest.raises(LoginFailed, match="no key file of a service account"):
        service_account_file({"type": "authorized_user"}, "", "")


def test_every_provider_s_client_tells_where_it_is_from() -> None:
    for provider in PROVIDERS.values():
        if provider.client_id:
            assert provider.source, provider.name
        assert not provider.secret, provider.name
