"""One choice of an upstream's answer, as parts: what is open, what comes next, how it ends.

A `message` is read as one large delta, so a whole answer and a stream give the same events.
"""

from __future__ import annotations

import msgspec

from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.json import Json, decode
from dragoman.neutral.parts import Media, Reasoning, Refusal, Text
from dragoman.protocols.codec import Origin
from dragoman.protocols.framing.think_tags import ThinkTags
from dragoman.protocols.openai_chat.calls_in import Calls, Parts
from dragoman.protocols.openai_chat.media import media_of_url, sound_of
from dragoman.protocols.openai_chat.parts_in import citation_in, detail_in
from dragoman.protocols.openai_chat.wire import NO_RAW, STOP_IN, ContentItem, Delta

_TEXT, _REASONING, _REFUSAL = Text(""), Reasoning(), Refusal("")


class ChoiceReader:
    """`finished` is the choice's end once its finish_reason came; the stream says when to send
    it. Parts that hold prose follow one another; calls overlap."""

    __slots__ = (
        "_audio",
        "_calls",
        "_head",
        "_number",
        "_open",
        "_origin",
        "_parts",
        "_source",
        "_tags",
        "finished",
    )  # fmt: skip

    def __init__(self, number: int, origin: Origin) -> None:
        self.finished: Finished | None = None
        self._number = number
        self._origin = origin
        self._parts = Parts()
        self._open = -1
        self._head: Text | Reasoning | Refusal | None = None
        self._tags: ThinkTags | None = ThinkTags()
        self._source = ""
        self._audio: list[str] = []
        self._calls = Calls(number, self._parts)

    def read(self, delta: Delta, out: list[Event]) -> None:
        content = delta.content
        if delta.reasoning_content:
            self._reason("reasoning_content", delta.reasoning_content, out)
        if delta.reasoning:
            self._reason("reasoning", delta.reasoning, out)
        if delta.reasoning_details != NO_RAW:
            self._details(_items(delta.reasoning_details), out)
        if content:
            if isinstance(content, str):
                self._content(content, out)
            else:
                self._content_items(content, out)
        if delta.refusal:
            self._prose(_REFUSAL, delta.refusal, out)
        if delta.annotations != NO_RAW:
            self._annotations(_items(delta.annotations), out)
        if delta.images != NO_RAW:
            self._images(_items(delta.images), out)
        if delta.audio != NO_RAW:
            self._hear(decode(bytes(delta.audio)), out)
        if delta.tool_calls:
            self._close(out)
            for call in delta.tool_calls:
                self._calls.add(call, out)
        if delta.function_call is not None:
            self._close(out)
            self._calls.legacy(delta.function_call, out)

    def logprobs(self, raw: msgspec.Raw, out: list[Event]) -> None:
        value = decode(bytes(raw))
        if isinstance(value, dict):
            for key in ("content", "refusal"):
                items = value.get(key)
                if isinstance(items, list) and items:
                    out.append(LogprobsDelta(max(self._parts.begun - 1, 0), items, self._number))

    def finish(self, reason: str, stop_sequence: str | None, out: list[Event]) -> None:
        """The finish_reason came: all parts end.

        Raises:
            Broken: a call was never named.
        """
        if self.finished is not None:
            return
        self._close(out)
        if self._audio:
            self._whole(sound_of(self._audio), out)
        self._calls.finish(self._origin, out)
        stop = STOP_IN.get(reason, "end")
        if stop == "end" and self._calls.any:
            stop = "tool-call"
        elif stop == "tool-call" and not self._calls.any:
            stop = "end"
        elif stop == "end" and stop_sequence is not None:
            stop = "stop-sequence"
        extras: dict[str, Json] = {} if reason in STOP_IN else {"finish_reason": reason}
        self.finished = Finished(stop, stop_sequence, self._number, extras)

    def _content(self, text: str, out: list[Event]) -> None:
        if self._tags is None:
            self._prose(_TEXT, text, out)
            return
        for kind, piece in self._tags.feed(text):
            self._prose(_TEXT if kind == "text" else _REASONING, piece, out)
        if self._tags.done:
            self._tags = None

    def _content_items(self, items: list[ContentItem], out: list[Event]) -> None:
        for item in items:
            if item.text:
                self._content(item.text, out)
            elif isinstance(item.thinking, str):
                self._reason("thinking", item.thinking, out)
            else:
                for inner in item.thinking or ():
                    self._reason("thinking", inner.text or "", out)

    def _reason(self, source: str, text: str, out: list[Event]) -> None:
        """Reasoning, from the first field that held any: hosts send the same text twice."""
        if not self._source:
            self._source = source
        if text and source == self._source:
            self._prose(_REASONING, text, out)

    def _details(self, items: list[Json], out: list[Event]) -> None:
        for item in items:
            if not isinstance(item, dict):
                continue
            part = detail_in(item)
            self._reason("details", part.text, out)
            if part.state is None:
                continue
            if part.redacted and item.get("type") == "reasoning.encrypted":
                self._close(out)
                index = self._parts.take()
                out.append(PartStarted(index, Reasoning(redacted=True), self._number))
                out.append(StateDelta(index, part.state, self._number))
                out.append(PartEnded(index, self._number))
            else:
                self._begin(_REASONING, out)
                out.append(StateDelta(self._open, part.state, self._number))

    def _annotations(self, items: list[Json], out: list[Event]) -> None:
        for item in items:
            self._begin(_TEXT, out)
            out.append(CitationDelta(self._open, citation_in(item), self._number))

    def _images(self, items: list[Json], out: list[Event]) -> None:
        for item in items:
            image = item.get("image_url") if isinstance(item, dict) else None
            url = image.get("url") if isinstance(image, dict) else None
            if isinstance(url, str):
                self._whole(media_of_url("image", url), out)

    def _hear(self, audio: Json, out: list[Event]) -> None:
        """Speech: its transcript is the text, its sound a part at the end."""
        if isinstance(audio, dict):
            transcript, data = audio.get("transcript"), audio.get("data")
            if isinstance(transcript, str) and transcript:
                self._prose(_TEXT, transcript, out)
            if isinstance(data, str) and data:
                self._audio.append(data)

    def _whole(self, media: Media, out: list[Event]) -> None:
        self._close(out)
        index = self._parts.take()
        out.append(PartStarted(index, media, self._number))
        out.append(PartEnded(index, self._number))

    def _prose(self, head: Text | Reasoning | Refusal, text: str, out: list[Event]) -> None:
        if self._head is not head:
            self._begin(head, out)
        out.append(TextDelta(self._open, text, self._number))

    def _begin(self, head: Text | Reasoning | Refusal, out: list[Event]) -> None:
        """An open part of this kind, whatever was open before."""
        if self._head is head:
            return
        if self._head is not None:
            out.append(PartEnded(self._open, self._number))
        self._open = self._parts.take()
        self._head = head
        out.append(PartStarted(self._open, head, self._number))

    def _close(self, out: list[Event]) -> None:
        """The open prose ends; what was held as a possible tag is text after all."""
        if self._tags is not None:
            for kind, piece in self._tags.finish():
                self._prose(_TEXT if kind == "text" else _REASONING, piece, out)
            self._tags = None
        if self._head is not None:
            out.append(PartEnded(self._open, self._number))
            self._head = None


def _items(raw: msgspec.Raw) -> list[Json]:
    value = decode(bytes(raw))
    return value if isinstance(value, list) else []
