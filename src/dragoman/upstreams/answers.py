"""An upstream's answer while it is read: its deadlines, its encoding, and what a kind of host does
to its bytes. What it comes on is a connection's matter, or a WebSocket's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from dragoman.errors import Broken, TimedOut
from dragoman.upstreams.connection import NotHttp
from dragoman.upstreams.encodings import decoder_of

if TYPE_CHECKING:
    from dragoman.upstreams.http import Call, Headers

MAX_WHOLE_ANSWER = 512 * 1024 * 1024


class Change(Protocol):
    """What a host's bytes go through before anybody reads them. Both may raise UpstreamFault."""

    def feed(self, data: bytes) -> bytes:
        """What can be read so far."""

    def finish(self) -> bytes:
        """The rest, at the regular end of the body."""


class Carrier(Protocol):
    """What an answer comes on: a connection of this client, or a WebSocket's frames."""

    status: int
    headers: Headers
    complete: bool

    def take(self) -> bytes: ...
    async def arrival(self) -> None: ...


class Answer:
    """A status, headers, and a body that is read at most once. Close it whatever happens."""

    def __init__(
        self, call: Call, connection: Carrier, started: float, give_back: Callable[[], None]
    ) -> None:
        self._call = call
        self._connection = connection
        self._give_back = give_back
        self._silent_since: float | None = started
        self._limit = call.deadlines.first_byte
        self._ends_at = started + call.deadlines.total if call.deadlines.total else None
        self._waiting = "sent nothing"
        self._begun = False
        self._closed = False
        self.status = connection.status
        self.headers: Headers = connection.headers
        self._decoder = decoder_of(self.header("content-encoding"))
        self._change: Change | None = None
        self._heard: Callable[[bytes], None] | None = None
        self._over: Callable[[bool], None] | None = None

    def listen(self, heard: Callable[[bytes], None], over: Callable[[bool], None]) -> None:
        """`heard` gets the body as the upstream sent it, decompressed, while it is read; `over`,
        when it is closed, whether it was read to its end."""
        self._heard, self._over = heard, over

    def through(self, change: Change) -> None:
        """The body is read as this makes it."""
        self._change = change

    def header(self, name: str) -> str:
        """A header's first value, "" when absent."""
        for own, value in self.headers:
            if own == name:
                return value
        return ""

    async def read_some(self, patience_s: float = 0) -> bytes | None:
        """The next bytes, as many as have arrived; b"" at the regular end of the body; None when
        `patience_s` passed first (0 = wait for the deadline).

        Raises:
            TimedOut: silence longer than the deadline.
            Broken: the connection ended before the body did, or its encoding is damaged.
        """
        connection = self._connection
        while True:
            data = connection.take()
            if data and self._decoder is not None:
                data = self._decoded(data)
            if data:
                if not self._begun:
                    self._begun = True
                    self._silent_since = None
                    self._limit = self._call.deadlines.idle
                    self._waiting = "fell silent in mid-answer"
                if self._heard is not None:
                    self._heard(data)
                if self._change is None or (data := self._change.feed(data)):
                    return data
                continue
            if connection.complete:
                change, self._change = self._change, None
                return b"" if change is None else change.finish()
            if not await self._arrived(patience_s):
                return None

    async def read_all(self) -> bytes:
        """The whole body; the deadlines hold for each read."""
        pieces: list[bytes] = []
        size = 0
        while data := await self.read_some():
            pieces.append(data)
            size += len(data)
            if size > MAX_WHOLE_ANSWER:
                raise Broken(f"upstream {self._call.upstream} sent an endless answer")
        return b"".join(pieces) if len(pieces) != 1 else pieces[0]

    def close(self) -> None:
        """Lets go of the connection: kept for reuse when the body was read to its end, else cut."""
        if not self._closed:
            self._closed = True
            if self._over is not None:
                self._over(self._connection.complete)
            self._give_back()

    def _decoded(self, data: bytes) -> bytes:
        assert self._decoder is not None
        try:
            return self._decoder(data)
        except ValueError as error:
            raise Broken(
                f"upstream {self._call.upstream} sent a damaged {self.header('content-encoding')} "
                "body",
                detail=str(error),
            ) from error

    async def _arrived(self, patience_s: float) -> bool:
        """Whether something arrived before `patience_s` passed."""
        now = asyncio.get_running_loop().time()
        if self._silent_since is None:
            self._silent_since = now
        silent_at = self._silent_since + self._limit if self._limit else None
        until = now + patience_s if patience_s else None
        ends = [at for at in (silent_at, self._ends_at, until) if at is not None]
        try:
            async with asyncio.timeout_at(min(ends) if ends else None):
                await self._connection.arrival()
        except TimeoutError:
            if until is None or until > min(ends):
                raise self._too_late(silent_at) from None
            return False
        except (OSError, NotHttp) as error:
            raise Broken(
                f"upstream {self._call.upstream} broke the connection in mid-answer",
                detail=repr(error),
            ) from error
        self._silent_since = None
        return True

    def _too_late(self, silent_at: float | None) -> TimedOut:
        name = f"upstream {self._call.upstream}"
        if self._ends_at is not None and (silent_at is None or self._ends_at < silent_at):
            return too_long(self._call)
        return TimedOut(f"{name} {self._waiting} for {self._limit:g} s")


def too_long(call: Call) -> TimedOut:
    return TimedOut(f"upstream {call.upstream} took longer than {call.deadlines.total:g} s in all")
