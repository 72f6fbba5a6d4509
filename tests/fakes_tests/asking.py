"""Requests to a fake in process, for the tests of the fakes."""

from __future__ import annotations

from typing import Any

import httpx
from tests.fakes import Fake

DROP: Any = object()
Body = dict[str, Any]


def changed(body: Body, change: Body) -> Body:
    """The body with top-level fields put, or dropped."""
    return {k: v for k, v in {**body, **change}.items() if v is not DROP}


async def post(
    fake: Fake, path: str, body: Body, headers: dict[str, str] | None = None
) -> httpx.Response:
    """The answer of a fake to a JSON body with its key."""
    keys = {"authorization": "Bearer up-key", "x-goog-api-key": "up-key"}
    transport = httpx.ASGITransport(app=fake)
    async with httpx.AsyncClient(transport=transport, base_url="http://fake") as client:
        return await client.post(path, json=body, headers={**keys, **(headers or {})})


async def get(fake: Fake, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    keys = {"authorization": "Bearer up-key", "x-goog-api-key": "up-key"}
    transport = httpx.ASGITransport(app=fake)
    async with httpx.AsyncClient(transport=transport, base_url="http://fake") as client:
        return await client.get(path, headers={**keys, **(headers or {})})
