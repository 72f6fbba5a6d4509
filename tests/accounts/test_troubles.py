"""What goes wrong with logins, and what is told of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from tests.accounts.full_disk import LARGE, no_more_disk
from tests.accounts.opened import OURS, token, until, world
from tests.idp import providers
from tests.idp.tokens import jwt, service_account

from dragoman.accounts import renewing
from dragoman.accounts.client_files import CLIENT_FILES, Unusable, login_in
from dragoman.accounts.locks import Locks
from dragoman.accounts.options import options_of
from dragoman.accounts.records import Account, Status
from dragoman.accounts.sealing import Seal, Sealed, key_from, new_key
from dragoman.accounts.service import Accounts
from dragoman.config.secrets import Secret
from dragoman.config.settings import Settings
from dragoman.errors import UpstreamFault


def only(accounts: Accounts) -> Account:
    (account,) = accounts.all()
    return account


async def test_a_lock_that_is_never_let_go_of_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewing, "PATIENCE_S", 0.1)
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        async with here.accounts() as accounts, Locks(here.folder).held(id_, 1):
            here.clock.move(9 * 3600)
            with pytest.raises(UpstreamFault, match="another process has been renewing it"):
                await token(accounts, id_)
            assert here.idp.count("claude", "token") == 0


async def test_a_token_that_has_run_out_already_is_not_asked_for_on_and_on(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("kimi", **OURS)
        over = {"access_token": jwt(exp=int(here.clock() - 60)), "refresh_token": "r"}
        here.idp.fail_next("kimi", "token", 200, over)
        async with here.accounts() as accounts:
            here.clock.move(3601)
            for _ in range(5):
                with pytest.raises(UpstreamFault, match="has run out already"):
                    await token(accounts, id_)
            assert here.idp.count("kimi", "token") == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"access_token": ""}, "the provider's answer holds no access token"),
        (b"<html>", "holds no access token"),
        ({"error": "x" * 5000}, "answered 200: xxxx"),
    ],
)
async def test_an_answer_that_is_none_is_told_in_short(
    tmp_path: Path, body: Any, words: str
) -> None:
    async with world(tmp_path) as here:
        here.logged_in("kimi", **OURS)
        here.idp.fail_next("kimi", "token", 200, body)
        async with here.accounts() as accounts:
            here.clock.move(3400)
            await accounts.refresh_due()
            message = only(accounts).message
            assert words in message
            assert len(message) < 300


async def test_a_provider_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.logged_in("kimi", **OURS)
        table = providers("http://127.0.0.1:9")
        async with here.accounts(providers=table) as accounts:
            here.clock.move(3400)
            await accounts.refresh_due()
            assert only(accounts).status is Status.READY
            assert "no connection to 127.0.0.1:9" in only(accounts).message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"private_key": "no PEM"}, "no RSA key in PEM form"),
        ({"client_email": None}, "no client_email or private_key"),
    ],
)
async def test_a_service_account_that_cannot_sign_is_dead_until_it_is_another(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    async with world(tmp_path) as here:
        bad = {"type": "vertex", "service_account": {**service_account(), **change}}
        here.put("vertex-p.json", bad)
        async with here.accounts() as accounts:
            with pytest.raises(UpstreamFault, match="ended by its provider"):
                await token(accounts, "vertex-p.json")
            assert words in only(accounts).message
            good = {**service_account(), "private_key": service_account()["private_key"] + "\n\n"}
            good["private_key"] += "# another\n"
            here.put("vertex-p.json", {"type": "vertex", "service_account": good})
            await accounts.look()
            if "private_key" in change:
                assert here.idp.valid("vertex", await token(accounts, "vertex-p.json"))


async def test_a_google_login_without_a_known_secret_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    async with world(tmp_path) as here:
        here.logged_in("antigravity", **OURS)
        table = {
            name: msgspec.structs.replace(one, secret=Secret(""))
            for name, one in providers(here.idp.url).items()
        }
        async with here.accounts(providers=table) as accounts:
            here.clock.move(3400)
            await accounts.refresh_due()
            assert "oauth-clients.antigravity.client-secret" in only(accounts).message
            assert here.idp.count("antigravity", "token") == 0


async def test_a_google_file_s_own_client_is_used(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("gemini", **OURS)
        content = here.file(id_)
        known = here.options().providers["gemini"].client_id
        content["token"] |= {"client_id": known, "client_secret": "of-the-file"}
        here.put(id_, content)
        async with here.accounts() as accounts:
            here.clock.move(3400)
            await accounts.refresh_due()
            assert here.idp.asked[-1].form["client_secret"] == "of-the-file"


async def test_a_webhook_that_fails_is_logged_and_nothing_else(tmp_path: Path) -> None:
    for address in ("http://127.0.0.1:9/hook", "{idp}/nowhere/at-all"):
        async with world(tmp_path / address[-4:]) as here:
            here.logged_in("kimi", **OURS)
            here.idp.used |= set(here.idp.refresh)
            hook = address.format(idp=here.idp.url)
            with capture_logs() as logs:
                async with here.accounts(webhook=hook) as accounts:
                    here.clock.move(4000)
                    await until(lambda: any("account-webhook" in one["event"] for one in logs))
                    assert only(accounts).status is Status.DEAD


async def test_a_login_made_anew_goes_before_a_token_that_waits_to_be_written(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", note="x" * LARGE, **OURS)
        async with here.accounts() as accounts:
            here.clock.move(9 * 3600)
            with no_more_disk():
                await token(accounts, id_)
                here.logged_in("claude", **OURS)
                await until(lambda: only(accounts).note == "")
            assert await token(accounts, id_) == here.file(id_)["access_token"]
            assert only(accounts).message == ""


async def test_a_key_that_is_none_seals_nothing_and_loses_nothing(tmp_path: Path) -> None:
    settings = Settings.model_validate({"auth-dir": str(tmp_path / "auth")})
    options = options_of(settings, {"DRAGOMAN_AUTH_KEY": "short"})
    assert "DRAGOMAN_AUTH_KEY is no key" in options.seal.barred
    async with world(tmp_path) as here:
        id_ = here.logged_in("claude", **OURS)
        before = (here.folder / id_).read_bytes()
        async with here.accounts(seal=options.seal) as accounts:
            here.clock.move(5 * 3600)
            await accounts.refresh_due()
            assert here.idp.count("claude", "token") == 0
            assert await token(accounts, id_)
            assert "DRAGOMAN_AUTH_KEY is no key" in only(accounts).message
            assert (here.folder / id_).read_bytes() == before


def test_a_key_comes_from_the_environment_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    key = new_key()
    assert key_from({"DRAGOMAN_AUTH_KEY": key}, keyring=True) == key
    assert key_from({}, keyring=False) == ""
    assert Seal(key).opened({"type": "kimi"}) == {"type": "kimi"}
    with pytest.raises(Sealed, match="pip install keyring"):
        key_from({}, keyring=True)


def test_a_keyring_keeps_the_key_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the package, which needs a desktop: what it offers is two functions."""
    kept: dict[tuple[str, str], str] = {}
    ring, errors = ModuleType("keyring"), ModuleType("keyring.errors")

    class KeyringError(Exception):
        pass

    def set_password(service: str, user: str, key: str) -> None:
        kept[service, user] = key

    def locked(service: str, user: str) -> str:
        raise KeyringError("it is locked")

    vars(errors)["KeyringError"] = KeyringError
    vars(ring)["get_password"] = lambda service, user: kept.get((service, user))
    vars(ring)["set_password"] = set_password
    monkeypatch.setitem(sys.modules, "keyring", ring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    key = key_from({}, keyring=True)
    assert key_from({}, keyring=True) == key
    assert kept == {("dragoman", "auth-dir"): key}
    vars(ring)["get_password"] = locked
    with pytest.raises(Sealed, match="keyring cannot be used: it is locked"):
        key_from({}, keyring=True)


async def test_a_login_that_cannot_be_used_is_told_of_at_the_start(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.logged_in("claude", lasts_s=-1)
        with capture_logs() as logs:
            async with here.accounts():
                pass
        (told,) = [one for one in logs if one["event"] == "a login cannot be used"]
        assert (told["status"], told["log_level"]) == ("expired", "warning")
        assert "or adopt it" in told["reason"]


def test_the_files_of_the_official_programs_are_read(tmp_path: Path) -> None:
    contents: dict[str, Any] = {
        "Claude Code": {"claudeAiOauth": {"accessToken": "a", "refreshToken": "r"}},
        "Codex": {
            "tokens": {
                "access_token": "a",
                "refresh_token": "r",
                "id_token": jwt(**{"https://api.openai.com/auth": {"chatgpt_account_id": "acc"}}),
            }
        },
        "Gemini CLI": {"access_token": "a", "refresh_token": "r", "expiry_date": 4102444800000},
        "Qwen Code": {"access_token": "a", "refresh_token": "r", "resource_url": "portal.qwen.ai"},
    }
    read = {}
    for known in CLIENT_FILES:
        path = known.place(tmp_path, {})
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(contents[known.program]))
        read[known.provider] = login_in(known, path)
        for text in ("{}", "[", '{"tokens":{}}'):
            path.write_text(text)
            with pytest.raises(Unusable, match=f"holds no login of {known.program}"):
                login_in(known, path)
    assert read["codex"]["account_id"] == "acc"
    assert read["gemini"]["token"] == {
        "access_token": "a",
        "refresh_token": "r",
        "expiry": "2100-01-01T00:00:00Z",
    }
    assert read["qwen"]["resource_url"] == "portal.qwen.ai"
    moved = CLIENT_FILES[1].place(tmp_path, {"CODEX_HOME": "/elsewhere"})
    assert moved == Path("/elsewhere/auth.json")
