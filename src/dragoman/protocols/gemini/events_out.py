"""Events as a Gemini client's stream: server-sent events, or a JSON array without `alt=sse`.

https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent. Text goes out as it
comes; a call goes out whole, in the order the calls began; the finishReason waits for the last
usage. SSE keepalives are blank lines only: comments make Google's SDKs fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

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
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import Json, JsonObject, encode
from dragoman.neutral.parts import (
    Citation,
    HostedResult,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.usage import NO_USAGE, Usage
from dragoman.protocols.codec import Reply
from dragoman.protocols.gemini.answers import (
    answer_id,
    call_part,
    candidate_end,
    complete_part,
    shows_thoughts,
    signed,
)
from dragoman.protocols.gemini.errors import error_out
from dragoman.protocols.gemini.usage import usage_out


class _Part:
    """A part under way: its text so far, or its call's input."""

    __slots__ = ("ended", "head", "pieces", "state")

    def __init__(self, head: Head) -> None:
        self.head = head
        self.pieces: list[str] = []
        self.state: ReasoningState | None = getattr(head, "state", None)
        self.ended = False


class _Choice:
    __slots__ = ("calls", "carried", "cited", "finished", "logprobs", "number", "parts", "texts")

    def __init__(self, number: int) -> None:
        self.number = number
        self.parts: dict[int, _Part] = {}
        self.texts: list[_Part] = []
        self.calls: list[_Part] = []
        self.carried: ReasoningState | None = None
        self.cited: list[tuple[Citation, _Part]] = []
        self.logprobs: list[Json] = []
        self.finished = Finished("end")

    def spans(self) -> list[tuple[Citation, int, str]]:
        """Each citation with the bytes of text before its part, and the part's text."""
        before: dict[int, tuple[int, str]] = {}
        offset = 0
        for part in self.texts:
            text = "".join(part.pieces)
            before[id(part)] = (offset, text)
            offset += len(text.encode())
        return [(citation, *before[id(part)]) for citation, part in self.cited]


class ChunkWriter:
    """Events as GenerateContentResponses, without the framing between them."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._shown = shows_thoughts(reply)
        self._many = (reply.request.sampling.n or 1) > 1
        self._choices: dict[int, _Choice] = {}
        self._id = ""
        self._usage: Usage = NO_USAGE
        self._tail = b""

    def write(self, events: Sequence[Event]) -> list[bytes]:
        if not self._tail:
            self._close_with()
        out: list[bytes] = []
        for event in events:
            handler = self._HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event, out)
        return out

    def finish(self) -> list[bytes]:
        """The last chunk of each candidate."""
        if not self._tail:
            self._close_with()
        return [self._last(self._choices[number]) for number in sorted(self._choices)]

    def _close_with(self) -> None:
        """What every chunk ends with, made anew when the usage changes."""
        self._id = self._id or answer_id("", self._reply)
        tail: JsonObject = {"modelVersion": self._reply.model, "responseId": self._id}
        usage = usage_out(self._usage)
        self._tail = b"," + encode({"usageMetadata": usage, **tail} if usage else tail)[1:]

    def _chunk(self, choice: _Choice, parts: bytes, end: bytes = b"") -> bytes:
        index = b',"index":%d' % choice.number if self._many else b""
        opening = b'{"candidates":[{"content":{"parts":['
        return b"".join((opening, parts, b'],"role":"model"}', end, index, b"}]", self._tail))

    def _started(self, event: Started, out: list[bytes]) -> None:
        self._id = event.id or self._id
        self._usage = self._usage.updated(event.usage)
        self._close_with()

    def _usage_seen(self, event: UsageSeen, out: list[bytes]) -> None:
        self._usage = self._usage.updated(event.usage)
        self._close_with()

    def _choice(self, number: int) -> _Choice:
        choice = self._choices.get(number)
        if choice is None:
            choice = self._choices[number] = _Choice(number)
        return choice

    def _part_started(self, event: PartStarted, out: list[bytes]) -> None:
        head, choice = event.head, self._choice(event.choice)
        part = choice.parts[event.index] = _Part(head)
        if isinstance(head, ToolCall):
            choice.calls.append(part)
            part.pieces.append(head.input)
        elif isinstance(head, Text | Refusal | Reasoning):
            if not isinstance(head, Reasoning):
                choice.texts.append(part)
            self._text(choice, part, head.text, out)
            if part.state is not None:
                self._state(choice, part, out)
        else:
            wire = complete_part(head)
            if wire is not None:
                out.append(self._chunk(choice, encode(wire)))
                if isinstance(head, HostedResult) and "text" in wire:
                    part.pieces.append(head.text)
                    choice.texts.append(part)

    def _text_delta(self, event: TextDelta, out: list[bytes]) -> None:
        choice = self._choices[event.choice]
        self._text(choice, choice.parts[event.index], event.text, out)

    def _text(self, choice: _Choice, part: _Part, text: str, out: list[bytes]) -> None:
        if not text:
            return
        if type(part.head) is Reasoning:
            if self._shown:
                wire = b'{"text":' + encode(text) + b',"thought":true}'
                out.append(self._chunk(choice, wire))
            return
        part.pieces.append(text)
        out.append(self._chunk(choice, b'{"text":' + encode(text) + b"}"))

    def _input_delta(self, event: InputDelta, out: list[bytes]) -> None:
        self._choices[event.choice].parts[event.index].pieces.append(event.text)

    def _state_delta(self, event: StateDelta, out: list[bytes]) -> None:
        choice = self._choices[event.choice]
        part = choice.parts[event.index]
        part.state = event.state
        self._state(choice, part, out)

    def _state(self, choice: _Choice, part: _Part, out: list[bytes]) -> None:
        """A text's state goes out at once, a call's with the call; a thought's waits for the next
        call, or for the end."""
        head = part.head
        if isinstance(head, Text):
            out.append(self._chunk(choice, encode(signed({"text": ""}, part.state))))
        elif isinstance(head, Reasoning):
            if choice.carried is not None:
                out.append(self._chunk(choice, encode(signed({"text": ""}, choice.carried))))
            choice.carried = part.state

    def _part_ended(self, event: PartEnded, out: list[bytes]) -> None:
        choice = self._choices[event.choice]
        choice.parts[event.index].ended = True
        while choice.calls and choice.calls[0].ended:
            part = choice.calls.pop(0)
            head = part.head
            assert isinstance(head, ToolCall)
            state = part.state
            if state is None:
                state, choice.carried = choice.carried, None
            wire = call_part(head.id, head.name, "".join(part.pieces) or "{}", state)
            out.append(self._chunk(choice, encode(wire)))

    def _citation(self, event: CitationDelta, out: list[bytes]) -> None:
        choice = self._choices[event.choice]
        choice.cited.append((event.citation, choice.parts[event.index]))

    def _logprobs(self, event: LogprobsDelta, out: list[bytes]) -> None:
        self._choice(event.choice).logprobs += event.items

    def _finished(self, event: Finished, out: list[bytes]) -> None:
        self._choice(event.choice).finished = event

    def _last(self, choice: _Choice) -> bytes:
        finished = choice.finished
        end = candidate_end(finished.stop, finished.extras, choice.spans(), choice.logprobs)
        part = encode(signed({"text": ""}, choice.carried))
        chunk = self._chunk(choice, part, b"," + encode(end)[1:-1])
        feedback = finished.extras.get("promptFeedback")
        if feedback is None:
            return chunk
        return b'{"promptFeedback":' + encode(feedback) + b"," + chunk[1:]

    _HANDLERS: ClassVar[dict[type, Callable[..., None]]] = {
        TextDelta: _text_delta,
        InputDelta: _input_delta,
        PartStarted: _part_started,
        PartEnded: _part_ended,
        StateDelta: _state_delta,
        CitationDelta: _citation,
        LogprobsDelta: _logprobs,
        UsageSeen: _usage_seen,
        Started: _started,
        Finished: _finished,
    }


class SseStream:
    """`alt=sse`."""

    content_type = "text/event-stream"

    def __init__(self, reply: Reply) -> None:
        self._chunks = ChunkWriter(reply)

    def encode(self, events: Sequence[Event]) -> bytes:
        return b"".join([b"data: " + c + b"\r\n\r\n" for c in self._chunks.write(events)])

    def finish(self) -> bytes:
        return b"".join([b"data: " + c + b"\r\n\r\n" for c in self._chunks.finish()])

    def fail(self, error: DragomanError) -> bytes:
        """The bare error object: Google's SDKs look for it outside the events."""
        return encode(error_out(error)[1]) + b"\n"

    def ping(self) -> bytes:
        return b"\n\n"


class ArrayStream:
    """The stream without `alt=sse`: one JSON array, its elements sent as they come."""

    content_type = "application/json"

    def __init__(self, reply: Reply) -> None:
        self._chunks = ChunkWriter(reply)
        self._before = b"["

    def encode(self, events: Sequence[Event]) -> bytes:
        return self._elements(self._chunks.write(events))

    def finish(self) -> bytes:
        return self._elements(self._chunks.finish()) + self._closed()

    def fail(self, error: DragomanError) -> bytes:
        return self._elements([encode(error_out(error)[1])]) + self._closed()

    def ping(self) -> bytes:
        return b"\n"

    def _elements(self, chunks: list[bytes]) -> bytes:
        if not chunks:
            return b""
        before, self._before = self._before, b",\r\n"
        return before + b",\r\n".join(chunks)

    def _closed(self) -> bytes:
        return b"[]" if self._before == b"[" else b"]"
