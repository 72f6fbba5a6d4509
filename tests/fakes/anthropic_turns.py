"""What Anthropic's Messages API refuses of the turns (API reference, "Create a Message"; "Tool
use"; "Extended thinking"; 2026-11): roles, blocks, pairing of calls and results, signatures."""

from __future__ import annotations

from typing import Any

from tests.fakes.anthropic_rules import NEWEST_VERSION, only, takes_system_turns
from tests.fakes.refusal import JsonObject, Refusal, decoded, fits, objects
from tests.fakes.seals import is_ours

BLOCK_FIELDS = {
    "text": {"text", "citations"},
    "image": {"source"},
    "document": {"source", "title", "context", "citations"},
    "search_result": {"source", "title", "content", "citations"},
    "thinking": {"thinking", "signature"},
    "redacted_thinking": {"data"},
    "tool_use": {"id", "name", "input", "caller"},
    "tool_result": {"tool_use_id", "content", "is_error"},
    "tool_reference": {"tool_name"},
    "server_tool_use": {"id", "name", "input", "caller"},
    "web_search_tool_result": {"tool_use_id", "content", "caller"},
}
BLOCKS_OF = {
    "user": {"text", "image", "document", "search_result", "tool_result"},
    "assistant": {
        "text", "document", "thinking", "redacted_thinking", "tool_use", "server_tool_use",
        "web_search_tool_result",
    },
    "system": {"text"},
    "tool_result": {"text", "image", "document", "search_result", "tool_reference"},
}  # fmt: skip
UNCACHEABLE = {"thinking", "redacted_thinking"}
IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}

Block = dict[str, Any]


def blocks(content: object, where: str) -> list[Block]:
    """Content as blocks; a string is one text block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise Refusal(f"{where}.content: Input should be a valid array")
    return objects(content, f"{where}.content")


def check(body: JsonObject, version: str) -> None:
    messages = objects(body.get("messages"), "messages") if "messages" in body else []
    if "messages" not in body:
        raise Refusal("messages: Field required")
    if not messages:
        raise Refusal("messages: at least one message is required")
    if body.get("system") != "" and "system" in body:  # Amp's handoff sends an empty one
        for index, block in enumerate(blocks(body["system"], "system")):
            _check_block(block, "system", f"system.{index}")
    for index, message in enumerate(messages):
        _check_message(message, index, str(body["model"]), last=index == len(messages) - 1)
    if messages[0]["role"] != "user":
        raise Refusal('messages: first message must use the "user" role')
    if version == NEWEST_VERSION:
        _check_newest(messages)
    turns = _turns(messages)
    _check_pairs(turns)
    _check_thinking(turns, body)


def _check_message(message: JsonObject, index: int, model: str, *, last: bool) -> None:
    where, role = f"messages.{index}", message.get("role")
    if role not in {"user", "assistant"} and not (role == "system" and takes_system_turns(model)):
        raise Refusal(f"{where}.role: Input should be 'user' or 'assistant'")
    allowed = {"role", "content"} | ({"output_config"} if role == "system" else set())
    only(message, allowed, where)
    content = blocks(message.get("content"), where)
    empty = not content or message.get("content") == ""
    if empty and not (last and role == "assistant"):
        raise Refusal(
            f"{where}: all messages must have non-empty content except for the optional final "
            "assistant message"
        )
    for number, block in enumerate(content):
        _check_block(block, str(role), f"{where}.content.{number}")
    if last and role == "assistant" and content and content[-1].get("type") == "text":
        text = content[-1]["text"]
        if text != text.rstrip():
            raise Refusal("messages: final assistant content cannot end with trailing whitespace")


def _check_block(block: Block, role: str, where: str) -> None:
    kind = block.get("type")
    if kind not in BLOCK_FIELDS or kind not in BLOCKS_OF[role]:
        raise Refusal(
            f"{where}: Input tag '{kind}' found using 'type' does not match "
            "any of the expected tags"
        )
    extra = {"type"} if kind in UNCACHEABLE else {"type", "cache_control"}
    only(block, BLOCK_FIELDS[kind] | extra, f"{where}.{kind}")
    if kind == "text":
        if not isinstance(block.get("text"), str):
            raise Refusal(f"{where}.text.text: Input should be a valid string")
        if not block["text"]:
            raise Refusal("messages: text content blocks must be non-empty")
        if not block["text"].strip():
            raise Refusal("messages: text content blocks must contain non-whitespace text")
    elif kind in {"image", "document"}:
        _check_source(block.get("source"), kind, where)
    elif kind in {"tool_use", "server_tool_use"}:
        for field, pattern in (("id", "[a-zA-Z0-9_-]+"), ("name", "[a-zA-Z0-9_-]{1,200}")):
            if not fits(pattern, block.get(field)):
                raise Refusal(f"{where}.{kind}.{field}: String should match pattern '^{pattern}$'")
        if not isinstance(block.get("input"), dict):
            raise Refusal(f"{where}.{kind}.input: Input should be a valid dictionary")
    elif kind == "tool_result" and block.get("content") is not None:
        for number, inner in enumerate(blocks(block["content"] or [], where)):
            _check_block(inner, "tool_result", f"{where}.tool_result.content.{number}")
    elif kind == "thinking":
        if not isinstance(block.get("signature"), str):
            raise Refusal(f"{where}.thinking.signature: Field required")
        if not is_ours("anthropic", block["signature"], block.get("thinking")):
            raise Refusal(f"{where}: Invalid `signature` in `thinking` block")
    elif kind == "redacted_thinking" and not is_ours("anthropic-redacted", block.get("data")):
        raise Refusal(f"{where}: Invalid `data` in `redacted_thinking` block")


def _check_source(source: object, kind: str, where: str) -> None:
    if not isinstance(source, dict):
        raise Refusal(f"{where}.{kind}.source: Field required")
    if source.get("type") == "base64":
        media = source.get("media_type")
        allowed = IMAGES if kind == "image" else {"application/pdf"}
        if media not in allowed:
            raise Refusal(f"{where}.{kind}.source.base64.media_type: Input should be {allowed}")
        if decoded(source.get("data")) is None:
            raise Refusal(f"{where}.{kind}.source.base64.data: invalid base64 data")
    elif source.get("type") not in {"url", "file", "text", "content"}:
        raise Refusal(f"{where}.{kind}.source: Input tag '{source.get('type')}' does not match")


def _check_newest(messages: list[JsonObject]) -> None:
    for index, message in enumerate(messages):
        for number, block in enumerate(blocks(message["content"], "")):
            where = f"messages.{index}.content.{number}"
            if message["role"] == "assistant" and block["type"] == "document":
                raise Refusal(f"{where}: document blocks are not permitted in assistant turns")
            if message["role"] == "user" and block["type"] == "text" and "citations" in block:
                raise Refusal(f"{where}: citations are not permitted in user text")


Turn = tuple[str, list[Block]]


def _turns(messages: list[JsonObject]) -> list[Turn]:
    """Neighbours of one role are one turn; a system message stands in its user turn."""
    turns: list[Turn] = []
    for message in messages:
        role = "user" if message["role"] == "system" else message["role"]
        content = blocks(message["content"], "")
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(content)
        else:
            turns.append((role, list(content)))
    return turns


def _check_pairs(turns: list[Turn]) -> None:
    before: list[str] = []
    seen: set[str] = set()
    for index, (role, content) in enumerate(turns):
        results = [b["tool_use_id"] for b in content if b["type"] == "tool_result"]
        front = [b["tool_use_id"] for b in content[: len(results)] if b["type"] == "tool_result"]
        for result in results:
            if result not in before:
                raise Refusal(
                    f"messages.{index}.content: unexpected `tool_use_id` found in `tool_result` "
                    f"blocks: {result}. Each `tool_result` block must have a corresponding "
                    "`tool_use` block in the previous message."
                )
        if len(set(results)) < len(results):
            raise Refusal(
                f"messages.{index}.content: each tool_use must have a single result. Found "
                f"multiple `tool_result` blocks with id: {results[0]}"
            )
        missing = [call for call in before if call not in front]
        if missing:
            raise Refusal(
                f"messages.{index - 1}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(missing)}. Each `tool_use` block must have a "
                "corresponding `tool_result` block in the next message."
            )
        before = [b["id"] for b in content if b["type"] == "tool_use"]
        if seen & set(before) or len(set(before)) < len(before):
            raise Refusal("messages: `tool_use` ids must be unique")
        seen |= set(before)
        if role == "assistant" and before and index == len(turns) - 1:
            raise Refusal(
                f"messages.{index}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(before)}."
            )


def _check_thinking(turns: list[Turn], body: JsonObject) -> None:
    """With a thinking budget, the turn whose results come now must begin with its thinking."""
    if (body.get("thinking") or {}).get("type") != "enabled":
        return
    if turns[-1][0] == "assistant":
        raise Refusal("This model does not support assistant message prefill with thinking.")
    if len(turns) < 2 or turns[-1][1][0]["type"] != "tool_result":
        return
    first = turns[-2][1][0]["type"]
    if first not in {"thinking", "redacted_thinking"}:
        raise Refusal(
            f"messages.{len(turns) - 2}.content.0.type: Expected `thinking` or "
            f"`redacted_thinking`, but found `{first}`. When `thinking` is enabled, a final "
            "`assistant` message must start with a thinking block (preceeding the lastmost set "
            "of `tool_use` and `tool_result` blocks)."
        )
