"""Logins whose tokens last two seconds, under load: each renewal ends the old tokens at once, and
no request may notice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.world import World, world
from tests.fakes import serve
from tests.idp import Clock, Idp, configured
from tests.idp.tokens import service_account
from tests.subscriptions.folder import PATHS, PROJECT, auth_file
from tests.subscriptions.test_every_client_reaches_every_subscription import MODELS, host_of

LASTS_S = 2
MANAGER = {"x-management-key": "letmein"}
KNOWN = {"user-agent": "RooCode/3.1"}
"""A program that every host here takes."""


class RealTime(Clock):
    def __call__(self) -> float:
        return time.time()


class Valid:
    """The tokens that the provider takes now, as the host's fake asks for them."""

    def __init__(self, idp: Idp, provider: str) -> None:
        self._idp = idp
        self._provider = provider

    def __contains__(self, token: object) -> bool:
        return self._idp.valid(self._provider, str(token))


def written(folder: Path, idp: Idp, provider: str) -> None:
    folder.mkdir()
    for number in range(3):
        name, fields = auth_file(provider, number, managed_by="dragoman")
        access, refresh = idp.login(provider, f"user{number}")
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + LASTS_S))
        if provider == "gemini":
            fields["token"] |= {"access_token": access, "refresh_token": refresh, "expiry": ends}
        else:
            fields |= {"access_token": access, "refresh_token": refresh, "expired": ends}
        if provider == "copilot":
            fields |= {"access_token": "", "github_token": access}
        if provider == "vertex":
            fields["service_account"] = service_account(PROJECT)
        (folder / name).write_text(json.dumps(fields))


@contextlib.asynccontextmanager
async def gateway(folder: Path, provider: str) -> AsyncIterator[tuple[World, Idp]]:
    idp = Idp(RealTime())
    idp.revoke_old = True
    idp.lifetime_s[provider] = LASTS_S
    async with contextlib.AsyncExitStack() as stack:
        idp.url = await stack.enter_async_context(serve(idp))
        host: Any = host_of(provider)
        for fake in (host.chat, host.messages) if provider == "kimi" else (host,):
            fake.tokens = Valid(idp, provider)
        address = await stack.enter_async_context(serve(host))
        clients = configured(idp.url)
        clients[provider]["base-url"] = address + PATHS.get(provider, "")
        written(folder, idp, provider)
        one = await stack.enter_async_context(
            world(
                auth_dir=str(folder),
                oauth_clients=clients,
                request_retry=0,
                remote_management={"secret-key": MANAGER["x-management-key"]},
            )
        )
        yield one, idp


async def listed(one: World) -> list[dict[str, Any]]:
    told = await one.client.get(f"{one.url}/v0/management/auth-files", headers=MANAGER)
    files: list[dict[str, Any]] = told.json()["files"]
    return files


def counted(files: list[dict[str, Any]]) -> int:
    """Attempts of the last hours, by steps; those of other tests in this process among them."""
    return sum(step["success"] for file in files for step in file["recent_requests"])


@pytest.mark.parametrize("provider", ["codex", "copilot", "vertex"])
async def test_no_request_fails_while_tokens_rotate(tmp_path: Path, provider: str) -> None:
    async with gateway(tmp_path / "auth", provider) as (one, idp):
        what = "exchange" if provider == "copilot" else "token"
        statuses: list[tuple[int, str]] = []

        async def client(number: int) -> None:
            body = {
                "model": MODELS[provider],
                "messages": [{"role": "user", "content": "hello"}],
                "stream": number % 2 == 0,
            }
            while idp.count(provider, what) < 6:
                answer = await one.post("/v1/chat/completions", body, **KNOWN)
                error = answer.text if answer.status_code != 200 or '"error"' in answer.text else ""
                statuses.append((answer.status_code, error))
                await asyncio.sleep(0.02)

        used_before = counted(await listed(one))
        async with asyncio.timeout(60):
            await asyncio.gather(*(client(number) for number in range(6)))
        assert set(statuses) == {(200, "")}
        assert len(statuses) >= 6
        assert [outcome.error for outcome in one.outcomes if outcome.error] == []
        accounts = one.gateway.accounts.all()
        assert [account.status.value for account in accounts] == ["ready"] * 3
        files = await listed(one)
        assert counted(files) - used_before == len(statuses)
        name = files[0]["name"]
        models = await one.client.get(
            f"{one.url}/v0/management/auth-files/models?name={name}", headers=MANAGER
        )
        assert MODELS[provider] in {model["id"] for model in models.json()["models"]}
        reset = await one.client.post(
            f"{one.url}/v0/management/reset-quota",
            json={"auth_index": files[0]["auth_index"]},
            headers=MANAGER,
        )
        assert reset.json()["status"] == "ok"
