"""Edits on an `/api/chat` body in its bytes, and which sampling values Ollama takes.

Documentation: https://docs.ollama.com/api/chat (client 0.6.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import CacheMark, Opaque, Part
from dragoman.neutral.requests import ReasoningSettings, Sampling
from dragoman.protocols.codec import Editing
from dragoman.protocols.framing.contents import Form
from dragoman.protocols.framing.conversations import Head, Shape, Side
from dragoman.protocols.framing.editor import Editor, Ranges, fields_of, within_ranges
from dragoman.protocols.framing.tool_lists import Filter
from dragoman.protocols.ollama.options import sampling_in
from dragoman.protocols.ollama.requests_in import reasoning_in, tool_in
from dragoman.protocols.ollama.wire import NAME

_RANGES: Ranges = {
    "max_tokens": (1, None),
    "temperature": (0, None),
    "top_p": (0, 1),
    "top_k": (0, None),
    "presence_penalty": (None, None),
    "frequency_penalty": (None, None),
}
_SIDES: dict[str | None, Side] = {"system": "system", "user": "user"}


def _read(value: Json, path: str) -> Part:
    """A content is text here and has no blocks; who sends some finds them left alone."""
    return Opaque(path, value, NAME)


def _write(text: str, _: CacheMark | None) -> JsonObject:
    return {"type": "text", "text": text}


def _side(head: Head) -> Side:
    return _SIDES.get(head.role, "other")


_FORM = Form(_read, _write)


class _Editor(Editor):
    fields: ClassVar = {"max_tokens": ("options", "num_predict")} | {
        name: ("options", name) for name in _RANGES if name != "max_tokens"
    }
    shape = Shape(
        "messages",
        _side,
        lambda: _FORM,
        media="images",
    )

    def filter_tools(self, found: Filter) -> None:
        raw = self.draft.get("tools")
        if raw is not None:
            self.draft.put("tools", found.left(raw, "tools", tool_in))

    def fit_choice(self, found: Filter) -> None:
        """There is none to be made."""


def _settings(raw: Mapping[str, msgspec.Raw]) -> tuple[Sampling, ReasoningSettings]:
    fields = fields_of(raw, ("options", "think", "logprobs", "top_logprobs"))
    return sampling_in(fields)[0], reasoning_in(fields)


EDITING = Editing(_Editor.on_bytes, _settings, within_ranges(_RANGES))
