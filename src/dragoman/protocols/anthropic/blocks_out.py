"""One part of an answer → the frames of its content block.

platform.claude.com/docs/en/build-with-claude/streaming (2023-06-01). A block starts with its first
content, so that an empty part leaves none. A call starts with input {} and its arguments follow as
input_json_delta, an absent input as "{}"; thinking ends with one signature_delta when it has one.
Which block may be written when is `events_out`'s to say.
"""

from __future__ import annotations

from typing import assert_never

from dragoman.neutral.events import (
    CitationDelta,
    Head,
    InputDelta,
    PartEnded,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.json import JsonObject, encode
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.protocols.anthropic.answers_out import call_head, foreign_text, own_block
from dragoman.protocols.anthropic.parts_out import Block, citation_out
from dragoman.protocols.anthropic.wire import NAME
from dragoman.protocols.codec import Reply
from dragoman.protocols.framing.sse import sse_event

PartDelta = TextDelta | InputDelta | StateDelta | CitationDelta
PartEvent = PartDelta | PartEnded

_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":'
_KINDS = {
    "text": b',"delta":{"type":"text_delta","text":',
    "thinking": b',"delta":{"type":"thinking_delta","thinking":',
    "signature": b',"delta":{"type":"signature_delta","signature":',
    "input": b',"delta":{"type":"input_json_delta","partial_json":',
    "citation": b',"delta":{"type":"citations_delta","citation":',
}
_END = b"}}\n\n"


class StreamedPart:
    """A part that has started. `shown`: its block has; `called`: some input was written; `waiting`:
    what came for it while another block was open."""

    __slots__ = ("called", "head", "shown", "signature", "waiting")

    def __init__(self, head: Head) -> None:
        self.head = head
        self.shown = False
        self.called = False
        self.signature = ""
        self.waiting: list[PartEvent] = []


class BlockWriter:
    """Writes one block after the other into `out`, numbered from 0."""

    def __init__(self, reply: Reply, out: list[bytes]) -> None:
        self._reply = reply
        self._out = out
        self._number = 0
        self._start = _DELTA + b"0"

    def open(self, part: StreamedPart) -> None:
        """What the head alone says: a call's name, a whole block, text that came with it."""
        head = part.head
        match head:
            case ToolCall():
                self._show(part, call_head(head, self._reply))
                self._input(part, head.input)
            case Reasoning():
                part.signature = "" if head.state is None else head.state.blob
                self._text(part, head.text)
            case Text():
                self._text(part, head.text)
                for citation in head.citations:
                    self._cite(part, citation)
            case Refusal() | Media() | HostedCall() | HostedResult() | Opaque():
                self._whole(part, own_block(head))
            case _:
                assert_never(head)

    def delta(self, part: StreamedPart, event: PartDelta) -> None:
        if isinstance(event, TextDelta):
            self._text(part, event.text)
        elif isinstance(event, InputDelta):
            self._input(part, event.text)
        elif isinstance(event, StateDelta):
            part.signature = event.state.blob
        else:
            self._cite(part, event.citation)

    def close(self, part: StreamedPart) -> None:
        head = part.head
        if isinstance(head, Reasoning) and part.signature:
            self._sign(part, head.redacted)
        elif isinstance(head, ToolCall) and not part.called:
            self._input(part, "{}")
        if part.shown:
            stop: JsonObject = {"type": "content_block_stop", "index": self._number}
            self._out.append(sse_event("content_block_stop", encode(stop)))
            self._number += 1
            self._start = _DELTA + b"%d" % self._number

    def _show(self, part: StreamedPart, block: Block) -> None:
        part.shown = True
        start: JsonObject = {
            "type": "content_block_start",
            "index": self._number,
            "content_block": block,
        }
        self._out.append(sse_event("content_block_start", encode(start)))

    def _put(self, kind: str, value: bytes) -> None:
        self._out.append(self._start + _KINDS[kind] + value + _END)

    def _text(self, part: StreamedPart, text: str) -> None:
        if not text:
            return
        thinks = isinstance(part.head, Reasoning)
        if not part.shown:
            self._show(part, _empty_thinking() if thinks else _empty_text())
        self._put("thinking" if thinks else "text", encode(text))

    def _input(self, part: StreamedPart, text: str) -> None:
        if text:
            part.called = True
            self._put("input", encode(text))

    def _cite(self, part: StreamedPart, citation: Citation) -> None:
        if not citation.url and citation.protocol != NAME:
            return
        if not part.shown:
            self._show(part, _empty_text())
        self._put("citation", encode(citation_out(citation)))

    def _sign(self, part: StreamedPart, redacted: bool) -> None:
        if redacted:
            self._show(part, {"type": "redacted_thinking", "data": part.signature})
            return
        if not part.shown:
            self._show(part, _empty_thinking())
        self._put("signature", encode(part.signature))

    def _whole(self, part: StreamedPart, block: Block | None) -> None:
        if block is None:
            self._text(part, foreign_text(part.head))
        elif isinstance(part.head, HostedCall):
            self._show(part, {**block, "input": {}})
            self._put("input", encode(part.head.input))
        else:
            self._show(part, block)


def _empty_text() -> Block:
    return {"type": "text", "text": ""}


def _empty_thinking() -> Block:
    return {"type": "thinking", "thinking": "", "signature": ""}
