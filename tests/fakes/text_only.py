"""A model without function calling. Its host refuses every trace of tools in a request; told about
tools in text, the model writes its calls as text, in the form that the line `dialect: NAME` says
(else the gateway's own). With the line `quote` it only quotes one in its prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.fakes.dialects import WRITERS
from tests.fakes.refusal import JsonObject, Refusal
from tests.fakes.script import Play, Seen, write

PIECE = 5
_FIELDS = {
    "tools", "tool_choice", "functions", "function_call", "tool_calls", "toolConfig",
    "functionCall", "functionResponse", "parallel_tool_calls",
}  # fmt: skip
_KINDS = {
    "tool_use", "tool_result", "function_call", "function_call_output", "custom_tool_call",
    "custom_tool_call_output",
}  # fmt: skip
_MARK = re.compile(r'<call-([a-z0-9]+) name="TOOL">')


def refuse_tools(body: JsonObject) -> None:
    for found in _traces(body):
        raise Refusal(f"this model does not support tools ({found})")


def _traces(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _traces(item)
    elif isinstance(value, dict):
        if value.get("type") in _KINDS or value.get("role") == "tool":
            yield str(value.get("type") or "tool message")
        for key, inner in value.items():
            if key in _FIELDS and inner:
                yield key
            yield from _traces(inner)


def mark_in(system: str) -> str:
    """The mark of the tools' text in a system prompt; "" = it has none."""
    found = _MARK.search(system)
    return found[1] if found else ""


def tools_in(system: str) -> dict[str, JsonObject]:
    return {name: {} for name in re.findall(r"^## (\S+)$", system, re.MULTILINE)}


def results_in(text: str, mark: str) -> tuple[str, ...]:
    tag = f"result-{mark}"
    return tuple(re.findall(rf"<{tag} [^>]*>\n(.*?)\n</{tag}>", text, re.DOTALL))


def say(seen: Seen) -> Play:
    """The answer to a conversation in which tools are text."""
    mark = mark_in(seen.system)
    told = replace(seen, tools=tools_in(seen.system), results=results_in(seen.text, mark))
    play = write(told)
    if not play.calls:
        return play
    lines = seen.text.splitlines()
    form = next((line[9:] for line in lines if line.startswith("dialect: ")), "dragoman")
    text = "\n".join(WRITERS[form](call.name, call.parsed, mark) for call in play.calls)
    if "quote" in lines:
        text = f"It is written like `{text}` there."
    return replace(play, words=pieces(play.text + text), calls=(), stop="end")


def pieces(text: str) -> tuple[str, ...]:
    return tuple(text[at : at + PIECE] for at in range(0, len(text), PIECE))
