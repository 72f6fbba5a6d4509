"""A thread as Markdown, in the shape of the CLI's `threads markdown`; for models and people that
read a thread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from dragoman.amp.documents import messages_of, object_in, whole_number
from dragoman.neutral.json import Json, JsonObject, encode_text

_LONGEST_RESULT = 2000
_END_OF_TIME_MS = 253_402_300_799_000
_ROLES = {"user": "User", "assistant": "Assistant"}


def markdown(document: JsonObject, *, truncate_results: bool) -> str:
    """The whole thread; `truncate_results` cuts long results of tools."""
    title = _one_line(document.get("title")) or "Untitled"
    created = min(whole_number(document.get("created")) or 0, _END_OF_TIME_MS)
    made = datetime.fromtimestamp(created / 1000, UTC).isoformat(timespec="milliseconds")
    head = [
        "---",
        f"title: {title}",
        f"threadId: {_one_line(document.get('id'))}",
        f"created: {made.replace('+00:00', 'Z')}",
        f"agentMode: {_one_line(document.get('agentMode'))}",
        "---",
    ]
    parts = ["\n".join(head), f"# {title}"]
    for message, blocks in messages_of(document):
        told = [part for block in blocks for part in _block(block, truncate=truncate_results)]
        role = message.get("role")
        if told:
            parts += [
                f"## {_ROLES.get(role, 'Other') if isinstance(role, str) else 'Other'}",
                *told,
            ]
    return "\n\n".join(parts) + "\n"


def _one_line(value: Json) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _block(block: JsonObject, *, truncate: bool) -> Iterator[str]:
    kind = block.get("type")
    if kind == "text" and isinstance(text := block.get("text"), str):
        yield text.strip("\n")
    elif kind == "tool_use":
        yield f"**Tool Use:** `{_one_line(block.get('name'))}`"
        yield _fenced(encode_text(block.get("input")), "json")
    elif kind == "tool_result":
        run = object_in(block, "run")
        value = run.get("error") if run.get("error") is not None else run.get("result")
        text = value if isinstance(value, str) else encode_text(value)
        if truncate and len(text) > _LONGEST_RESULT:
            text = f"{text[:_LONGEST_RESULT]}\n[{len(text) - _LONGEST_RESULT} characters left out]"
        yield f"**Tool Result:** `{_one_line(block.get('toolUseID'))}`"
        yield _fenced(text)
    elif kind == "image":
        yield "*(an image)*"


def _fenced(text: str, language: str = "") -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
