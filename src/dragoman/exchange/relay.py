"""One attempt's answer on its way to the client: held until the commit point, then passed on as
it comes, with keepalives while the upstream is silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Protocol

from dragoman.errors import Broken, DragomanError
from dragoman.exchange.channels import Channel, Converted
from dragoman.neutral.events import Event
from dragoman.upstreams.answers import Answer

HELD_LIMIT = 64 * 1024
_EMPTY_LIMIT = 8 * 1024 * 1024
"""How much an upstream may send without any content before it counts as endless."""
_LINGER_S = 0.25


class Source(Protocol):
    """Client bytes of one attempt. `pull` gives b"" when nothing is to be sent yet, None when
    `patience_s` passed in silence; after `over` there is no more. `taken`: the upstream's bytes."""

    channel: Channel
    over: bool
    taken: int

    async def pull(self, patience_s: float) -> bytes | None: ...
    async def close(self) -> None: ...


class HttpSource:
    """An upstream's HTTP answer through a channel."""

    def __init__(self, answer: Answer, channel: Channel) -> None:
        self._answer = answer
        self.channel = channel
        self.over = False
        self._closed = False
        self.taken = 0

    async def pull(self, patience_s: float) -> bytes | None:
        channel = self.channel
        try:
            data = await self._answer.read_some(patience_s)
        except DragomanError as error:
            return self._cut_off(error)
        if data is None:
            return None
        self.taken += len(data)
        out = channel.feed(data) if data else b""
        if channel.failed is not None:
            self.over = True
        elif channel.ended or not data:
            self.over = True
            out += channel.finish()
        return out

    def _cut_off(self, error: DragomanError) -> bytes:
        """The connection broke or fell silent: a failure, unless the protocol's end had come."""
        self.over = True
        out = self.channel.finish()
        if self.channel.failed is not None and not self.channel.told:
            self.channel.failed = error
        return out

    async def close(self) -> None:
        """Reads the connection's last bytes when the protocol's end came before them, so that it
        can serve again. Once: afterwards it is another request's."""
        if self._closed:
            return
        self._closed = True
        try:
            if self.channel.ended and self.channel.failed is None:
                async with asyncio.timeout(_LINGER_S):
                    while await self._answer.read_some():
                        pass
        except (DragomanError, TimeoutError):
            pass
        finally:
            self._answer.close()


class EventSource:
    """Events made in this process (the echo model), or read whole from an answer."""

    def __init__(self, events: AsyncIterator[list[Event]], channel: Converted) -> None:
        self._events = events
        self.channel: Channel = channel
        self._converted = channel
        self._next: asyncio.Future[list[Event] | None] | None = None
        self.over = False
        self.taken = 0

    async def pull(self, patience_s: float) -> bytes | None:
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._events, None))
        done, _ = await asyncio.wait({self._next}, timeout=patience_s or None)
        if not done:
            return None
        events, self._next = self._next.result(), None
        if events is None:
            self.over = True
            return self._converted.finish()
        out = self._converted.feed_events(events)
        self.over = self._converted.failed is not None
        return out

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()


async def opened(source: Source) -> bytes:
    """Reads up to the commit point; what came before it, and with it.

    Raises:
        DragomanError: the attempt failed before it was the answer.
    """
    held: list[bytes] = []
    size = 0
    channel = source.channel
    while not channel.committed and size <= HELD_LIMIT and not source.over:
        data = await source.pull(0)
        if data:
            held.append(data)
            size += len(data)
        if channel.failed is not None and not channel.committed:
            raise channel.failed
        if source.taken > _EMPTY_LIMIT and not channel.committed:
            raise Broken("the upstream sends without end and without any content")
    if source.over and not channel.committed:
        raise Broken("the upstream's answer held nothing")
    return b"".join(held)


async def relayed(
    source: Source, first: bytes, keepalive_s: float, on_end: Callable[[Source], None]
) -> AsyncGenerator[bytes, None]:
    """The client's bytes from the commit point on, after an empty piece. Always ends as the
    protocol wants: regularly, or with its error."""
    channel = source.channel
    try:
        yield b""
        yield first
        try:
            while not source.over:
                data = await source.pull(keepalive_s)
                if data is None:
                    yield channel.ping()
                elif data:
                    yield data
        except DragomanError as error:
            channel.failed = error
        if channel.failed is not None and not channel.told:
            yield channel.fail(channel.failed)
    finally:
        on_end(source)
        await source.close()
