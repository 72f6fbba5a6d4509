"""The tables of OpenAI Responses, and what its stream events are decoded into.

Documentation: platform.openai.com/docs/api-reference/responses and /responses-streaming, state of
November 2026, with the items Codex 0.169.0 adds (`additional_tools`, `namespace`, `compaction`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from dragoman.neutral.json import JsonObject
from dragoman.neutral.requests import ProtocolName

NAME: Final[ProtocolName] = "responses"

TOOL_KINDS = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search",
    "web_search_preview_2025_03_11": "web_search",
    "file_search": "file_search",
    "code_interpreter": "code_execution",
    "image_generation": "image_generation",
    "computer": "computer",
    "computer_use_preview": "computer",
    "mcp": "mcp",
    "local_shell": "bash",
    "shell": "bash",
}
"""Wire type of a hosted tool → neutral kind; a type that is not here is its own kind."""

HOSTED_ITEMS = {
    "web_search_call": "web_search",
    "file_search_call": "file_search",
    "code_interpreter_call": "code_execution",
    "image_generation_call": "image_generation",
    "mcp_call": "mcp",
}
"""Items of what the upstream's own tools did. Calls that the client's machine runs without being
functions (local_shell_call, computer_call, …) are not here: they stay opaque."""

ASSISTANT_ITEMS = frozenset(
    {
        *HOSTED_ITEMS,
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "computer_call",
        "tool_search_call",
        "mcp_list_tools",
        "mcp_approval_request",
        "compaction",
    }
)
USER_ITEMS = frozenset(
    {
        "local_shell_call_output",
        "shell_call_output",
        "apply_patch_call_output",
        "computer_call_output",
        "tool_search_output",
        "mcp_approval_response",
        "compaction_trigger",
    }
)

OFFICIAL_ONLY_ITEMS = frozenset({"compaction_trigger"})
"""Items that other "Responses compatible" servers refuse."""

OPENAI_HOSTS = ("api.openai.com", "chatgpt.com")
AZURE_SUFFIX = ".openai.azure.com"

MIN_OUTPUT_TOKENS = 16
MAX_USER_LENGTH = 64

ENCRYPTED_REASONING = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"


def is_openai_host(host: str) -> bool:
    """Whether the host speaks the whole dialect: custom tools, namespaces and Codex's items."""
    return host in OPENAI_HOSTS or host.endswith((AZURE_SUFFIX, ".api.openai.com"))


def leftover(
    value: JsonObject, read: frozenset[str], bookkeeping: frozenset[str] = frozenset()
) -> tuple[JsonObject, JsonObject]:
    """The keys of `value` beside those `read`, as (wire, extras): nulls and bookkeeping are wire,
    for they say nothing to another protocol."""
    wire: JsonObject = {}
    extras: JsonObject = {}
    for key, entry in value.items():
        if entry is None or key in bookkeeping:
            wire[key] = entry
        elif key not in read:
            extras[key] = entry
    return wire, extras


def split_data_url(url: str) -> tuple[str, str] | None:
    """(media type with its parameters, base64) of a base64 data URL, else None."""
    if not url.startswith("data:"):
        return None
    head, comma, data = url[5:].partition(",")
    if not comma or not head.endswith(";base64"):
        return None
    return head.removesuffix(";base64"), data


_NOTHING = msgspec.Raw(b"")


class StreamEvent(msgspec.Struct, gc=False):
    """One event of an upstream's stream, whichever it is; only what is read is opened."""

    type: str = ""
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    item_id: str | None = None
    delta: object = None
    text: object = None
    name: object = None
    arguments: object = None
    input: object = None
    refusal: object = None
    code: object = None
    message: object = None
    status: object = None
    logprobs: msgspec.Raw = _NOTHING
    part: msgspec.Raw = _NOTHING
    item: msgspec.Raw = _NOTHING
    annotation: msgspec.Raw = _NOTHING
    response: msgspec.Raw = _NOTHING
    error: msgspec.Raw = _NOTHING
