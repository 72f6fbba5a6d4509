"""One HTTP/1.1 connection to an upstream: bytes parsed by httptools (llhttp), the body collected as
it comes. All that one read of the socket brings is handed on in one piece, however finely the host
cut its chunks: that is what makes streams cheap.

Knows nothing of URLs, pools or deadlines.
"""

from __future__ import annotations

import asyncio
import select
from typing import cast

import httptools

_HIGH_WATER = 512 * 1024
_NO_BODY_METHODS = frozenset({"HEAD"})


class NotHttp(Exception):
    """What arrived is not HTTP."""


class Connection(asyncio.Protocol):
    """Serves one exchange at a time. `idle_since` is set while it waits in a pool."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._pieces: list[bytes] = []
        self.on_body = self._pieces.append  # from C to C: a Python frame a chunk would cost most
        self._size = 0
        self._paused = False
        self._head_only = False
        self._parser = httptools.HttpResponseParser(self)
        self._lost: Exception | None = None
        self._room: asyncio.Future[None] | None = None
        self._until_close = False
        self._stays = False
        self.closed = False
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.head_done = False
        self.complete = False
        self.used = False
        self.idle_since = 0.0

    # -- what the client does with it

    def begin(self, head: bytes, body: bytes, method: str) -> None:
        """Sends a request; the answer's fields start anew."""
        assert self._transport is not None
        self.status = 0
        self.headers = []
        self.head_done = self.complete = False
        self._until_close = self._stays = False
        self._head_only = method in _NO_BODY_METHODS
        if len(body) > 16_384:
            self._transport.write(head)
            self._transport.write(body)
        else:
            self._transport.write(head + body)

    async def send(self, data: bytes) -> None:
        """More of a request's body; waits while the host takes none.

        Raises:
            OSError: the connection is lost.
        """
        if self._lost is not None or self._transport is None:
            raise ConnectionResetError("closed")
        self._transport.write(data)
        if self._room is not None:
            await self._room

    def take(self) -> bytes:
        """All body bytes that have arrived; b"" when none have."""
        if not self._pieces:
            return b""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def arrival(self) -> None:
        """Waits until something changes: the head, body bytes, the end.

        Raises:
            OSError, NotHttp: the connection is lost before the answer is complete.
        """
        if self._lost is not None:
            raise self._lost
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    @property
    def ending(self) -> bool:
        """Whether the host has closed it, also where the loop has yet to tell: an idle connection
        that has something to read has its end to read, or something nobody asked for."""
        if self.closed or self._transport is None or self._transport.is_closing():
            return True
        waiting = select.poll()
        waiting.register(self._transport.get_extra_info("socket"), select.POLLIN)
        return bool(waiting.poll(0))

    @property
    def reusable(self) -> bool:
        """Whether a further request can follow on it. Not with bytes of this answer left: they
        would stand before the next one's."""
        return self.complete and not self.closed and self._stays and not self._pieces

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.used = True
        if self.complete:
            self.close()  # bytes nobody asked for: the two sides are out of step
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.close()
            self._fail(NotHttp(str(error)))
            return
        self._size += len(data)
        if self._size > _HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def pause_writing(self) -> None:
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.resume_writing()
        if self._until_close and self.head_done and exc is None:
            self.complete = True
        self._fail(exc if isinstance(exc, OSError) else ConnectionResetError("closed"))

    # -- httptools

    def on_message_begin(self) -> None:
        if self.complete:
            raise NotHttp("a second answer to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return
        self.head_done = True
        names = {name for name, _ in self.headers}
        self._until_close = not names & {"content-length", "transfer-encoding"}
        if self._head_only:
            self.complete = True

    def on_message_complete(self) -> None:
        if self.status < 200:
            self.headers = []
        else:
            self.complete = True
            self._stays = self._parser.should_keep_alive()

    def _fail(self, error: Exception) -> None:
        """Nothing more will come: no harm when the answer is complete."""
        if self.complete:
            self._wake()
            return
        self._lost = error
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
