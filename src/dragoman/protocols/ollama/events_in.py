"""Ollama's answers as events: NDJSON streams of `/api/chat` and `/api/generate`, and whole answers.

`done: true` is the end marker. Calls arrive whole, often without an id. Content and calls are also
read from the last record. A model whose template Ollama does not know thinks inline: `<think>` at
the start of the content is reasoning, unless the `thinking` field was used.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from dragoman.errors import Broken, DragomanError
from dragoman.neutral.events import (
    Event,
    Failed,
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
from dragoman.neutral.json import decode, object_of
from dragoman.neutral.parts import Reasoning, Text, ToolCall
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Origin
from dragoman.protocols.framing.ndjson import NdjsonDecoder
from dragoman.protocols.framing.think_tags import ThinkTags
from dragoman.protocols.ollama.errors import error_text, refused
from dragoman.protocols.ollama.images import image_in
from dragoman.protocols.ollama.wire import ABSENT, STOP_OF, CalledTool, Record

_RECORDS = msgspec.json.Decoder(Record)
_HEAD_OF: dict[str, Head] = {"text": Text(""), "reasoning": Reasoning()}
_NO_ERROR = (ABSENT, msgspec.Raw(b'""'))
_SHOWN_OF_GARBAGE = 200


class StreamReader:
    """The StreamDecoder of Ollama."""

    __slots__ = ("_called", "_lines", "_next", "_open", "_origin", "_started", "_tags", "ended")

    def __init__(self, origin: Origin) -> None:
        self.ended = False
        self._origin = origin
        self._lines = NdjsonDecoder()
        self._tags = ThinkTags()
        self._started = False
        self._called = False
        self._next = 0
        self._open: Literal["text", "reasoning"] | None = None

    def feed(self, data: bytes) -> list[Event]:
        return self._read(self._lines.feed(data))

    def finish(self) -> list[Event]:
        out = self._read(self._lines.finish())
        if not self.ended:
            self._fail(out, Broken("the upstream's stream was cut before done: true"))
        return out

    def whole(self, data: bytes) -> list[Event]:
        """An answer that is one document, however it is laid out."""
        out = self._read([data])
        return out + self.finish()

    def _read(self, lines: list[bytes]) -> list[Event]:
        out: list[Event] = []
        for line in lines:
            if self.ended:
                break
            try:
                self._record(_RECORDS.decode(line), out)
            except (msgspec.DecodeError, ValueError) as error:
                self._fail(out, _garbage(line, error))
        return out

    def _record(self, record: Record, out: list[Event]) -> None:
        if record.error not in _NO_ERROR:
            # The status was 200; what stands here happened while the model ran.
            told = error_text(decode(bytes(record.error))) or "the upstream's model failed"
            self._fail(out, refused(200, told, bytes(record.error)))
            return
        if not self._started:
            self._started = True
            out.append(Started(model=record.model or ""))
        message = record.message
        if message is None:
            self._thinking(record.thinking, out)
            self._content(record.response, out)
        else:
            self._thinking(message.thinking, out)
            self._images(message.images, out)
            self._content(message.content, out)
        if record.logprobs != ABSENT:
            self._logprobs(record.logprobs, out)
        if message is not None and message.tool_calls:
            self._calls(message.tool_calls, out)
        if record.done and not self.ended:
            self._done(record, out)

    def _thinking(self, text: str | None, out: list[Event]) -> None:
        if text:
            self._tags.done = True
            self._text("reasoning", text, out)

    def _content(self, text: str | None, out: list[Event]) -> None:
        if not text:
            return
        if self._tags.done:
            self._text("text", text, out)
            return
        for kind, piece in self._tags.feed(text):
            self._text(kind, piece, out)

    def _text(self, kind: Literal["text", "reasoning"], text: str, out: list[Event]) -> None:
        if self._open != kind:
            self._close(out)
            self._open = kind
            out.append(PartStarted(self._next, _HEAD_OF[kind]))
        out.append(TextDelta(self._next, text))

    def _close(self, out: list[Event]) -> None:
        if self._open is not None:
            out.append(PartEnded(self._next))
            self._next += 1
            self._open = None

    def _flush(self, out: list[Event]) -> None:
        """Everything said so far is complete: another kind of part, or the end, follows."""
        for kind, piece in self._tags.finish():
            self._text(kind, piece, out)
        self._close(out)

    def _images(self, images: list[str] | None, out: list[Event]) -> None:
        for image in images or ():
            self._flush(out)
            out += (PartStarted(self._next, image_in(image)), PartEnded(self._next))
            self._next += 1

    def _logprobs(self, raw: msgspec.Raw, out: list[Event]) -> None:
        items = decode(bytes(raw))
        if isinstance(items, list) and items:
            index = self._next if self._open else max(self._next - 1, 0)
            out.append(LogprobsDelta(index, items))

    def _calls(self, calls: list[CalledTool], out: list[Event]) -> None:
        self._flush(out)
        for call in calls:
            name = call.function.name
            arguments = _arguments(call.function.arguments)
            if arguments is None:
                shown = bytes(call.function.arguments)[:_SHOWN_OF_GARBAGE].decode(errors="replace")
                text = f"the upstream called {name} with arguments that are no object: {shown}"
                self._fail(out, Broken(text))
                return
            head = ToolCall(call.id or self._origin.new_id("call_"), name, "")
            out += (
                PartStarted(self._next, head),
                InputDelta(self._next, arguments),
                PartEnded(self._next),
            )
            self._next += 1
            self._called = True

    def _done(self, record: Record, out: list[Event]) -> None:
        self._flush(out)
        if record.prompt_eval_count is not None or record.eval_count is not None:
            usage = Usage(tokens_in=record.prompt_eval_count, tokens_out=record.eval_count)
            out.append(UsageSeen(usage))
        stop = STOP_OF.get(record.done_reason or "stop", "end")
        out.append(Finished("tool-call" if self._called and stop == "end" else stop))
        self.ended = True

    def _fail(self, out: list[Event], error: DragomanError) -> None:
        out.append(Failed(error))
        self.ended = True


def answer_in(body: bytes, origin: Origin) -> list[Event]:
    """A whole answer's events; a server that streamed all the same is understood too."""
    reader = StreamReader(origin)
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return reader.feed(body) + reader.finish()
    return reader.whole(body)


def _arguments(raw: msgspec.Raw) -> str | None:
    """The exact text of the arguments; some servers send them as a string, or not at all."""
    text = bytes(raw).decode()
    if text.startswith("{"):
        return text
    value = decode(text)
    if value is None or value == "":
        return "{}"
    return value if isinstance(value, str) and object_of(value) is not None else None


def _garbage(line: bytes, error: Exception) -> Broken:
    shown = line[:_SHOWN_OF_GARBAGE].decode("utf-8", "replace")
    return Broken(f"the upstream sent what is no Ollama record ({error}): {shown}")
