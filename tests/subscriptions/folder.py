"""A folder of logins as CLIProxyAPI leaves it, and a gateway that finds it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from tests.exchange.world import World, world
from tests.fakes import serve

LATER = "2099-01-01T00:00:00Z"
PROJECT = "p-1"


def tokens_of(provider: str, count: int = 3) -> list[str]:
    return [f"{provider}-token-{number}" for number in range(count)]


def auth_file(provider: str, number: int, **more: object) -> tuple[str, dict[str, Any]]:
    """The name and object of one account's file."""
    email = f"user{number}@example.com"
    token = f"{provider}-token-{number}"
    both = {"access_token": token, "refresh_token": f"r-{token}", "expired": LATER, "email": email}
    fields: dict[str, dict[str, Any]] = {
        "claude": {**both, "account_uuid": f"a-{number}", "id_token": ""},
        "codex": {**both, "account_id": f"account-{number}", "id_token": _id_token(number)},
        "gemini": {
            "token": {"access_token": token, "refresh_token": f"r-{token}", "expiry": LATER},
            "project_id": PROJECT,
            "email": email,
        },
        "antigravity": {**both, "project_id": PROJECT, "expires_in": 3599},
        "qwen": {**both, "resource_url": "portal.qwen.ai"},
        "kimi": {**both, "device_id": f"d-{number}"},
        "xai": {**both, "auth_kind": "oauth", "base_url": "https://cli-chat-proxy.grok.com/v1"},
        "copilot": {**both, "github_token": f"gho-{number}"},
        "vertex": {
            **both,
            "service_account": {"project_id": PROJECT, "client_email": email},
            "project_id": PROJECT,
            "location": "us-central1",
        },
    }
    kind = {"type": provider}
    return f"{provider}-{email}.json", {**fields[provider], **kind, **more}


def write(folder: Path, provider: str, count: int = 3, **more: object) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        name, fields = auth_file(provider, number, **more)
        put(folder / name, fields)


def put(path: Path, fields: dict[str, Any]) -> None:
    """All at once, as programs that write such files do."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(fields), encoding="utf-8")
    part.replace(path)


@contextlib.asynccontextmanager
async def before(
    folder: Path, hosts: dict[str, Any], *upstreams: dict[str, Any], **settings: Any
) -> AsyncIterator[World]:
    """A gateway whose logins lie in `folder`; `hosts` stand where the providers' are."""
    async with contextlib.AsyncExitStack() as stack:
        clients: dict[str, dict[str, str]] = {}
        for provider, host in hosts.items():
            url = await stack.enter_async_context(serve(host))
            clients[provider] = {"base-url": url + PATHS.get(provider, "")}
        given: dict[str, Any] = {"auth_dir": str(folder), "oauth_clients": clients, **settings}
        yield await stack.enter_async_context(world(*upstreams, **given))


PATHS = {"codex": "/backend-api/codex", "kimi": "/coding/v1", "qwen": "/v1", "xai": "/v1"}
"""Behind the host, in the addresses of the table of providers."""


async def until(condition: Any, seconds: float = 5) -> None:
    """Polls until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.01)


def _id_token(number: int) -> str:
    claims = {"https://api.openai.com/auth": {"chatgpt_account_id": f"account-{number}"}}
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"h.{middle}.s"


def models_of(world: World) -> Sequence[str]:
    return [entry.id for entry in world.gateway.entries()]
