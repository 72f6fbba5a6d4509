"""Edits on a Chat Completions body in its bytes, and which sampling values its hosts take.

https://platform.openai.com/docs/api-reference/chat/create (November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from dragoman.neutral.json import Fields, JsonObject, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import CacheMark
from dragoman.neutral.requests import ReasoningSettings, Request, Sampling
from dragoman.protocols.codec import Editing, Target
from dragoman.protocols.framing.contents import Form
from dragoman.protocols.framing.conversations import Head, Shape, Side
from dragoman.protocols.framing.drafts import decoded
from dragoman.protocols.framing.editor import Editor, Ranges, fields_of, limited, unchanged
from dragoman.protocols.framing.tool_lists import Filter
from dragoman.protocols.openai_chat.media import cache_in, cache_out
from dragoman.protocols.openai_chat.parts_in import part_in
from dragoman.protocols.openai_chat.reasoning_fields import reasoning_in
from dragoman.protocols.openai_chat.requests_in import sampling_in
from dragoman.protocols.openai_chat.tools import (
    choice_in,
    choice_out,
    function_in,
    search_in,
    tool_in,
)
from dragoman.protocols.openai_chat.wire import (
    NAME,
    refuses_unknown,
    wants_completion_tokens,
)

_RANGES: Ranges = {
    "max_tokens": (1, None),
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (None, None),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_SETTINGS = (
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k", "presence_penalty",
    "frequency_penalty", "reasoning_effort", "reasoning", "thinking", "enable_thinking",
    "thinking_budget",
)  # fmt: skip
_CHOICE = ("tool_choice", "function_call", "parallel_tool_calls")
_SIDES: dict[str | None, Side] = {"system": "system", "developer": "system", "user": "user"}


def _write(text: str, mark: CacheMark | None) -> JsonObject:
    block: JsonObject = {"type": "text", "text": text}
    return block | {"cache_control": cache_out(mark)} if mark else block


def _side(head: Head) -> Side:
    return _SIDES.get(head.role, "other")


_FORM = Form(part_in, _write)
_SHAPE = Shape(
    "messages",
    _side,
    lambda: _FORM,
    mark=cache_in,
)


class _Editor(Editor):
    fields: ClassVar = {name: (name,) for name in _RANGES}
    shape = _SHAPE

    def filter_tools(self, found: Filter) -> None:
        for key, read in (("tools", tool_in), ("functions", function_in)):
            raw = self.draft.get(key)
            if raw is not None:
                self.draft.put(key, found.left(raw, key, read))
        raw = self.draft.get("web_search_options")
        if raw is not None and not found.keeps(search_in(decoded(raw, "web_search_options"))):
            self.draft.put("web_search_options", None)

    def fit_choice(self, found: Filter) -> None:
        given = {key: decoded(raw, key) for key in _CHOICE if (raw := self.draft.get(key))}
        old = choice_in(Fields(given))
        new = found.choice(old, self.losses)
        if new == old and found.kept:
            return
        request = Request(NAME, "", (), tools=tuple(found.kept), tool_choice=new)
        written = choice_out(request, self.target.host, Losses())
        choice = written.get("tool_choice")
        legacy = "function_call" in given
        for key in _CHOICE:
            if key in given:
                self.draft.put(key, None)
        if choice is not None:
            self.draft.put("function_call" if legacy else "tool_choice", encode(choice))
        if new.parallel is not None:
            self.draft.put("parallel_tool_calls", encode(new.parallel))

    def path_of(self, field: str) -> tuple[str, ...]:
        """The limit keeps the name that the client gave it."""
        if field != "max_tokens":
            return (field,)
        for name in ("max_completion_tokens", "max_tokens"):
            if name in self.draft:
                return (name,)
        new = wants_completion_tokens(self.target.host, self.target.model)
        return ("max_completion_tokens" if new else "max_tokens",)


def _settings(raw: Mapping[str, msgspec.Raw]) -> tuple[Sampling, ReasoningSettings]:
    fields = fields_of(raw, _SETTINGS)
    return sampling_in(fields), reasoning_in(fields)


def _fitted(
    before: Sampling,
    after: Sampling,
    reasoning: ReasoningSettings,
    target: Target,
    losses: Losses,
) -> Sampling:
    del reasoning
    after = limited(before, after, _RANGES, target, losses)
    if refuses_unknown(target.host):
        return unchanged(before, after, ("top_k",), "this host has no such setting", losses)
    return after


EDITING = Editing(_Editor.on_bytes, _settings, _fitted)
