"""Sending a reply over ASGI, bare: no response class between the bytes and the server; and
noticing at once when the client has left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import Json, encode
from dragoman.server.bodies import ClientLeft, Message, Receive, Send

_STREAM_HEADERS = [(b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no")]


def json_reply(body: Json, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    return Reply(status, list(headers), encode(body))


async def send_reply(send: Send, reply: Reply, *, head: bool = False) -> None:
    """The whole reply; a stream's body is closed whatever happens."""
    body = reply.body
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    if isinstance(body, bytes):
        if not any(name == b"content-type" for name, _ in headers):
            headers.append((b"content-type", b"application/json"))
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else body})
        return
    try:
        told = {name for name, _ in headers}
        headers += [pair for pair in _STREAM_HEADERS if pair[0] not in told]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        async for data in body:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await body.aclose()


async def until_left(receive: Receive, work: Callable[[], Awaitable[None]]) -> None:
    """Runs `work`; when the client leaves first, it is cancelled at once.

    Raises:
        ClientLeft: the client left before `work` was done.
    """
    task = asyncio.current_task()
    assert task is not None
    left = False

    def gone(watch: asyncio.Future[Message]) -> None:
        nonlocal left
        if not watch.cancelled() and not done:
            left = True
            task.cancel()

    done = False
    watch = asyncio.ensure_future(receive())
    watch.add_done_callback(gone)
    try:
        await work()
    except asyncio.CancelledError:
        if left and task.uncancel() == 0:
            raise ClientLeft from None
        raise
    finally:
        done = True
        watch.cancel()
