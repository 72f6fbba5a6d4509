"""Edits on a generateContent body in its bytes, in either spelling of its keys, and which sampling
values Gemini takes.

https://ai.google.dev/api/generate-content#request-body (v1beta, November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from dragoman.neutral.edits import ReplaceSystemText
from dragoman.neutral.json import Fields, Json, JsonObject, encode
from dragoman.neutral.parts import CacheMark, Media, Part, ToolResult
from dragoman.neutral.requests import HostedTool, ReasoningSettings, Sampling
from dragoman.protocols.codec import Editing
from dragoman.protocols.framing.contents import Content, Form
from dragoman.protocols.framing.conversations import Head, Shape, Side
from dragoman.protocols.framing.drafts import Draft, decoded
from dragoman.protocols.framing.editor import Editor, Ranges, within_ranges
from dragoman.protocols.framing.tool_lists import Filter, rebuilt
from dragoman.protocols.gemini.parts_in import History, part_in
from dragoman.protocols.gemini.requests_in import choice_in, function_in, reasoning_in, sampling_in
from dragoman.protocols.gemini.wire import CAMEL, HOSTED_TOOLS, NAME, ROLES, SAMPLING, fields, inner

_RANGES: Ranges = {
    "max_tokens": (1, None),
    "temperature": (0, 2),
    "top_p": (0, 1),
    "top_k": (1, None),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_DECLARATIONS = "functionDeclarations"
_CALLING = "functionCallingConfig"


def _camel(key: str) -> str:
    return CAMEL.get(key, key)


class _Reader:
    """Reads the parts of one content. Media behind a result belong to it."""

    def __init__(self) -> None:
        self._history = History()
        self._last: Part | None = None

    def __call__(self, value: Json, path: str) -> Part:
        part = part_in(fields(value, path), self._history)
        if isinstance(part, Media) and isinstance(self._last, ToolResult):
            return self._last
        self._last = part
        return part


def _write(text: str, _: CacheMark | None) -> JsonObject:
    return {"text": text}


def _side(head: Head) -> Side:
    return "user" if ROLES.get(head.role or "user") == "user" else "other"


def _form() -> Form:
    return Form(_Reader(), _write, blocks=True)


class _Editor(Editor):
    fields: ClassVar = {name: ("generationConfig", SAMPLING[name]) for name in _RANGES}
    shape = Shape(
        "contents",
        _side,
        _form,
        content="parts",
    )

    def opened(self, raw: bytes) -> Draft:
        return Draft(raw, _camel)

    def add_system(self, text: str) -> None:
        self._put_parts(self._system().with_text(text))

    def put_system(self, text: str) -> None:
        self._put_parts(self._system().put(text, None))

    def replace_text(self, edit: ReplaceSystemText) -> None:
        content = self._system()
        if content.parts:
            self._put_parts(content.replaced(edit))

    def _system(self) -> Content:
        """A Content's parts; a bare list of parts or a bare string also stands for them."""
        raw = self.draft.get("systemInstruction")
        if raw is not None and raw.startswith(b"{"):
            return Content(self.opened(raw).get("parts"), "systemInstruction.parts", _form())
        return Content(raw, "systemInstruction", _form())

    def _put_parts(self, parts: bytes | None) -> None:
        raw = self.draft.get("systemInstruction")
        if parts is None:
            self.draft.put("systemInstruction", None)
        elif raw is not None and not raw.startswith(b"{"):
            self.draft.put("systemInstruction", parts)
        else:
            content = self.opened(raw or b"{}")
            listed = parts if parts.startswith(b"[") else b'[{"text":' + parts + b"}]"
            content.put("parts", listed)
            self.draft.put("systemInstruction", content.body())

    def filter_tools(self, found: Filter) -> None:
        def element(raw: bytes, path: str) -> bytes | None:
            return self._left_of(raw, path, found)

        raw = self.draft.get("tools")
        if raw is not None:
            self.draft.put("tools", rebuilt(raw, "tools", element))

    def _left_of(self, raw: bytes, path: str, found: Filter) -> bytes | None:
        """One entry: a list of functions, tools of Google's own, or both."""
        entry = self.opened(raw)
        changed = False
        for key in entry.names():
            value = entry.get(key)
            if value is None:
                continue
            if key == _DECLARATIONS:
                left = found.left(
                    value, f"{path}.{key}", lambda f: function_in(fields(f.value, f.path))
                )
            else:
                tool = HostedTool(HOSTED_TOOLS.get(key, key), {key: decoded(value, path)}, NAME)
                left = value if found.keeps(tool) else None
            if left != value:
                changed = True
                entry.put(key, left)
        if not changed:
            return raw
        return None if entry.empty else entry.body()

    def fit_choice(self, found: Filter) -> None:
        raw = self.draft.get("toolConfig")
        if raw is None:
            return
        config = self.opened(raw)
        old = choice_in(fields(decoded(raw, "toolConfig"), "toolConfig"))
        new = found.choice(old, self.losses)
        if not found.kept:
            self.draft.put("toolConfig", None)
        elif new != old:
            calling = self.opened(config.get(_CALLING) or b"{}")
            if new.mode != old.mode:
                calling.put("mode", b'"NONE"' if new.mode == "none" else b'"AUTO"')
            allowed = encode(list[Json](new.allowed)) if new.allowed else None
            calling.put("allowedFunctionNames", allowed)
            config.put(_CALLING, calling.body())
            self.draft.put("toolConfig", config.body())


def _settings(raw: Mapping[str, msgspec.Raw]) -> tuple[Sampling, ReasoningSettings]:
    body: JsonObject = {
        key: decoded(bytes(value), key)
        for key, value in raw.items()
        if _camel(key) == "generationConfig"
    }
    config = inner(fields(body), "generationConfig") or Fields({})
    return sampling_in(config), reasoning_in(inner(config, "thinkingConfig"))


EDITING = Editing(_Editor.on_bytes, _settings, within_ranges(_RANGES))
