"""An upstream's answer as events: its stream, and a whole answer.

https://platform.openai.com/docs/api-reference/chat-streaming (November 2026). The end is each
choice's `finish_reason`. Finished is held back until the usage that may follow it has come, or
`[DONE]`, or the stream's end.
"""

from __future__ import annotations

import msgspec

from dragoman.errors import Broken, DragomanError, UpstreamRefused
from dragoman.neutral.events import Event, Failed, Started, UsageSeen
from dragoman.neutral.json import Json, JsonObject, decode
from dragoman.protocols.codec import Origin
from dragoman.protocols.framing.sse import SseDecoder, SseEvent
from dragoman.protocols.openai_chat.choices_in import ChoiceReader
from dragoman.protocols.openai_chat.errors import error_in, error_of
from dragoman.protocols.openai_chat.usage import usage_in
from dragoman.protocols.openai_chat.wire import (
    CHUNKS,
    FAILED_FINISHES,
    NO_RAW,
    Chunk,
    ChunkChoice,
)

_EXCERPT = 200
_LONGEST_BARE = 4 << 20


class ChatStreamDecoder:
    """See `codec.StreamDecoder`. A host that answers with bare JSON (an error, or an answer because
    it ignores `stream`) is understood too: `_bare` is what came before any event."""

    __slots__ = ("_answer", "_bare", "_sse", "ended")

    def __init__(self, origin: Origin) -> None:
        self.ended = False
        self._bare: bytes | None = b""
        self._sse = SseDecoder()
        self._answer = _Answer(origin)

    def feed(self, data: bytes) -> list[Event]:
        out: list[Event] = []
        events = self._sse.feed(data)
        if self._bare is not None:
            self._bare = None if events else (self._bare + data)[:_LONGEST_BARE]
        self._read(events, out)
        return out

    def finish(self) -> list[Event]:
        out: list[Event] = []
        self._read(self._sse.finish(), out)
        if not self.ended:
            self.ended = True
            bare = self._bare.strip() if self._bare is not None else b""
            if not (bare.startswith(b"{") and self._answer.read(bare, out)):
                self._answer.end(out)
        return out

    def _read(self, events: list[SseEvent], out: list[Event]) -> None:
        for event in events:
            if self.ended:
                return
            data = event.data
            if data == b"[DONE]" or data.strip() == b"[DONE]":
                self.ended = True
                self._answer.end(out)
            elif event.event == "error":
                self.ended = True
                out.append(Failed(error_in(200, data)))
            elif data:
                self.ended = self._answer.read(data, out)


def answer_in(data: bytes, origin: Origin) -> list[Event]:
    """A whole answer; also one that a host streamed although it was not asked to."""
    if data.lstrip()[:5] == b"data:":
        stream = ChatStreamDecoder(origin)
        return stream.feed(data) + stream.finish()
    out: list[Event] = []
    answer = _Answer(origin)
    if not answer.read(data, out):
        answer.end(out)
    return out


class _Answer:
    """What the chunks add up to so far."""

    __slots__ = ("_choices", "_origin", "_started")

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._started = False
        self._choices: dict[int, ChoiceReader] = {}

    def read(self, data: bytes, out: list[Event]) -> bool:
        """Adds one chunk's events; whether it was the last."""
        try:
            chunk = CHUNKS.decode(data)
            if chunk.error != NO_RAW and (error := _error(chunk.error, data)):
                out.append(Failed(error))
                return True
            if chunk.object == "error":
                out.append(Failed(error_in(200, data)))
                return True
            return self._chunk(chunk, out)
        except DragomanError as error:
            out.append(Failed(error))
        except (msgspec.DecodeError, ValueError) as error:
            excerpt = data[:_EXCERPT].decode("utf-8", "replace")
            out.append(Failed(Broken(f"the upstream's answer is no chat completion: {error}",
                                     detail=excerpt)))  # fmt: skip
        return True

    def end(self, out: list[Event]) -> None:
        """The stream is over: every choice's Finished, or what is missing."""
        choices = self._choices
        if choices and all(choice.finished is not None for choice in choices.values()):
            out.extend(c.finished for _, c in sorted(choices.items()) if c.finished is not None)
        elif choices:
            out.append(Failed(Broken("the upstream's answer was cut: no finish_reason came")))
        else:
            out.append(Failed(Broken("the upstream's answer was cut: it held no choice")))

    def _chunk(self, chunk: Chunk, out: list[Event]) -> bool:
        if not self._started:
            self._started = True
            out.append(_started(chunk))
        if chunk.choices:
            for choice in chunk.choices:
                self._choice(choice, out)
        if chunk.usage == NO_RAW:
            return False
        usage = decode(bytes(chunk.usage))
        if not isinstance(usage, dict):
            return False
        out.append(UsageSeen(usage_in(usage)))
        last = not chunk.choices and bool(self._choices)
        if last and all(choice.finished is not None for choice in self._choices.values()):
            self.end(out)
            return True
        return False

    def _choice(self, choice: ChunkChoice, out: list[Event]) -> None:
        reader = self._choices.get(choice.index)
        if reader is None:
            reader = self._choices[choice.index] = ChoiceReader(choice.index, self._origin)
        if choice.error != NO_RAW and (error := _error(choice.error, b"")):
            raise error
        delta = choice.delta or choice.message
        if delta is not None and reader.finished is None:
            reader.read(delta, out)
        if choice.logprobs != NO_RAW:
            reader.logprobs(choice.logprobs, out)
        reason = choice.finish_reason
        if reason:
            if reason in FAILED_FINISHES:
                raise UpstreamRefused(f"the upstream gave up: finish_reason {reason}", status=502)
            stop = choice.stop_reason if isinstance(choice.stop_reason, str) else None
            reader.finish(reason, stop, out)


def _started(chunk: Chunk) -> Started:
    extras: JsonObject = {}
    if chunk.system_fingerprint is not None:
        extras["system_fingerprint"] = chunk.system_fingerprint
    if chunk.service_tier is not None:
        extras["service_tier"] = chunk.service_tier
    return Started(id=chunk.id or "", model=chunk.model or "", extras=extras)


def _error(raw: msgspec.Raw, body: bytes) -> UpstreamRefused | None:
    value: Json = decode(bytes(raw))
    return error_of({"error": value}, 200, body) if value else None
