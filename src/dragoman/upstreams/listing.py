"""Asking a host which models it serves."""

from __future__ import annotations

import asyncio

from dragoman.neutral.listings import ModelEntry
from dragoman.upstreams.hosts import Host
from dragoman.upstreams.http import Call, HttpClient

_TIMEOUT_S = 20


async def ask(http: HttpClient, host: Host) -> list[ModelEntry]:
    """The host's own list, owner filled in.

    Raises:
        UpstreamFault: it cannot be reached, refuses, or what it sends is no list.
    """
    codec = host.codec
    assert codec is not None
    credential = host.credentials[0]
    if credential.source is not None:
        credential = credential.opened_by(await credential.source.headers())
    call = Call(
        upstream=host.name,
        method="GET",
        url=host.url(codec.models_path),
        headers=[*codec.headers, ("accept", "application/json"), *credential.sent([]).items()],
        proxy=credential.proxy,
        deadlines=host.deadlines,
    )
    async with asyncio.timeout(_TIMEOUT_S):
        answer = await http.send(call)
        try:
            data = await answer.read_all()
        finally:
            answer.close()
    if answer.status != 200:
        raise codec.error_in(answer.status, data)
    return codec.models_in(data)
