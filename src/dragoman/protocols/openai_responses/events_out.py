"""Neutral events → the stream a Responses client reads.

Only one output item is open at a time: parts that upstream runs side by side are serialised here,
later ones held until the earlier ones have ended. A message stays open for the text parts that
follow each other and is finished before any other item; a part without content leaves no item.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dragoman.errors import DragomanError
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    Head,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Started,
    StateDelta,
    StopReason,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import Json, JsonObject, encode
from dragoman.neutral.parts import HostedCall, HostedResult, Media, Opaque, Refusal, Text
from dragoman.neutral.usage import NO_USAGE
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_responses.errors import failure
from dragoman.protocols.openai_responses.items_out import Envelope, told_as_text, whole_item
from dragoman.protocols.openai_responses.open_items import OpenMessage, OpenPart, opened

_EVENT = b'event: %b\ndata: {"type":"%b","sequence_number":%d,%b\n\n'
_PartEvent = TextDelta | InputDelta | StateDelta | CitationDelta | LogprobsDelta | PartEnded


_NUMBER = re.compile(rb'"sequence_number":\s*(\d+)')


class Encoder:
    """One client's stream. `response` is the terminal response object, after `finish`."""

    content_type = "text/event-stream; charset=utf-8"

    def __init__(self, reply: Reply) -> None:
        self.response: JsonObject | None = None
        self._reply = reply
        self._envelope = Envelope(reply)
        self._id = ""
        self._sequence = 0
        self._usage = NO_USAGE
        self._stop: StopReason = "end"
        self._out: list[bytes] = []
        self._output: list[Json] = []
        self._message: OpenMessage | None = None
        self._current: int | None = None
        self._part: OpenPart | None = None
        self._waiting: dict[int, tuple[Head, list[_PartEvent]]] = {}

    def encode(self, events: Sequence[Event]) -> bytes:
        for event in events:
            if isinstance(event, TextDelta) and event.index == self._current and not event.choice:
                self._apply(event)
            elif isinstance(event, Started):
                self._usage = self._usage.updated(event.usage)
                self._begin(event.id)
            elif isinstance(event, UsageSeen):
                self._usage = self._usage.updated(event.usage)
            elif getattr(event, "choice", 0) == 0:
                self._choice(event)
        return self._taken()

    def finish(self) -> bytes:
        self._begin("")
        self._end_all()
        response = self._envelope.ended(self._id, self._stop, self._output, self._usage)
        whole = response["status"] == "completed"
        kind = "response.completed" if whole else "response.incomplete"
        self.send(kind, {"response": response})
        self.response = response
        return self._taken()

    def fail(self, error: DragomanError) -> bytes:
        self._begin("")
        response = self._envelope.at(self._id, "failed", self._output)
        response["error"] = failure(error)
        self.send("response.failed", {"response": response})
        return self._taken()

    def go_on_behind(self, response_id: str, last: bytes) -> None:
        """Takes up a stream whose bytes passed unread: its id, and the number after the last."""
        self._id = response_id or self._reply.new_id("resp_")
        numbers = _NUMBER.findall(last)
        self._sequence = int(numbers[-1]) + 1 if numbers else 0

    def ping(self) -> bytes:
        return b": keepalive\n\n"

    # -- what open items need ---------------------------------------------------------------

    def send(self, kind: str, fields: JsonObject) -> None:
        """One event, numbered. There is at least one field."""
        name = kind.encode()
        rest = encode(fields)[1:]
        self._out.append(_EVENT % (name, name, self._sequence, rest))
        self._sequence += 1

    def place(self) -> int:
        """The output_index of the item that is open, or opens next."""
        return len(self._output)

    def completed(self, item: JsonObject) -> None:
        """Tells an item's end and keeps it for the terminal response."""
        self.send("response.output_item.done", {"output_index": len(self._output), "item": item})
        self._output.append(item)

    def message(self, part: Text | Refusal) -> OpenMessage:
        """The open message, or a new one: after another item, or where upstream began one."""
        message = self._message
        if message is None or (message.parts and "message" in part.wire):
            self.end_message()
            message = self._message = OpenMessage(self, self._reply, part)
        return message

    def end_message(self) -> None:
        if self._message is not None:
            self._message.end()
            self._message = None

    # -- the order of parts -----------------------------------------------------------------

    def _taken(self) -> bytes:
        taken, self._out = b"".join(self._out), []
        return taken

    def _begin(self, upstream_id: str) -> None:
        if self._id:
            return
        known = upstream_id.startswith("resp_")
        self._id = upstream_id if known else self._reply.new_id("resp_")
        response = self._envelope.at(self._id, "in_progress", [])
        self.send("response.created", {"response": response})
        self.send("response.in_progress", {"response": response})

    def _choice(self, event: Event) -> None:
        if isinstance(event, PartStarted):
            self._begin("")
            if self._current is None:
                self._open(event.index, event.head)
            else:
                self._waiting[event.index] = (event.head, [])
        elif isinstance(event, Finished):
            self._stop = event.stop
        elif isinstance(event, _PartEvent):
            if event.index == self._current:
                self._apply(event)
            elif event.index in self._waiting:
                self._waiting[event.index][1].append(event)

    def _open(self, index: int, head: Head) -> None:
        self._current = index
        if isinstance(head, Media | HostedCall | HostedResult | Opaque):
            self._part = None
            self._whole(head)
        else:
            self._part = opened(self, self._reply, head)

    def _whole(self, head: Media | HostedCall | HostedResult | Opaque) -> None:
        item = whole_item(head, self._reply)
        if item is not None:
            self.end_message()
            self.send("response.output_item.added", {"output_index": self.place(), "item": item})
            self.completed(item)
        elif text := told_as_text(head):
            part = opened(self, self._reply, Text(""))
            part.text(text)
            part.end()

    def _apply(self, event: _PartEvent) -> None:
        part = self._part
        if isinstance(event, PartEnded):
            if part is not None:
                part.end()
            self._next()
        elif part is None:
            return
        elif isinstance(event, (TextDelta, InputDelta)):
            if event.text:
                part.text(event.text)
        elif isinstance(event, StateDelta):
            part.state(event.state)
        elif isinstance(event, CitationDelta):
            part.cite(event.citation)
        else:
            part.logprobs(event.items)

    def _next(self) -> None:
        """Opens the earliest part that was held, as far as it has come."""
        self._current = self._part = None
        if self._waiting:
            index = min(self._waiting)
            head, held = self._waiting.pop(index)
            self._open(index, head)
            for event in held:
                self._apply(event)

    def _end_all(self) -> None:
        while self._current is not None:
            self._apply(PartEnded(self._current))
        self.end_message()


def fail_behind(error: DragomanError, response_id: str, last: bytes, reply: Reply) -> bytes:
    """The error of a stream of the upstream's own events, of which `last` are the last bytes."""
    encoder = Encoder(reply)
    encoder.go_on_behind(response_id, last)
    return encoder.fail(error)
