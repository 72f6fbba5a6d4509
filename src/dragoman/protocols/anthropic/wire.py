"""The words of the Messages wire: tables of names, the stream's frames, what model versions take.

Anthropic API, versions 2023-06-01 and 2026-10-21: platform.claude.com/docs/en/api/messages,
…/build-with-claude/streaming, …/about-claude/models/overview.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from dragoman.neutral.events import StopReason
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.requests import ProtocolName

NAME: Final[ProtocolName] = "anthropic"

BILLING_HEADER = "x-anthropic-billing-header"
"""How Claude Code's attribution block in `system` begins; it says nothing to a model."""
BILLING_KIND = "billing-header"
"""The Opaque kind of that block: other protocols leave it out, and it is no loss."""

STRUCTURED_TOOL = "dragoman_structured_output"
"""Reserved: the forced tool whose input is the answer, for models without native output formats.
Requests declare it, the decoder turns its call back into text."""

STOPS_IN: dict[str, StopReason] = {
    "end_turn": "end",
    "tool_use": "tool-call",
    "max_tokens": "length",
    "stop_sequence": "stop-sequence",
    "refusal": "refusal",
    "pause_turn": "pause",
    "model_context_window_exceeded": "context-full",
}
STOPS_OUT: dict[StopReason, str] = {stop: word for word, stop in STOPS_IN.items()}

HOSTED_KINDS = {
    "bash_code_execution": "code_execution",
    "text_editor_code_execution": "code_execution",
    "computer_toolset": "computer",
    "mcp_toolset": "mcp",
    "str_replace_editor": "text_editor",
    "str_replace_based_edit_tool": "text_editor",
}
"""Names of hosted tools and their results whose neutral kind is another word."""

HOSTED_DECLARATIONS: dict[str, JsonObject] = {
    "web_search": {"type": "web_search_20250305", "name": "web_search"},
    "web_fetch": {"type": "web_fetch_20250910", "name": "web_fetch"},
}
"""What a foreign client's hosted tool of this kind becomes."""

CALL_EXTRAS = ("caller", "toolset_name")
"""Fields of a tool_use block beside the call itself."""
END_EXTRAS = ("container", "stop_details", "context_management")
"""Fields of an answer's end that only Messages clients understand."""

_DATED = re.compile(r"_\d{8}$")
_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?")

Version = tuple[int, int]


def hosted_kind(word: str) -> str:
    """The neutral kind of a hosted tool's wire type or name ("web_search_20250305")."""
    bare = _DATED.sub("", word)
    return HOSTED_KINDS.get(bare, bare)


def model_version(model: str) -> Version | None:
    """(4, 5) of "claude-sonnet-4-5-20250929"; None for a model that is no Claude."""
    found = _VERSION.search(model)
    return None if found is None else (int(found[1]), int(found[2] or 0))


THINKS_SINCE: Version = (3, 7)
ONE_OF_TEMPERATURE_AND_TOP_P_SINCE: Version = (4, 0)
OUTPUT_FORMAT_SINCE: Version = (4, 5)
NO_PREFILL_SINCE: Version = (4, 6)
SYSTEM_MESSAGES_SINCE: Version = (4, 7)
NO_SAMPLING_SINCE: Version = (4, 7)

_OUTPUT_LIMITS: tuple[tuple[Version, int], ...] = (((3, 5), 4096), ((3, 7), 8192))
_INVENTED_LIMIT = 32_000


def invented_max_tokens(version: Version | None, max_output: int | None) -> int:
    """The limit for a client that named none: the model's own where it is known."""
    if max_output is not None:
        return max_output
    for before, limit in _OUTPUT_LIMITS:
        if version is not None and version < before:
            return limit
    return _INVENTED_LIMIT


def object_at(value: JsonObject, key: str) -> JsonObject | None:
    """The object under a key of an upstream's answer, None when it is anything else."""
    found: Json = value.get(key)
    return found if isinstance(found, dict) else None


class Delta(msgspec.Struct):
    """The `delta` of content_block_delta and of message_delta."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    signature: str | None = None
    citation: msgspec.Raw = msgspec.Raw()
    content: msgspec.Raw = msgspec.Raw()
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: msgspec.Raw = msgspec.Raw()
    container: msgspec.Raw = msgspec.Raw()


class Chunk(msgspec.Struct):
    """Any frame of the stream; what it holds depends on `type`."""

    type: str = ""
    index: int = 0
    delta: Delta | None = None
    content_block: msgspec.Raw = msgspec.Raw()
    message: msgspec.Raw = msgspec.Raw()
    usage: msgspec.Raw = msgspec.Raw()
    context_management: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


CHUNKS = msgspec.json.Decoder(Chunk)
