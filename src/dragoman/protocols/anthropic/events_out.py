"""Events → a client's stream. The bookkeeping of blocks lives here and in `blocks_out` alone.

platform.claude.com/docs/en/build-with-claude/streaming (2023-06-01): message_start, then blocks
numbered from 0 of which one is open at a time, then message_delta and message_stop. Parts that
overlap are put in a row: the first streams, the others wait until it ends. Only choice 0 is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.errors import DragomanError
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import JsonObject, encode
from dragoman.neutral.parts import Refusal, ToolCall
from dragoman.neutral.usage import NO_USAGE
from dragoman.protocols.anthropic.answers_out import end_extras, message_out, stop_out
from dragoman.protocols.anthropic.blocks_out import BlockWriter, PartEvent, StreamedPart
from dragoman.protocols.anthropic.errors import error_event
from dragoman.protocols.anthropic.usage import usage_out
from dragoman.protocols.codec import Reply, StreamEncoder
from dragoman.protocols.framing.sse import sse_event

_PING = sse_event("ping", b'{"type": "ping"}')
_BESIDE_DELTA = "context_management"
"""The one field of an end that stands in message_delta itself, not in its `delta`."""


class Encoder:
    """One client stream; see `StreamEncoder`."""

    content_type = "text/event-stream"

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._out: list[bytes] = []
        self._writer = BlockWriter(reply, self._out)
        self._parts: dict[int, StreamedPart] = {}
        self._begun = False
        self._usage = NO_USAGE
        self._finished = Finished("end")
        self._called = False
        self._refused = False

    def encode(self, events: Sequence[Event]) -> bytes:
        for event in events:
            self._event(event)
        return self._taken()

    def finish(self) -> bytes:
        self._begin(Started())
        for index in list(self._parts):
            self._part_event(PartEnded(index))
        finished = self._finished
        delta = end_extras(finished.extras)
        beside: JsonObject = {}
        if _BESIDE_DELTA in delta:
            beside[_BESIDE_DELTA] = delta.pop(_BESIDE_DELTA)
        delta["stop_reason"] = stop_out(finished.stop, finished.extras, self._called, self._refused)
        delta["stop_sequence"] = finished.stop_sequence
        usage = usage_out(self._usage)
        self._send({"type": "message_delta", "delta": delta, "usage": usage, **beside})
        self._send({"type": "message_stop"})
        return self._taken()

    def fail(self, error: DragomanError) -> bytes:
        return sse_event("error", encode(error_event(error)))

    def ping(self) -> bytes:
        return _PING

    def _taken(self) -> bytes:
        out = b"".join(self._out)
        self._out.clear()
        return out

    def _send(self, frame: JsonObject) -> None:
        self._out.append(sse_event(str(frame["type"]), encode(frame)))

    def _event(self, event: Event) -> None:
        match event:
            case TextDelta() | InputDelta() | StateDelta() | CitationDelta() | PartEnded():
                if event.choice == 0:
                    self._part_event(event)
            case PartStarted(choice=0):
                self._part_started(event)
            case Started():
                self._usage = self._usage.updated(event.usage)
                self._begin(event)
            case UsageSeen():
                self._usage = self._usage.updated(event.usage)
            case Finished(choice=0):
                self._finished = event
            case Ping():
                self._out.append(_PING)
            case _:
                pass

    def _begin(self, started: Started) -> None:
        if not self._begun:
            self._begun = True
            message = message_out(started.id, self._reply, self._usage, [])
            self._send({"type": "message_start", "message": message})

    def _part_started(self, event: PartStarted) -> None:
        self._begin(Started())
        self._called = self._called or isinstance(event.head, ToolCall)
        self._refused = self._refused or isinstance(event.head, Refusal)
        part = self._parts[event.index] = StreamedPart(event.head)
        if len(self._parts) == 1:
            self._writer.open(part)

    def _part_event(self, event: PartEvent) -> None:
        """The first of the running parts is the open one."""
        part = self._parts.get(event.index)
        if part is None:
            return
        if next(iter(self._parts)) != event.index:
            part.waiting.append(event)
        elif not isinstance(event, PartEnded):
            self._writer.delta(part, event)
        else:
            self._end(part, event)
            self._catch_up()

    def _end(self, part: StreamedPart, event: PartEnded) -> None:
        self._writer.close(part)
        del self._parts[event.index]

    def _catch_up(self) -> None:
        """Opens the part that waited longest; the next one too when it has ended meanwhile."""
        for part in list(self._parts.values()):
            self._writer.open(part)
            for event in part.waiting:
                if isinstance(event, PartEnded):
                    self._end(part, event)
                    break
                self._writer.delta(part, event)
            else:
                return


def stream_out(reply: Reply) -> StreamEncoder:
    return Encoder(reply)
