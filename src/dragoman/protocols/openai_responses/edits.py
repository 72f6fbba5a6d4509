"""Edits on a Responses body in its bytes, and which sampling values its models take.

https://platform.openai.com/docs/api-reference/responses/create (November 2026).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import msgspec

from dragoman.neutral.edits import ReplaceSystemText
from dragoman.neutral.json import Fields, JsonObject, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import CacheMark
from dragoman.neutral.requests import ReasoningSettings, Request, Sampling
from dragoman.protocols.codec import Editing
from dragoman.protocols.framing.contents import Content, Form
from dragoman.protocols.framing.conversations import Head, Shape, Side, head_of
from dragoman.protocols.framing.drafts import Draft, decoded
from dragoman.protocols.framing.editor import Editor, Ranges, fields_of, within_ranges
from dragoman.protocols.framing.tool_lists import Filter, rebuilt
from dragoman.protocols.openai_responses.parts_in import content_part
from dragoman.protocols.openai_responses.requests_in import reasoning_in, sampling_in
from dragoman.protocols.openai_responses.tools_in import tool_choice, tool_in
from dragoman.protocols.openai_responses.tools_out import choice_out
from dragoman.protocols.openai_responses.wire import ASSISTANT_ITEMS, NAME, USER_ITEMS

_RANGES: Ranges = {"max_tokens": (1, None), "temperature": (0, 2), "top_p": (0, 1)}
_SETTINGS = ("max_output_tokens", "temperature", "top_p", "top_logprobs", "reasoning")
_ADDED = "additional_tools"
Change = Callable[[bytes, str], bytes | None]
"""(what stands there, its path) → what is to stand there; None = nothing."""
_CHOICE = ("tool_choice", "parallel_tool_calls")
_ROLES: dict[str | None, Side] = {"system": "system", "developer": "system", "user": "user"}
_TYPES: dict[str, Side] = {
    "function_call_output": "result",
    "custom_tool_call_output": "result",
    _ADDED: "aside",
    "function_call": "other",
    "custom_tool_call": "other",
    "reasoning": "other",
    **dict.fromkeys(ASSISTANT_ITEMS, "other"),
    **dict.fromkeys(USER_ITEMS, "beside"),
}


def _write(text: str, _: CacheMark | None) -> JsonObject:
    return {"type": "input_text", "text": text}


def _side(head: Head) -> Side:
    if head.type in (None, "message"):
        return _ROLES.get(head.role, "other")
    return _TYPES.get(head.type, "unknown")


_FORM = Form(content_part, _write)


class _Editor(Editor):
    fields: ClassVar = {"max_tokens": ("max_output_tokens",), "temperature": ("temperature",)} | {
        "top_p": ("top_p",)
    }
    shape = Shape("input", _side, lambda: _FORM, merged=True)

    def add_system(self, text: str) -> None:
        if self._prompts_in_input():
            super().add_system(text)
        else:
            self.draft.put("instructions", self._instructions().with_text(text))

    def put_system(self, text: str) -> None:
        if self._prompts_in_input():
            super().put_system(text)
        else:
            self.draft.put("instructions", self._instructions().put(text, None))

    def replace_text(self, edit: ReplaceSystemText) -> None:
        if self._prompts_in_input():
            super().replace_text(edit)
        elif "instructions" in self.draft:
            self.draft.put("instructions", self._instructions().replaced(edit))

    def _instructions(self) -> Content:
        return Content(self.draft.get("instructions"), "instructions", _FORM)

    def _prompts_in_input(self) -> bool:
        """Whether the prompt is not `instructions`, but the messages that stand first."""
        if "instructions" in self.draft or not self._has_items():
            return False
        with self._conversation() as conversation:
            return bool(conversation.prompt())

    def _has_items(self) -> bool:
        return (self.draft.get("input") or b"").startswith(b"[")

    def add_user(self, text: str) -> bool:
        if self._has_items():
            return super().add_user(text)
        raw = self.draft.get("input")
        if raw is None:
            return False
        self.draft.put("input", Content(raw, "input", _FORM).with_text(text, 0))
        return True

    def filter_tools(self, found: Filter) -> None:
        def element(raw: bytes, path: str) -> bytes | None:
            return self._left_of(raw, path, found)

        raw = self.draft.get("tools")
        if raw is not None:
            self.draft.put("tools", rebuilt(raw, "tools", element))
        raw = self.draft.get("input")
        if raw is not None and _ADDED.encode() in raw and self._has_items():

            def item(raw: bytes, path: str) -> bytes | None:
                return self._left_in(raw, path, element)

            self.draft.put("input", rebuilt(raw, "input", item))

    def _left_of(self, raw: bytes, path: str, found: Filter) -> bytes | None:
        """A tool, or a namespace without its dropped ones."""
        fields = Fields(decoded(raw, path), path)
        if fields.text("type") != "namespace":
            return raw if found.keeps(tool_in(fields)) else None
        name = fields.needed_text("name")
        return _with_tools(
            raw, path, lambda inner, at: found.left(inner, at, lambda tool: tool_in(tool, name))
        )

    def _left_in(self, raw: bytes, path: str, element: Change) -> bytes | None:
        """An item of the input; of one that only declares tools, what is left."""
        head = head_of(raw)
        if head is None or head.type != _ADDED:
            return raw
        return _with_tools(raw, path, lambda inner, at: rebuilt(inner, at, element))

    def fit_choice(self, found: Filter) -> None:
        given = {key: decoded(raw, key) for key in _CHOICE if (raw := self.draft.get(key))}
        old = tool_choice(Fields(given))
        new = found.choice(old, self.losses)
        if new == old:
            return
        request = Request(NAME, "", (), tools=tuple(found.kept), tool_choice=new)
        written = choice_out(request, Losses())
        for key in _CHOICE:
            if key in given or key in written:
                self.draft.put(key, encode(written[key]) if key in written else None)


def _with_tools(raw: bytes, path: str, change: Change) -> bytes | None:
    """An object whose `tools` are filtered; None when none is left."""
    draft = Draft(raw)
    tools = draft.get("tools")
    if tools is None:
        return raw
    left = change(tools, f"{path}.tools")
    if left is None:
        return None
    draft.put("tools", left)
    return draft.body()


def _settings(raw: Mapping[str, msgspec.Raw]) -> tuple[Sampling, ReasoningSettings]:
    fields = fields_of(raw, _SETTINGS)
    return sampling_in(fields, None), reasoning_in(fields)


EDITING = Editing(_Editor.on_bytes, _settings, within_ranges(_RANGES))
