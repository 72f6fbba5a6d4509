"""A folder of CLIProxyAPI's, copied in: used as it is, renewed once it is adopted, and with no
request lost while tokens turn."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.accounts.theirs import copied
from tests.exchange.world import World, asking, path_of, world
from tests.fakes import serve
from tests.idp import Clock, Idp, configured
from tests.idp.tokens import service_account
from tests.subscriptions.folder import PATHS, PROJECT, auth_file, put
from tests.subscriptions.hosts import CodexHost
from tests.subscriptions.test_claude import HEADERS, claude_code, claude_host
from tests.subscriptions.test_every_client_reaches_every_subscription import (
    CLAUDE_CODE,
    CLIENTS,
    MODELS,
    host_of,
)

LASTS_S = 5
LOAD_S = 7
"""Tokens are renewed at half their life, so that each account turns twice under load."""


class RealClock(Clock):
    def __call__(self) -> float:
        return time.time()


class Valid:
    """The tokens that a provider takes at this moment: those it has issued and not replaced. A slow
    machine may be late with one that is just over."""

    def __init__(self, idp: Idp, provider: str) -> None:
        self._idp = idp
        self._provider = provider

    def __contains__(self, token: object) -> bool:
        owner = self._idp.access.get(token) if isinstance(token, str) else None
        return owner is not None and owner[0] == self._provider


def hosts_of(idp: Idp) -> dict[str, Any]:
    hosts: dict[str, Any] = {name: host_of(name) for name in MODELS} | {"claude": claude_host()}
    for name, host in hosts.items():
        inner = (host.chat, host.messages) if name == "kimi" else (host,)
        for fake in inner:
            fake.tokens = Valid(idp, name)
    return hosts


@contextlib.asynccontextmanager
async def gateway(
    folder: Path, idp: Idp, hosts: dict[str, Any], **settings: object
) -> AsyncIterator[World]:
    async with contextlib.AsyncExitStack() as stack:
        clients = configured(idp.url)
        for name, host in hosts.items():
            url = await stack.enter_async_context(serve(host))
            clients[name]["base-url"] = url + PATHS.get(name, "")
        given: dict[str, Any] = {"auth_dir": str(folder), "oauth_clients": clients, **settings}
        yield await stack.enter_async_context(world(**given))


def logins(folder: Path, idp: Idp, provider: str) -> None:
    """Three accounts as CLIProxyAPI writes them."""
    for number in range(3):
        name, fields = auth_file(provider, number)
        if provider == "vertex":
            fields["service_account"] = service_account() | {"project_id": PROJECT}
            fields = {key: value for key, value in fields.items() if "token" not in key}
            put(folder / name, fields)
            continue
        access, refresh = idp.login(provider, f"user{number}")
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + LASTS_S))
        tokens: dict[str, Any] = {"access_token": access, "refresh_token": refresh}
        if provider == "gemini":
            fields["token"] = {**tokens, "expiry": ends}
        elif provider == "copilot":
            fields |= {"access_token": "", "github_token": access, "expired": ""}
        else:
            fields |= {**tokens, "expired": ends}
        put(folder / name, fields)


async def test_no_request_fails_while_the_tokens_of_all_accounts_turn(tmp_path: Path) -> None:
    idp = Idp(RealClock())
    idp.revoke_old = True
    hosts = hosts_of(idp)
    for provider in hosts:
        idp.lifetime_s[provider] = LASTS_S
    async with serve(idp) as idp.url:
        for provider in hosts:
            logins(tmp_path, idp, provider)
        settings: dict[str, Any] = {"adopt_auth_files": True, "disable_cooling": False}
        async with gateway(tmp_path, idp, hosts, **settings) as here:
            await asyncio.gather(*(_load(here, provider) for provider in hosts))
    assert [outcome.error for outcome in here.outcomes if outcome.error] == []
    assert len(here.outcomes) > 20
    for provider in hosts:
        what = "exchange" if provider == "copilot" else "token"
        assert idp.count(provider, what) >= 3, provider


async def _load(here: World, provider: str) -> None:
    """One request after the other, of all protocols, until the time is over."""
    ends, turn = time.monotonic() + LOAD_S, 0
    while time.monotonic() < ends:
        turn += 1
        stream = turn % 2 == 0
        if provider == "claude":
            body = claude_code("hi", stream=stream)
            reply = await here.post("/v1/messages?beta=true", body, **HEADERS)
        else:
            client, model = (
                CLIENTS[turn % len(CLIENTS)],
                f"{POOLS.get(provider, provider)}/{MODELS[provider]}",
            )
            path = path_of(client, model, stream=stream)
            given = asking(client, model, "hi", stream=stream)
            reply = await here.post(path, given, **CLAUDE_CODE)
        assert reply.status_code == 200, (provider, reply.text)


POOLS = {"gemini": "gemini-cli"}


async def test_a_copied_folder_serves_as_it_is_and_stays_as_it_was(tmp_path: Path) -> None:
    idp = Idp()
    async with serve(idp) as idp.url:
        before = copied(tmp_path, idp)
        left = _with_time_left(tmp_path)
        hosts: dict[str, Any] = {"codex": host_of("codex"), "qwen": host_of("qwen")}
        hosts["codex"].accounts = frozenset({"acc-ann"})
        for name, host in hosts.items():
            host.tokens = {token for token, owner in idp.access.items() if owner[0] == name}
        async with gateway(tmp_path, idp, hosts) as here:
            served = set(here.gateway.names.hosts())
            for client in CLIENTS:
                for model in (MODELS["codex"], MODELS["qwen"]):
                    path = path_of(client, model, stream=True)
                    reply = await here.post(path, asking(client, model, "hi", stream=True))
                    assert reply.status_code == 200, reply.text
        assert _contents(tmp_path) == left
    assert served >= {
        "claude",
        "codex",
        "antigravity",
        "kimi",
        "xai",
        "vertex",
        "gemini-cli",
        "qwen",
    }
    assert len(before) == len(left)
    assert idp.count("codex", "token") == 0, "nobody has adopted it"


def _with_time_left(folder: Path) -> dict[str, bytes]:
    """The folder's times are those of the fake's clock, and are moved to where ours is."""
    for path in folder.rglob("*.json"):
        data = path.read_bytes()
        path.write_bytes(data.replace(b"2026-11-29T12:59:00", b"2098-11-29T12:59:00"))
    return _contents(folder)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.json")}


async def test_an_account_that_comes_or_goes_changes_the_pool_at_once(tmp_path: Path) -> None:
    idp = Idp(RealClock())
    hosts = {"codex": host_of("codex")}
    name, fields = auth_file("codex", 0)
    async with serve(idp) as idp.url, gateway(tmp_path, idp, hosts) as here:
        body = asking("openai", MODELS["codex"], "hi", stream=False)
        assert (await here.post("/v1/chat/completions", body)).status_code == 404
        put(tmp_path / name, fields)
        await _until(here, body, 200)
        put(tmp_path / name, {**fields, "disabled": True})
        await _until(here, body, 404)
        put(tmp_path / name, {**fields, "prefix": "team"})
        await _until(here, {**body, "model": f"team/{MODELS['codex']}"}, 200)
        (tmp_path / name).unlink()
        await _until(here, body, 404)


async def _until(here: World, body: dict[str, Any], status: int) -> None:
    end = time.monotonic() + 10
    while (reply := await here.post("/v1/chat/completions", body)).status_code != status:
        assert time.monotonic() < end, reply.text
        await asyncio.sleep(0.02)


async def test_an_accounts_own_words_are_in_force(tmp_path: Path) -> None:
    """Priority, headers (also copied ones), excluded models, aliases of the account and of all."""
    idp = Idp(RealClock())
    host = host_of("codex")
    assert isinstance(host, CodexHost)
    host.models = ("gpt-5.2", "gpt-5.1")
    first = {
        "priority": 5,
        "headers": {"X-Team": "blue", "X-Copied": "$X-Mine"},
        "excluded_models": ["gpt-5.1"],
        "model_aliases": [{"name": "gpt-5.2", "alias": "mine", "fork": True}],
    }
    for number, more in enumerate((first, {})):
        name, fields = auth_file("codex", number, **more)
        put(tmp_path / name, fields)
    settings: dict[str, Any] = {
        "oauth_model_alias": {"codex": [{"name": "gpt-5.1", "alias": "older"}]},
        "oauth_excluded_models": {"codex": ["gpt-5"]},
    }
    async with serve(idp) as idp.url, gateway(tmp_path, idp, {"codex": host}, **settings) as here:
        names = {entry.id for entry in here.gateway.entries()}
        for model in ("gpt-5.2", "mine", "older"):
            body = asking("openai", model, "hi", stream=False)
            reply = await here.post("/v1/chat/completions", body, **{"x-mine": "copied"})
            assert reply.status_code == 200, reply.text
    assert {"mine", "older", "gpt-5.2"} <= names
    assert not {"gpt-5", "gpt-5.1"} & names
    tokens = [request.header("authorization") for request in host.requests]
    assert tokens == ["Bearer codex-token-0", "Bearer codex-token-0", "Bearer codex-token-1"]
    assert host.requests[0].header("x-team") == "blue"
    assert host.requests[0].header("x-copied") == "copied"
    assert host.requests[2].header("x-team") is None


async def test_explain_shows_the_accounts_without_their_tokens(tmp_path: Path) -> None:
    idp = Idp(RealClock())
    for number in range(2):
        name, fields = auth_file("gemini", number)
        put(tmp_path / name, fields)
    hosts = {"gemini": host_of("gemini")}
    settings: dict[str, Any] = {"remote_management": {"secret-key": "manage"}}
    async with serve(idp) as idp.url, gateway(tmp_path, idp, hosts, **settings) as here:
        body = asking("anthropic", MODELS["gemini"], "hi", stream=True)
        headers = {"x-dragoman-explain": "1", "x-management-key": "manage"}
        reply = await here.post("/v1/messages", body, **headers)
    assert reply.status_code == 200, reply.text
    told = json.dumps(reply.json())
    assert "user0@example.com" in told
    assert "v1internal:streamGenerateContent" in told
    assert "gemini-token" not in told
    assert hosts["gemini"].requests == []
