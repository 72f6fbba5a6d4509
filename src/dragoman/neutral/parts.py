"""The parts a turn is made of.

Every part has three things beside its content: `cache`, a prompt-cache mark that stands on it;
`extras`, fields that only the client's own protocol understands (`Request.protocol`), which a
renderer of that protocol writes back and any other reports as lost; and `wire`, its own protocol's
bookkeeping (item ids, where a message begins), which says nothing about the content and which every
other protocol leaves out without a word.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from dragoman.neutral.json import Json, JsonObject

ToolKind: TypeAlias = Literal["function", "custom"]
MediaKind: TypeAlias = Literal["image", "audio", "video", "file"]

NO_EXTRAS: JsonObject = {}


class CacheMark(msgspec.Struct, frozen=True):
    """A prompt-cache breakpoint (Anthropic `cache_control`); `ttl` like "5m" or "1h"."""

    ttl: str | None = None


class ReasoningState(msgspec.Struct, frozen=True):
    """What a model wants back to go on thinking: a signature, encrypted content.

    protocol: whose blob it is ("anthropic", "responses", "gemini", …); never sent to another.
    upstream, credential: which account it is bound to; "" = unknown, a bare native value.
    text: the thinking it signs, kept in the seal where the client may not send that back.
    call_id: the tool call the blob stands on, where the client's protocol has no place for it there
        and it travels on a reasoning part before the call; "" = the part itself.
    """

    blob: str
    protocol: str
    upstream: str = ""
    credential: str = ""
    call_id: str = ""
    text: str = ""


class Citation(msgspec.Struct, frozen=True):
    """Where a span of text comes from. `start` and `end` count characters of the part's text."""

    url: str = ""
    title: str = ""
    quote: str = ""
    start: int | None = None
    end: int | None = None
    raw: Json = None
    protocol: str = ""


class Text(msgspec.Struct, frozen=True):
    text: str
    citations: tuple[Citation, ...] = ()
    state: ReasoningState | None = None
    cache: CacheMark | None = None
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


class Media(msgspec.Struct, frozen=True):
    """An image, audio, video or file. Exactly one of `data` (base64), `url`, `file_id`, `text`.

    `mime` may be "" when the client did not say. `name` is a file's name or a document's title,
    `detail` an image's resolution hint.
    """

    kind: MediaKind
    data: str = ""
    url: str = ""
    file_id: str = ""
    text: str = ""
    mime: str = ""
    name: str = ""
    detail: str = ""
    state: ReasoningState | None = None
    cache: CacheMark | None = None
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


class Reasoning(msgspec.Struct, frozen=True):
    """The model's thinking: readable text, its state, or only the state (`redacted`)."""

    text: str = ""
    state: ReasoningState | None = None
    redacted: bool = False
    cache: CacheMark | None = None
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


class ToolCall(msgspec.Struct, frozen=True):
    """A call the client is to run. `input` is its exact text: JSON of an object for a function
    (never "", an absent input is "{}"), free text for a custom tool."""

    id: str
    name: str
    input: str
    kind: ToolKind = "function"
    namespace: str = ""
    state: ReasoningState | None = None
    cache: CacheMark | None = None
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


class ToolResult(msgspec.Struct, frozen=True):
    """What a call gave. `name` is the tool's, "" where the protocol does not repeat it."""

    call_id: str
    parts: tuple[Part, ...]
    name: str = ""
    is_error: bool = False
    kind: ToolKind = "function"
    cache: CacheMark | None = None
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


class HostedCall(msgspec.Struct, frozen=True):
    """A tool the upstream itself ran (web search, code execution). `tool` is the neutral kind;
    `raw` the whole block for its own protocol. Never a call the client is to run."""

    id: str
    tool: str
    input: str = "{}"
    raw: Json = None
    protocol: str = ""
    cache: CacheMark | None = None


class HostedResult(msgspec.Struct, frozen=True):
    """What the hosted tool found: `text` readable by any model, citations, `raw` for its own."""

    call_id: str
    tool: str
    text: str = ""
    citations: tuple[Citation, ...] = ()
    raw: Json = None
    protocol: str = ""
    cache: CacheMark | None = None


class Refusal(msgspec.Struct, frozen=True):
    text: str
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


class Opaque(msgspec.Struct, frozen=True):
    """A part only its own protocol understands, whole. `kind` is its wire type, for the report."""

    kind: str
    raw: Json
    protocol: str
    wire: JsonObject = NO_EXTRAS


Part: TypeAlias = (
    Text | Media | Reasoning | ToolCall | ToolResult | HostedCall | HostedResult | Refusal | Opaque
)
