"""An exchange of several turns: each has its own attempt loop and commit point; all have one client
renderer and one sum of usage. Whether another turn follows is a stage's decision (`stages`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from dragoman.errors import DragomanError, UpstreamFault
from dragoman.exchange.channels import Channel, Converted
from dragoman.exchange.job import Job
from dragoman.exchange.relay import Source
from dragoman.exchange.stages import Follower, staged
from dragoman.exchange.streams import Open
from dragoman.exchange.whole import Whole
from dragoman.neutral.events import Event, UsageSeen

Opener = Callable[[Job], Awaitable[Open]]


class Gathered:
    """In a client renderer's place, for turns whose events another takes in."""

    content_type = ""

    def __init__(self) -> None:
        self._events: list[Event] = []

    def encode(self, events: Sequence[Event]) -> bytes:
        self._events += events
        return b""

    def finish(self) -> bytes:
        return b""

    def fail(self, error: DragomanError) -> bytes:
        return b""

    def ping(self) -> bytes:
        return b""

    def taken(self) -> list[Event]:
        out, self._events = self._events, []
        return out


async def with_further_turns(
    first: Whole, follower: Follower, job: Job, answered: Callable[[Job], Awaitable[Whole]]
) -> Whole:
    """A whole answer with every further turn that is wanted.

    Raises:
        DragomanError: a further turn failed, and the answer with it.
    """
    events, spent = list(first.events), first.usage
    while wanted := follower.wanted():
        job = job.followed(wanted, Gathered())
        try:
            further = await answered(job)
        except DragomanError as error:
            joined = follower.failed(error)
        else:
            spent = spent.plus(further.usage)
            joined = follower.joined(further.events)
        events += [UsageSeen(spent), *staged(first.behind, joined)]
    return msgspec.structs.replace(first, events=events, usage=spent)


class TurnsSource:
    """An answer that further turns may join; see `Source`. `over` comes after the last."""

    def __init__(self, first: Source, channel: Converted, job: Job, opener: Opener) -> None:
        self.channel: Channel = channel
        self.over = False
        self.taken = 0
        self._first = first
        self._answer = channel
        self._job = job
        self._opener = opener
        self._opening: asyncio.Future[Open] | None = None
        self._open: Open | None = None
        self._gathered = Gathered()
        self._spent = channel.usage

    async def pull(self, patience_s: float) -> bytes | None:
        if self._opening is not None:
            return await self._opened(self._opening, patience_s)
        if self._open is not None:
            return await self._further(self._open, patience_s)
        data: bytes | None = b""
        if not self._first.over:
            data = await self._first.pull(patience_s)
            self.taken = self._first.taken
        if self._first.over:
            self._turn_over()
        return data

    async def close(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait({self._opening})
            if not self._opening.cancelled() and self._opening.exception() is None:
                self._open = self._opening.result()
        if self._open is not None:
            await self._open.close()
        await self._first.close()

    def _turn_over(self) -> None:
        """Begins the next turn, or ends the answer."""
        wanted = () if self._answer.failed else self._answer.wanted()
        if not wanted:
            self.over = True
            return
        self._spent = self._answer.usage
        self._gathered = Gathered()
        self._job = self._job.followed(wanted, self._gathered)
        self._opening = asyncio.ensure_future(self._opener(self._job))

    async def _opened(self, opening: asyncio.Future[Open], patience_s: float) -> bytes | None:
        done, _ = await asyncio.wait({opening}, timeout=patience_s or None)
        if not done:
            return None
        self._opening = None
        try:
            self._open = opening.result()
        except DragomanError as error:
            return self._failed(error)
        return self._joined()

    async def _further(self, found: Open, patience_s: float) -> bytes | None:
        data = await found.source.pull(patience_s)
        if data is None:
            return None
        out = self._joined()
        if not found.source.over:
            return out
        self._open = None
        error = found.source.channel.failed
        if isinstance(error, UpstreamFault):
            found.attempt.broke(error)
        await found.close()
        if error is not None:
            return out + self._failed(error)
        self._answer.turn_over()
        self._turn_over()
        return out + (self._answer.end() if self.over else b"")

    def _joined(self) -> bytes:
        assert self._open is not None
        self._answer.usage = self._spent.plus(self._open.source.channel.usage)
        events = self._gathered.taken()
        usage: list[Event] = [UsageSeen(self._answer.usage)]
        return self._answer.joined(usage, events) if events else b""

    def _failed(self, error: DragomanError) -> bytes:
        """A further turn that no attempt could give, or that broke off."""
        self.over = True
        try:
            return self._answer.turn_failed(error) + self._answer.end()
        except DragomanError as failure:
            self._answer.failed = failure
            return b""
