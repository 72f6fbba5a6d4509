"""The blocks of one answer → events, whether they come in a stream or whole.

platform.claude.com/docs/en/build-with-claude/streaming (2023-06-01). Hosted calls stream their
input, so they are told when their block stops; so are blocks of unknown type. A call of the
reserved structured-output tool is told as text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec

from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    Head,
    InputDelta,
    PartEnded,
    PartStarted,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import Fields, Json, JsonObject, decode, object_of
from dragoman.neutral.parts import Opaque, Reasoning, ReasoningState, Text, ToolCall
from dragoman.protocols.anthropic.parts_in import Blocks, call_in, citation_in
from dragoman.protocols.anthropic.usage import usage_in
from dragoman.protocols.anthropic.wire import CALL_EXTRAS, NAME, STOPS_IN, STRUCTURED_TOOL, Delta
from dragoman.protocols.codec import Origin

_HOSTED_CALLS = ("server_tool_use", "mcp_tool_use")


class _OpenBlock:
    """index: the part's number. whole: input that came with the start; it counts when no delta
    follows. as_text: input that is really the answer. held: a block told when it stops."""

    __slots__ = ("as_text", "held", "index", "inputs", "whole")

    def __init__(self, index: int, held: JsonObject | None = None) -> None:
        self.index = index
        self.held = held
        self.whole = ""
        self.as_text = False
        self.inputs: list[str] = []


class Answer:
    """Open blocks by their wire index, usage so far, what was called; events gather in `out`.

    Its methods raise InvalidRequest where the upstream sent a wrong type: the caller says whose
    fault that is.
    """

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._blocks = Blocks()
        self._open: dict[int, _OpenBlock] = {}
        self._next = 0
        self._usage: JsonObject = {}
        self._called = False
        self.out: list[Event] = []

    def message(self, message: JsonObject) -> None:
        fields = Fields(message, "message")
        self._count(message.get("usage"))
        usage = usage_in(self._usage)
        self.out.append(Started(fields.text("id") or "", fields.text("model") or "", usage))

    def usage(self, usage: Json) -> None:
        self._count(usage)
        self.out.append(UsageSeen(usage_in(self._usage)))

    def _count(self, usage: Json) -> None:
        if isinstance(usage, dict):
            self._usage.update({k: v for k, v in usage.items() if v is not None})

    def start(self, at: int, block: JsonObject) -> None:
        self.stop(at)
        fields = Fields(block, f"content[{at}]")
        kind = fields.needed_text("type")
        reader = self._starts.get(kind)
        if reader is not None:
            reader(self, at, fields)
        elif kind.endswith("_tool_result"):
            self._begin(at, self._blocks.hosted_result(fields, kind))
        else:
            self._open[at] = _OpenBlock(-1, held=dict(block))

    def _begin(self, at: int, head: Head) -> _OpenBlock:
        block = self._open[at] = _OpenBlock(self._next)
        self._next += 1
        self.out.append(PartStarted(block.index, head))
        return block

    def _text(self, at: int, fields: Fields) -> None:
        block = self._begin(at, Text(""))
        if text := fields.text("text"):
            self.out.append(TextDelta(block.index, text))
        for raw in fields.items("citations") or []:
            self._cite(block, raw)

    def _thinking(self, at: int, fields: Fields) -> None:
        block = self._begin(at, Reasoning())
        if text := fields.text("thinking"):
            self.out.append(TextDelta(block.index, text))
        if signature := fields.text("signature"):
            self.out.append(StateDelta(block.index, self._state(signature)))

    def _redacted(self, at: int, fields: Fields) -> None:
        state = self._state(fields.text("data") or "")
        self._begin(at, Reasoning(state=state, redacted=True))

    def _call(self, at: int, fields: Fields) -> None:
        if not fields.value.get("id"):
            fields = Fields({**fields.value, "id": self._origin.new_id("toolu_")}, fields.path)
        call = call_in(fields)
        if call.name == STRUCTURED_TOOL:
            block = self._begin(at, Text(""))
            block.as_text = True
        else:
            self._called = True
            extras: JsonObject = {
                k: v for k in CALL_EXTRAS if (v := call.extras.get(k)) is not None
            }
            block = self._begin(at, ToolCall(call.id, call.name, "", extras=extras))
        block.whole = "" if call.input == "{}" else call.input

    def delta(self, at: int, delta: Delta) -> None:
        block = self._open.get(at)
        if block is None:
            return
        reader = self._deltas.get(delta.type or "")
        if reader is not None:
            reader(self, block, delta)
        elif block.held is not None:
            self._unknown_delta(block.held, delta)

    def _text_delta(self, block: _OpenBlock, delta: Delta) -> None:
        if delta.text:
            self.out.append(TextDelta(block.index, delta.text))

    def _thinking_delta(self, block: _OpenBlock, delta: Delta) -> None:
        if delta.thinking:
            self.out.append(TextDelta(block.index, delta.thinking))

    def _signature_delta(self, block: _OpenBlock, delta: Delta) -> None:
        if delta.signature:
            self.out.append(StateDelta(block.index, self._state(delta.signature)))

    def _citations_delta(self, block: _OpenBlock, delta: Delta) -> None:
        self._cite(block, raw_value(delta.citation))

    def _input_delta(self, block: _OpenBlock, delta: Delta) -> None:
        if not delta.partial_json:
            return
        block.whole = ""
        if block.held is not None:
            block.inputs.append(delta.partial_json)
        else:
            self._input(block, delta.partial_json)

    @staticmethod
    def _unknown_delta(held: JsonObject, delta: Delta) -> None:
        """A held block's content that comes by itself (compaction)."""
        content = raw_value(delta.content)
        if content is not None:
            held["content"] = content

    def _input(self, block: _OpenBlock, text: str) -> None:
        kind = TextDelta if block.as_text else InputDelta
        self.out.append(kind(block.index, text))

    def _cite(self, block: _OpenBlock, raw: Json) -> None:
        citation = citation_in(raw)
        if citation is not None:
            self.out.append(CitationDelta(block.index, citation))

    def _state(self, blob: str) -> ReasoningState:
        return ReasoningState(blob, NAME, self._origin.upstream, self._origin.credential)

    def stop(self, at: int) -> None:
        block = self._open.get(at)
        if block is None:
            return
        if block.held is not None:
            block = self._tell(at, block.held, "".join(block.inputs))
        elif block.whole:
            self._input(block, block.whole)
        self.out.append(PartEnded(block.index))
        del self._open[at]

    def _tell(self, at: int, held: JsonObject, text: str) -> _OpenBlock:
        """A block that was held until its stop, as a part that is complete in its head."""
        if text:
            given = object_of(text)
            held["input"] = text if given is None else given
        fields = Fields(held, f"content[{at}]")
        kind = fields.needed_text("type")
        if kind in _HOSTED_CALLS:
            return self._begin(at, self._blocks.hosted_call(fields))
        return self._begin(at, Opaque(kind, held, NAME))

    def finish(self, reason: str, sequence: str | None, extras: JsonObject) -> None:
        """The regular end. A reason newer than the table ends the answer and is kept."""
        for at in list(self._open):
            self.stop(at)
        stop = STOPS_IN.get(reason)
        if stop is None:
            stop, extras = "end", {**extras, "stop_reason": reason}
        elif stop == "tool-call" and not self._called:
            stop = "end"
        self.out.append(Finished(stop, sequence, extras=extras))

    _starts: ClassVar[dict[str, Callable[[Answer, int, Fields], None]]] = {
        "text": _text,
        "thinking": _thinking,
        "redacted_thinking": _redacted,
        "tool_use": _call,
    }
    _deltas: ClassVar[dict[str, Callable[[Answer, _OpenBlock, Delta], None]]] = {
        "text_delta": _text_delta,
        "thinking_delta": _thinking_delta,
        "signature_delta": _signature_delta,
        "citations_delta": _citations_delta,
        "input_json_delta": _input_delta,
    }


def raw_value(raw: msgspec.Raw) -> Json:
    """What a frame's field holds, None when it was not there."""
    data = bytes(raw)
    return decode(data) if data else None
