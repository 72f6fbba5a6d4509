"""A gateway in the test's own event loop before upstreams given by the test, and a plain client."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tests.fakes import serve

from dragoman.config.load import load_text
from dragoman.exchange.incoming import Outcome
from dragoman.server.app import App
from dragoman.server.gateway import Gateway
from dragoman.storage.state import State

KEY = "sk-of-the-client"

PATHS = {
    "openai": "/v1/chat/completions",
    "responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/{model}:{action}",
    "ollama": "/api/chat",
}


@dataclass
class World:
    """`outcomes` are those of finished requests, in order."""

    url: str
    client: httpx2.AsyncClient
    gateway: Gateway
    outcomes: list[Outcome] = field(default_factory=list)

    async def post(self, path: str, body: bytes | dict[str, Any], **more: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {KEY}", **more}
        return await self.client.post(self.url + path, content=content, headers=headers)

    def stream(
        self, path: str, body: bytes | dict[str, Any], **more: str
    ) -> contextlib.AbstractAsyncContextManager[httpx2.Response]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {KEY}", **more}
        return self.client.stream("POST", self.url + path, content=content, headers=headers)


@contextlib.asynccontextmanager
async def world(*upstreams: dict[str, Any], **settings: object) -> AsyncIterator[World]:
    """`settings` are the configuration's keys, `_` for `-`. What an upstream's failure does to
    later requests is not the matter here: no credential rests unless a test says so."""
    config: dict[str, Any] = {
        "api-keys": [KEY],
        "discover": False,
        "auth-dir": "/nonexistent/logins",
        "disable-cooling": True,
        "request-retry": 0,
        "upstreams": list(upstreams),
        **{name.replace("_", "-"): value for name, value in settings.items()},
    }
    loaded = load_text(json.dumps(config), Path("config.yaml"), {})
    gateway = Gateway(loaded.settings, State(), b"s" * 32)
    outcomes: list[Outcome] = []
    setattr(gateway, "log", outcomes.append)  # noqa: B010 - mypy knows methods as unassignable
    await gateway.open()
    try:
        async with serve(App(gateway)) as url, httpx2.AsyncClient(timeout=20) as client:
            yield World(url, client, gateway, outcomes)
    finally:
        await gateway.close()


def upstream(
    protocol: str, url: str, *models: str, name: str = "up", **more: object
) -> dict[str, Any]:
    """An upstream's settings; each model a name, or `name>alias`."""
    rules = [dict(zip(("name", "alias"), model.split(">"), strict=False)) for model in models]
    fixed = {"name": name, "protocol": protocol, "base-url": url, "keys": ["up-key"]}
    return {**fixed, "models": rules, **{key.replace("_", "-"): v for key, v in more.items()}}


def path_of(protocol: str, model: str, *, stream: bool) -> str:
    action = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return PATHS[protocol].format(model=model, action=action)


def asking(protocol: str, model: str, text: str, *, stream: bool) -> dict[str, Any]:
    """The least request for text in a protocol."""
    said = [{"role": "user", "content": text}]
    match protocol:
        case "responses":
            return {"model": model, "input": text, "stream": stream, "store": False}
        case "gemini":
            return {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        case "anthropic":
            return {"model": model, "messages": said, "max_tokens": 1000, "stream": stream}
    return {"model": model, "messages": said, "stream": stream}
