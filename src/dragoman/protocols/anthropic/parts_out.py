"""Parts → content blocks of a request.

A request that came in as Messages is written back as it was. One from another protocol is fitted
to what the API refuses (platform.claude.com/docs/en/api/messages, …/build-with-claude/vision,
…/pdf-support; 2023-06-01): empty text, unsigned thinking, media it has no block for.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import assert_never

from dragoman.neutral.json import Json, JsonObject, object_of
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    CacheMark,
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import Role
from dragoman.protocols.anthropic.parts_in import READABLE, mark_out
from dragoman.protocols.anthropic.wire import BILLING_KIND, NAME

Block = JsonObject

_NO_LOSS = {"id", "status", "object", "type", "index", "annotations", "logprobs", "phase"}
"""Extras of other protocols that mean nothing beyond their wire."""

_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_MAGIC = (
    ("iVBORw0KGgo", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lGOD", "image/gif"),
    ("UklGR", "image/webp"),
    ("JVBERi0", "application/pdf"),
)
"""How base64 of these kinds begins, for a client that does not say the type."""
_TEXTUAL = {"application/json", "application/xml", "application/yaml", "application/x-yaml"}


def report_extras(extras: JsonObject, place: str, losses: Losses) -> None:
    """Fields only a foreign protocol understands, as losses; ids and empty ones are none."""
    for key, value in extras.items():
        if key not in _NO_LOSS and value not in (None, "", False, [], {}):
            losses.add(f"{place}{key}", "the target protocol has no such field")


class PartWriter:
    """Writes the parts of one request. `own`: it came in as Messages."""

    __slots__ = ("_losses", "own")

    def __init__(self, own: bool, losses: Losses) -> None:
        self.own = own
        self._losses = losses

    def blocks(self, parts: Iterable[Part], role: Role) -> list[Block]:
        out: list[Block] = []
        for part in parts:
            self._part(part, role, out)
        return out

    def _part(self, part: Part, role: Role, out: list[Block]) -> None:
        match part:
            case Text():
                self._text(part, out)
            case Reasoning():
                self._reasoning(part, out)
            case ToolCall():
                self._call(part, out)
            case ToolResult():
                self._result(part, out)
            case Media():
                self._media(part, role, out)
            case Refusal():
                self._finish(_text_block(part.text), None, part.extras, out)
            case HostedCall() | HostedResult():
                self._hosted(part, out)
            case Opaque():
                self._opaque(part, out)
            case _:
                assert_never(part)

    def _finish(
        self, block: Block | None, cache: CacheMark | None, extras: JsonObject, out: list[Block]
    ) -> None:
        """Adds the mark and the extras, which are written back to their own protocol only."""
        if not self.own:
            report_extras(extras, "messages.", self._losses)
        if block is None:
            return
        if cache is not None:
            block["cache_control"] = mark_out(cache)
        if self.own:
            block.update(extras)
        out.append(block)

    def _text(self, part: Text, out: list[Block]) -> None:
        if self.own:
            for kind in READABLE:
                whole = part.wire.get(kind)
                if isinstance(whole, dict):
                    out.append(whole)
                    return
        self._state(part.state)
        block = _text_block(part.text)
        if block is None and self.own:
            block = {"type": "text", "text": part.text}
        if block is not None and self.own and part.citations:
            block["citations"] = [citation_out(c) for c in part.citations]
        self._finish(block, part.cache, part.extras, out)

    def _reasoning(self, part: Reasoning, out: list[Block]) -> None:
        state = part.state
        block: Block | None = None
        if state is not None and state.protocol != NAME:
            self._losses.add("reasoning state", f"it is bound to {state.protocol}")
        elif state is None:
            self._losses.add("reasoning", "thinking without its signature is refused")
        elif part.redacted:
            block = {"type": "redacted_thinking", "data": state.blob}
        else:
            block = {"type": "thinking", "thinking": part.text, "signature": state.blob}
        self._finish(block, part.cache if self.own else None, part.extras, out)

    def _state(self, state: ReasoningState | None) -> None:
        """Texts, calls and media have no field for a state. One of ours that stood there cannot
        become a thinking block again: its text is gone, and the signature holds for that text."""
        if state is not None:
            self._losses.add("reasoning state", "only thinking blocks have one")

    def _call(self, part: ToolCall, out: list[Block]) -> None:
        self._state(part.state)
        given = object_of(part.input or "{}")
        block: Block = {
            "type": "tool_use",
            "id": part.id,
            "name": part.name,
            "input": {"input": part.input} if given is None else given,
        }
        self._finish(block, part.cache, part.extras, out)

    def _result(self, part: ToolResult, out: list[Block]) -> None:
        """A foreign client's mark inside a result is moved onto it, where it is counted."""
        block: Block = {"type": "tool_result", "tool_use_id": part.call_id}
        inner, cache = self.blocks(part.parts, "user"), part.cache
        if not self.own and any("cache_control" in inside for inside in inner):
            cache = cache or CacheMark()
            inner = [{k: v for k, v in i.items() if k != "cache_control"} for i in inner]
        if inner:
            block["content"] = content_of(inner)
        if part.is_error:
            block["is_error"] = True
        self._finish(block, cache, part.extras, out)

    def _media(self, part: Media, role: Role, out: list[Block]) -> None:
        self._state(part.state)
        if self.own:
            block = {"type": "image" if part.kind == "image" else "document", **_titled(part)}
            block["source"] = _own_source(part)
        else:
            block = self._foreign_media(part, role)
        self._finish(block, part.cache, part.extras, out)

    def _foreign_media(self, part: Media, role: Role) -> Block:
        if part.detail not in ("", "auto"):
            self._losses.add("messages.detail", "images have no resolution hint")
        source = None
        if role != "assistant":
            source = _image_source(part) if part.kind == "image" else _file_source(part)
        if source is None:
            what = f"{part.kind} {part.name}".strip()
            self._losses.add(f"messages.{part.kind}", f"no block can carry it: {part.mime or what}")
            return {"type": "text", "text": f"[{what} omitted]"}
        kind = "image" if part.kind == "image" else "document"
        return {"type": kind, **_titled(part), "source": source}

    def _hosted(self, part: HostedCall | HostedResult, out: list[Block]) -> None:
        if part.protocol == NAME and isinstance(part.raw, dict):
            out.append(part.raw)
        elif isinstance(part, HostedResult):
            self._finish(_text_block(part.text), part.cache, {}, out)

    def _opaque(self, part: Opaque, out: list[Block]) -> None:
        if part.protocol == NAME and isinstance(part.raw, dict):
            out.append(part.raw)
        elif part.kind != BILLING_KIND:
            self._losses.add(f"messages.{part.kind}", "the target protocol has no such part")


def content_of(blocks: list[Block]) -> Json:
    """A `content`: one plain text as a string, nothing as an empty one."""
    if not blocks:
        return ""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return blocks[0]["text"]
    return [*blocks]


def citation_out(citation: Citation) -> JsonObject:
    """A citation of ours as it came, any other as one into a web page."""
    if citation.protocol == NAME and isinstance(citation.raw, dict):
        return citation.raw
    return {
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title or None,
        "encrypted_index": "",
        "cited_text": citation.quote,
    }


def _text_block(text: str) -> Block | None:
    """None for empty text, which the API refuses."""
    return {"type": "text", "text": text} if text.strip() else None


def _titled(part: Media) -> JsonObject:
    return {"title": part.name} if part.name and part.kind != "image" else {}


def _own_source(part: Media) -> JsonObject:
    if part.file_id:
        return {"type": "file", "file_id": part.file_id}
    if part.url:
        return {"type": "url", "url": part.url}
    if part.data:
        return {"type": "base64", "media_type": part.mime, "data": part.data}
    return {"type": "text", "media_type": part.mime, "data": part.text}


def _image_source(part: Media) -> JsonObject | None:
    if part.url:
        return {"type": "url", "url": part.url}
    mime = _mime(part).replace("image/jpg", "image/jpeg")
    if not part.data or mime not in _IMAGES:
        return None
    return {"type": "base64", "media_type": mime, "data": part.data}


def _file_source(part: Media) -> JsonObject | None:
    if part.kind != "file":
        return None
    if part.text:
        return {"type": "text", "media_type": "text/plain", "data": part.text}
    mime = _mime(part)
    if part.url:
        known = mime == "application/pdf" or not mime
        return {"type": "url", "url": part.url} if known else None
    if part.data and mime == "application/pdf":
        return {"type": "base64", "media_type": mime, "data": part.data}
    if part.data and (mime.startswith("text/") or mime in _TEXTUAL):
        text = _decoded(part.data)
        return None if text is None else {"type": "text", "media_type": "text/plain", "data": text}
    return None


def _mime(part: Media) -> str:
    """The type the client gave, else what the data or the name tells."""
    if part.mime:
        return part.mime.partition(";")[0].strip().lower()
    if part.name.lower().endswith(".pdf"):
        return "application/pdf"
    return next((mime for start, mime in _MAGIC if part.data.startswith(start)), "")


def _decoded(data: str) -> str | None:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
