"""From one upstream's bytes to one client's bytes, and what was learnt on the way.

Two channels: `Converted` reads events and renders them; `Direct` (direct.py) passes bytes on and
opens only the frames it must. The relay treats them alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dragoman.errors import DragomanError
from dragoman.exchange.stages import Stage, staged
from dragoman.neutral.events import Event, Failed, Started, TextDelta, UsageSeen, commits
from dragoman.neutral.json import JsonObject
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
        return out if self.failed else out + self._encoder.finish()

    def fail(self, error: DragomanError) -> bytes:
        return self._encoder.fail(error)

    def ping(self) -> bytes:
        return self._encoder.ping()

    def document(self) -> JsonObject | None:
        document: JsonObject | None = getattr(self._encoder, "response", None)
        return document
