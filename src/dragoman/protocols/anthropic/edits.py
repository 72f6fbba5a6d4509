"""Edits on a Messages body in its bytes, and which sampling values its models take.

platform.claude.com/docs/en/api/messages (2023-06-01 and 2026-10-21).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import ClassVar

import msgspec

from dragoman.neutral.editing import kept_first, last_mark, within
from dragoman.neutral.edits import ReplaceSystemText
from dragoman.neutral.json import Fields, Json, JsonObject, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import CacheMark, Part, Text, ToolCall, ToolResult
from dragoman.neutral.requests import (
    FunctionTool,
    Number,
    ReasoningSettings,
    Request,
    Sampling,
    ToolChoice,
)
from dragoman.protocols.anthropic.parts_in import Blocks, mark_out
from dragoman.protocols.anthropic.requests_in import (
    choice_in,
    reasoning_in,
    sampling_in,
    tool_in,
    unbilled,
)
from dragoman.protocols.anthropic.tools_out import choice_out, remembered_tools
from dragoman.protocols.anthropic.wire import (
    NO_SAMPLING_SINCE,
    ONE_OF_TEMPERATURE_AND_TOP_P_SINCE,
    model_version,
)
from dragoman.protocols.codec import Editing, Target
from dragoman.protocols.framing.contents import Content, Form
from dragoman.protocols.framing.conversations import Head, Shape, Side
from dragoman.protocols.framing.drafts import Draft, Items, decoded
from dragoman.protocols.framing.editor import Editor, Ranges, fields_of, limited, unchanged
from dragoman.protocols.framing.tool_lists import Filter, rebuilt

_RANGES: Ranges = {
    "max_tokens": (1, None),
    "temperature": (0, 1),
    "top_p": (0, 1),
    "top_k": (0, None),
}
_NOT_THINKING = ("temperature", "top_k")
_REFERENCE = b'"tool_reference"'
_LEAST_TOP_P = Decimal("0.95")
"""While the model thinks."""
_SETTINGS = (
    "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "thinking", "output_config",
)  # fmt: skip


def _read(value: Json, path: str) -> Part:
    return unbilled(Blocks().part(Fields(value, path)))


def _write(text: str, mark: CacheMark | None) -> JsonObject:
    block: JsonObject = {"type": "text", "text": text}
    return block | {"cache_control": mark_out(mark)} if mark else block


def _side(head: Head) -> Side:
    return "user" if head.role == "user" else "other"


_FORM = Form(_read, _write, blocks=True)
_SHAPE = Shape("messages", _side, lambda: _FORM)


class _Editor(Editor):
    fields: ClassVar = {name: (name,) for name in _RANGES}
    shape = _SHAPE

    def add_system(self, text: str) -> None:
        self.draft.put("system", self._system().with_text(text))

    def put_system(self, text: str) -> None:
        content = self._system()
        mark = last_mark(content.parts[len(kept_first(content.parts)) :])
        self.draft.put("system", content.put(text, mark))

    def replace_text(self, edit: ReplaceSystemText) -> None:
        content = self._system()
        if content.parts:
            self.draft.put("system", content.replaced(edit))

    def _system(self) -> Content:
        return Content(self.draft.get("system"), "system", _FORM)

    def filter_tools(self, found: Filter) -> None:
        raw = self.draft.get("tools")
        if raw is not None:
            self.draft.put("tools", found.left(raw, "tools", tool_in))

    def fit_choice(self, found: Filter) -> None:
        raw = self.draft.get("tool_choice")
        written = None if raw is None else Fields(decoded(raw, "tool_choice"), "tool_choice")
        old = choice_in(written)
        new = found.choice(old, self.losses)
        self._forget({tool.name for tool in found.dropped})
        if not found.kept and (names := self._called()):
            # Calls in a conversation are refused where no tool at all is declared.
            self.draft.put("tools", encode([*remembered_tools(names)]))
            new = ToolChoice("none")
        if new != old:
            choice = choice_out(new, own=True)
            self.draft.put("tool_choice", None if choice is None else encode(choice))

    def _forget(self, dropped: set[str]) -> None:
        """References to tools that are declared no more are refused: they become text."""
        raw = self.draft.get("messages")
        if raw is None or _REFERENCE not in raw:
            return

        def block(raw: bytes, path: str) -> bytes:
            if _REFERENCE not in raw:
                return raw
            inner = Draft(raw)
            content = inner.get("content")
            if content is not None and content.startswith(b"["):
                inner.put("content", rebuilt(content, path, block))
                return inner.body()
            name = Fields(decoded(raw, path), path).value.get("tool_name")
            return encode(_write(_gone(str(name)), None)) if name in dropped else raw

        self.draft.put("messages", rebuilt(raw, "messages", block))

    def _called(self) -> list[str]:
        """The names of the tools that the conversation calls."""
        raw = self.draft.get("messages") or b"[]"
        if b'"tool_use"' not in raw:
            return []
        names: dict[str, None] = {}
        for message in Items(raw, "messages").raw:
            for block in _blocks(decoded(message, "messages")):
                if block.get("type") == "tool_use" and isinstance(block.get("name"), str):
                    names[str(block["name"])] = None
        return list(names)

    def set_field(self, field: str, value: Number) -> None:
        super().set_field(field, value)
        raw = self.draft.get("thinking")
        if field != "max_tokens" or raw is None:
            return
        old = reasoning_in(Fields({"thinking": decoded(raw, "thinking")}), Fields({}))
        new = within(old, int(value), self.losses)
        if new.mode != old.mode:
            self.draft.put("thinking", b'{"type":"disabled"}')
        elif new.budget != old.budget:
            inner = self.opened(raw)
            inner.put("budget_tokens", encode(new.budget))
            self.draft.put("thinking", inner.body())


def forgotten(request: Request, dropped: Collection[str]) -> Request:
    """A request that was read, its references to these tools as text."""
    turns = []
    for turn in request.turns:
        parts = tuple(_without(part, dropped) for part in turn.parts)
        turns.append(msgspec.structs.replace(turn, parts=parts))
    return msgspec.structs.replace(request, turns=tuple(turns))


def _without(part: Part, dropped: Collection[str]) -> Part:
    if isinstance(part, ToolResult):
        inner = tuple(_without(one, dropped) for one in part.parts)
        return msgspec.structs.replace(part, parts=inner)
    reference = part.wire.get("tool_reference") if isinstance(part, Text) else None
    name = reference.get("tool_name") if isinstance(reference, dict) else None
    return Text(_gone(str(name))) if name in dropped else part


def _gone(name: str) -> str:
    return f"Tool {name} is not available."


def still_declared(request: Request) -> Request:
    """A request that was read, with the tools declared that it calls, where none is left."""
    parts = (part for turn in request.turns for part in turn.parts)
    names = list(dict.fromkeys(part.name for part in parts if isinstance(part, ToolCall)))
    if request.tools or not names:
        return request
    tools = tuple(FunctionTool(name, parameters={"type": "object"}) for name in names)
    return msgspec.structs.replace(request, tools=tools, tool_choice=ToolChoice("none"))


def _blocks(message: Json) -> list[JsonObject]:
    content = message.get("content") if isinstance(message, dict) else None
    return [one for one in (content if isinstance(content, list) else []) if isinstance(one, dict)]


def _settings(raw: Mapping[str, msgspec.Raw]) -> tuple[Sampling, ReasoningSettings]:
    fields = fields_of(raw, _SETTINGS)
    config = fields.object("output_config") or Fields({}, "output_config")
    return sampling_in(fields), reasoning_in(fields, config)


def _fitted(
    before: Sampling,
    after: Sampling,
    reasoning: ReasoningSettings,
    target: Target,
    losses: Losses,
) -> Sampling:
    version = model_version(target.model)
    after = limited(before, after, _RANGES, target, losses)
    if version is None:
        return after
    if version >= NO_SAMPLING_SINCE:
        names = ("temperature", "top_p", "top_k")
        return unchanged(before, after, names, "the model takes no sampling", losses)
    if _thinks(reasoning):
        after = unchanged(before, after, _NOT_THINKING, "refused while the model thinks", losses)
        if after.top_p != before.top_p and (after.top_p or 0) < _LEAST_TOP_P:
            losses.add("sampling.top_p", f"{after.top_p} became {_LEAST_TOP_P}")
            after = msgspec.structs.replace(after, top_p=_LEAST_TOP_P)
    both = after.temperature is not None and after.top_p is not None
    if both and version >= ONE_OF_TEMPERATURE_AND_TOP_P_SINCE:
        name = "top_p" if before.top_p is None else "temperature"
        if getattr(before, name) is None:
            reason = "the model takes only one of temperature and top_p"
            after = unchanged(before, after, (name,), reason, losses)
    return after


def _thinks(reasoning: ReasoningSettings) -> bool:
    return reasoning.mode in ("on", "adaptive") or reasoning.budget is not None


EDITING = Editing(_Editor.on_bytes, _settings, _fitted)
