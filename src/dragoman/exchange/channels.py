"""From one upstream's bytes to one client's bytes, and what was learnt on the way.

Two channels: `Converted` reads events and renders them; `Direct` (direct.py) passes bytes on and
opens only the frames it must. The relay treats them alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dragoman.errors import DragomanError
from dragoman.exchange.stages import Stage, follower_in, left_over, staged
from dragoman.neutral.events import Event, Failed, Started, TextDelta, UsageSeen, commits
from dragoman.neutral.json import JsonObject
from dragoman.neutral.requests import Turn
from dragoman.neutral.usage import NO_USAGE, Usage
from dragoman.protocols.codec import StreamDecoder, StreamEncoder


class Channel(Protocol):
    """`committed`: content was seen, no other attempt may take over. `ended`: nothing more will be
    read. `failed`: the answer will not be completed; `told`: the client's bytes already say so."""

    committed: bool
    ended: bool
    failed: DragomanError | None
    told: bool
    usage: Usage
    content_type: str

    def feed(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...
    def fail(self, error: DragomanError) -> bytes: ...
    def ping(self) -> bytes: ...
    def document(self) -> JsonObject | None:
        """The finished response as one object, for protocols that keep it (Responses)."""


class Watch:
    """What both channels keep an eye on while events pass."""

    def __init__(self) -> None:
        self.committed = False
        self.ended = False
        self.told = False
        self.failed: DragomanError | None = None
        self.usage = NO_USAGE
        self.id = ""

    def seen(self, events: list[Event]) -> list[Event]:
        """The same events, without a failure and what follows it."""
        for index, event in enumerate(events):
            if isinstance(event, TextDelta):
                self.committed = True
                continue
            if not self.committed and commits(event):
                self.committed = True
            if isinstance(event, UsageSeen):
                self.usage = self.usage.updated(event.usage)
            elif isinstance(event, Started):
                self.id = event.id
                self.usage = self.usage.updated(event.usage)
            elif isinstance(event, Failed):
                self.failed = event.error
                self.ended = True
                return events[:index]
        return events


class Converted(Watch):
    """Upstream bytes → events → stages → client bytes."""

    def __init__(
        self, decoder: StreamDecoder | None, encoder: StreamEncoder, stages: Sequence[Stage]
    ) -> None:
        super().__init__()
        self._decoder = decoder
        self._encoder = encoder
        self._stages = stages
        self._follower, self._behind = follower_in(stages)
        self._next: tuple[Turn, ...] = ()
        self.content_type = encoder.content_type

    def feed(self, data: bytes) -> bytes:
        assert self._decoder is not None
        out = self.feed_events(self._decoder.feed(data))
        self.ended = self.ended or self._decoder.ended
        return out

    def feed_events(self, events: list[Event]) -> bytes:
        """The client's bytes for events that did not come from a decoder (the echo model)."""
        events = self.seen(events)
        if self._stages:
            events = staged(self._stages, events)
        return self._encoder.encode(events)

    def finish(self) -> bytes:
        out = b"" if self._decoder is None else self.feed_events(self._decoder.finish())
        if self.failed:
            return out
        if self._follower is not None:
            self._next = self._follower.wanted()
        return out if self._next else out + self._encoder.finish()

    @property
    def may_follow(self) -> bool:
        """Whether further turns may join the answer."""
        return self._follower is not None

    def wanted(self) -> tuple[Turn, ...]:
        """What the conversation goes on with, asked once after each turn; () = it is over."""
        wanted, self._next = self._next, ()
        return wanted

    def joined(self, usage: list[Event], events: list[Event]) -> bytes:
        """The client's bytes for events of a further turn, with the usage of all turns so far."""
        assert self._follower is not None
        return self._encoder.encode(usage + staged(self._behind, self._follower.joined(events)))

    def turn_over(self) -> None:
        """A further turn has come to its end."""
        assert self._follower is not None
        self._next = self._follower.wanted()

    def turn_failed(self, error: DragomanError) -> bytes:
        """The client's bytes when a further turn failed.

        Raises:
            DragomanError: the answer fails with it.
        """
        assert self._follower is not None
        return self._encoder.encode(staged(self._behind, self._follower.failed(error)))

    def end(self) -> bytes:
        """The answer's regular end, after the last further turn."""
        return self._encoder.finish()

    def fail(self, error: DragomanError) -> bytes:
        out = self._encoder.encode(left_over(self._stages)) if self._stages else b""
        return out + self._encoder.fail(error)

    def ping(self) -> bytes:
        return self._encoder.ping()

    def document(self) -> JsonObject | None:
        document: JsonObject | None = getattr(self._encoder, "response", None)
        return document
