"""Events as a client's Chat stream.

https://platform.openai.com/docs/api-reference/chat-streaming (November 2026). A choice opens with
its role; call k is announced once, with index k, and then gets argument deltas; one finish chunk a
choice; a usage chunk only for a client that asked. Reasoning goes out as `reasoning_content`, which
is what clients of open models read; reasoning state has no field and is left to the exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec

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
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import JsonObject, encode
from dragoman.neutral.parts import (
    HostedResult,
    Media,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.usage import NO_USAGE
from dragoman.protocols.codec import Reply
from dragoman.protocols.framing.sse import sse_data
from dragoman.protocols.openai_chat.errors import error_out
from dragoman.protocols.openai_chat.prose_out import Prose, audio_out, call_out
from dragoman.protocols.openai_chat.usage import usage_out

DONE = b"data: [DONE]\n\n"
KEEPALIVE = b": keepalive\n\n"

_FIELDS: dict[type, str] = {
    Text: "content",
    Reasoning: "reasoning_content",
    Refusal: "refusal",
}

_STRINGS = msgspec.json.Encoder()

_KEPT = ("system_fingerprint", "service_tier")


class _Part:
    """An open part: the bytes before and after a delta's string."""

    __slots__ = ("after", "before", "choice", "fresh", "head")

    def __init__(self, head: Head, choice: Prose, before: bytes, after: bytes) -> None:
        self.head = head
        self.choice = choice
        self.before = before
        self.after = after
        self.fresh = True


class ChatStreamEncoder:
    """See `codec.StreamEncoder`."""

    content_type = "text/event-stream; charset=utf-8"

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._usage = NO_USAGE
        self._choices: dict[int, Prose] = {}
        self._parts: dict[tuple[int, int], _Part] = {}
        self._head = b""
        self._name(Started())

    def encode(self, events: Sequence[Event]) -> bytes:
        out: list[bytes] = []
        for event in events:
            handler = self._HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event, out)
        return b"".join(out)

    def finish(self) -> bytes:
        request = self._reply.request
        if not request.include_usage:
            return DONE
        usage = encode(usage_out(self._usage))
        return self._head + b'[],"usage":' + usage + b"}\n\n" + DONE

    def fail(self, error: DragomanError) -> bytes:
        return sse_data(encode(error_out(error)[1]))

    def ping(self) -> bytes:
        return KEEPALIVE

    def _name(self, started: Started) -> None:
        """Fixes what every chunk begins with."""
        reply = self._reply
        own = started.id.startswith("chatcmpl-")
        chunk: JsonObject = {
            "id": started.id if own else reply.new_id("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": reply.created_s,
            "model": reply.model,
            **{key: started.extras[key] for key in _KEPT if key in started.extras},
        }
        self._head = b"data: " + encode(chunk)[:-1] + b',"choices":'

    def _started(self, event: Started, out: list[bytes]) -> None:
        self._usage = self._usage.updated(event.usage)
        if not self._choices:
            self._name(event)
        self._choice(0, out)

    def _choice(self, number: int, out: list[bytes]) -> Prose:
        """The choice, opened with its role."""
        choice = self._choices.get(number)
        if choice is None:
            choice = self._choices[number] = Prose()
            self._delta(number, {"role": "assistant", "content": ""}, out)
        return choice

    def _delta(self, number: int, delta: JsonObject, out: list[bytes]) -> None:
        choice = encode({"index": number, "delta": delta, "logprobs": None, "finish_reason": None})
        out.append(self._head + b"[" + choice + b"]}\n\n")

    def _part_started(self, event: PartStarted, out: list[bytes]) -> None:
        choice, head, number = self._choice(event.choice, out), event.head, event.choice
        choice.starts(head)
        opening = self._head + b'[{"index":%d,"delta":{' % number
        closing = b'},"logprobs":null,"finish_reason":null}]}\n\n'
        if isinstance(head, ToolCall):
            index = choice.calls
            choice.calls += 1
            self._delta(number, {"tool_calls": [{"index": index, **call_out(head, "")}]}, out)
            body = b'"custom":{"input"' if head.kind == "custom" else b'"function":{"arguments"'
            before = opening + b'"tool_calls":[{"index":%d,%b:' % (index, body)
            part = _Part(head, choice, before, b"}}]" + closing)
        elif isinstance(head, HostedResult):
            if head.text:
                text = choice.lead(head) + head.text
                choice.said += len(head.text)
                self._delta(number, {"content": text}, out)
            return
        elif isinstance(head, Media):
            if head.kind == "image":
                self._delta(number, {"images": [choice.image(head)]}, out)
            elif head.kind == "audio":
                self._delta(number, {"audio": audio_out(head, self._reply)}, out)
            return
        elif type(head) in _FIELDS:
            field = _FIELDS[type(head)].encode()
            part = _Part(head, choice, opening + b'"%b":' % field, closing)
        else:
            return
        self._parts[number, event.index] = part

    def _text(self, event: TextDelta, out: list[bytes]) -> None:
        part = self._parts[event.choice, event.index]
        text = event.text
        if not text:
            return
        if type(part.head) is Text:
            if part.fresh:
                lead = part.choice.lead(part.head)
                part.choice.said += len(text)
                text = lead + text
                part.fresh = False
            else:
                part.choice.said += len(text)
        elif part.fresh:
            text = part.choice.lead(part.head) + text
            part.fresh = False
        out.append(part.before + _STRINGS.encode(text) + part.after)

    def _input(self, event: InputDelta, out: list[bytes]) -> None:
        if event.text:
            part = self._parts[event.choice, event.index]
            part.fresh = False
            out.append(part.before + _STRINGS.encode(event.text) + part.after)

    def _citation(self, event: CitationDelta, out: list[bytes]) -> None:
        found = self._choices[event.choice].annotation(event.citation)
        if found is not None:
            self._delta(event.choice, {"annotations": [found]}, out)

    def _logprobs(self, event: LogprobsDelta, out: list[bytes]) -> None:
        self._choice(event.choice, out)
        choice: JsonObject = {
            "index": event.choice,
            "delta": {},
            "logprobs": {"content": event.items, "refusal": None},
            "finish_reason": None,
        }
        out.append(self._head + b"[" + encode(choice) + b"]}\n\n")

    def _part_ended(self, event: PartEnded, out: list[bytes]) -> None:
        part = self._parts.pop((event.choice, event.index), None)
        if part is None or not part.fresh:
            return
        if isinstance(part.head, ToolCall) and part.head.kind == "function":
            out.append(part.before + b'"{}"' + part.after)

    def _usage_seen(self, event: UsageSeen, out: list[bytes]) -> None:
        self._usage = self._usage.updated(event.usage)

    def _finished(self, event: Finished, out: list[bytes]) -> None:
        prose = self._choice(event.choice, out)
        choice: JsonObject = {
            "index": event.choice,
            "delta": {},
            "logprobs": None,
            "finish_reason": prose.finish_reason(event.stop),
        }
        out.append(self._head + b"[" + encode(choice) + b"]}\n\n")

    _HANDLERS: ClassVar[dict[type, Callable[..., None]]] = {
        Started: _started,
        PartStarted: _part_started,
        TextDelta: _text,
        InputDelta: _input,
        CitationDelta: _citation,
        LogprobsDelta: _logprobs,
        PartEnded: _part_ended,
        UsageSeen: _usage_seen,
        Finished: _finished,
    }
