"""Events as an Ollama client's stream: NDJSON, a record a delta (https://docs.ollama.com/api/chat).

Calls are held until they are whole and go out in the order of their parts. There is one choice;
others are not shown. The last record has `done: true`; an error is a line of its own and nothing
follows it. The keepalive is an empty record: the SDKs fail on a blank line.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.errors import DragomanError
from dragoman.neutral.events import (
    Event,
    Finished,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Started,
    StopReason,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import JsonObject, encode
from dragoman.neutral.parts import HostedResult, Media, Reasoning, ToolCall
from dragoman.neutral.usage import NO_USAGE
from dragoman.protocols.codec import Reply
from dragoman.protocols.ollama.records import (
    REFUSED,
    Records,
    Said,
    Shape,
    call_record,
    chat_shape,
    shows_thinking,
)


class _OpenCall:
    __slots__ = ("ended", "head", "input")

    def __init__(self, head: ToolCall) -> None:
        self.head = head
        self.input: list[str] = [head.input]
        self.ended = False


class StreamWriter:
    """The StreamEncoder of Ollama."""

    content_type = "application/x-ndjson"

    def __init__(self, reply: Reply, shape: Shape = chat_shape) -> None:
        self._records = Records(reply, shape)
        self._shown = shows_thinking(reply)
        self._spoken = False
        self._thinking: set[int] = set()
        self._calls: dict[int, _OpenCall] = {}
        self._called = 0
        self._usage = NO_USAGE
        self._stop: StopReason = "end"

    def encode(self, events: Sequence[Event]) -> bytes:
        out: list[bytes] = []
        for event in events:
            for record in self._record(event):
                out += (encode(record), b"\n")
        return b"".join(out)

    def finish(self) -> bytes:
        return encode(self._records.last(Said(), self._stop, self._usage)) + b"\n"

    def fail(self, error: DragomanError) -> bytes:
        return encode({"error": error.message}) + b"\n"

    def ping(self) -> bytes:
        return encode(self._records.idle()) + b"\n"

    def _record(self, event: Event) -> list[JsonObject]:
        match event:
            case Started(usage=usage) | UsageSeen(usage=usage):
                self._usage = self._usage.updated(usage)
            case _ if getattr(event, "choice", 0):
                pass
            case TextDelta(index=index, text=text):
                return self._text(index, text)
            case InputDelta(index=index, text=text):
                self._calls[index].input.append(text)
            case PartStarted(index=index, head=head):
                return self._head(index, head)
            case PartEnded(index=index):
                return self._ended(index)
            case LogprobsDelta(items=items):
                return [self._records.more(Said(), logprobs=items)]
            case Finished(stop=stop):
                self._stop = stop
                if stop == "refusal" and not self._spoken:
                    return [self._records.more(Said(REFUSED))]
            case _:
                pass
        return []

    def _text(self, index: int, text: str) -> list[JsonObject]:
        if index not in self._thinking:
            self._spoken = True
            return [self._records.more(Said(text))]
        return [self._records.more(Said(thinking=text))] if self._shown else []

    def _head(self, index: int, head: object) -> list[JsonObject]:
        match head:
            case Reasoning():
                self._thinking.add(index)
            case ToolCall():
                self._calls[index] = _OpenCall(head)
            case HostedResult(text=text) if text:
                return [self._records.more(Said(text))]
            case Media(kind="image", data=data) if data:
                return [self._records.more(Said(images=(data,)))]
            case _:
                pass
        return []

    def _ended(self, index: int) -> list[JsonObject]:
        if index in self._calls:
            self._calls[index].ended = True
        out: list[JsonObject] = []
        for first in sorted(self._calls):
            call = self._calls[first]
            if not call.ended:
                break
            del self._calls[first]
            text = "".join(call.input)
            record = call_record(call.head.id, call.head.name, text, self._called)
            out.append(self._records.more(Said(calls=(record,))))
            self._called += 1
        return out
