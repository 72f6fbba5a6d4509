"""Edits on a Messages body in its bytes, where its own rules show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dragoman.errors import InvalidRequest
from dragoman.neutral.edits import (
    AddSystem,
    AddUser,
    DropTools,
    Edit,
    PutSystem,
    ReplaceSystemText,
    SetField,
)
from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Text, ToolCall, ToolResult
from dragoman.neutral.requests import FunctionTool, Request, ToolChoice, Turn
from dragoman.protocols.anthropic.codec import CODEC
from dragoman.protocols.anthropic.edits import forgotten, still_declared
from dragoman.protocols.codec import Target

BILLING = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2"}
IDENTITY = {"type": "text", "text": "You are Claude Code, Anthropic's official CLI for Claude."}
MARK = {"type": "ephemeral", "ttl": "1h"}
ASKS = [{"role": "user", "content": "q"}]
CALLS = [
    {"role": "user", "content": "q"},
    {"role": "assistant", "content": [
        {"type": "text", "text": "so"},
        {"type": "tool_use", "id": "a", "name": "Web", "input": {}},
        {"type": "tool_use", "id": "b", "name": "Web", "input": {}},
    ]},
]  # fmt: skip


def after(body: dict[str, Any], *edits: Edit, told: tuple[str, ...] = ()) -> dict[str, Any]:
    losses = Losses()
    data = json.dumps({"messages": ASKS, **body}).encode()
    found: dict[str, Any] = json.loads(CODEC.editing.edited(data, edits, Target("m"), losses))
    assert losses.fields == told
    return found


def text(said: str, **more: object) -> dict[str, object]:
    return {"type": "text", "text": said, **more}


@pytest.mark.parametrize(
    ("system", "becomes"),
    [
        (None, "T"),
        ("", "T"),
        ("S", [text("S"), text("T")]),
        ([text("S", cache_control=MARK)], [text("S", cache_control=MARK), text("T")]),
    ],
)
def test_a_text_is_added_as_a_block_of_its_own(system: object, becomes: object) -> None:
    assert after({"system": system}, AddSystem("T"))["system"] == becomes


def test_claude_codes_first_blocks_stay_first_and_the_last_mark_stays() -> None:
    system = [BILLING, IDENTITY, text("Tools.", cache_control=MARK), text("More.")]
    found = after({"system": system}, PutSystem("T"))
    assert found["system"] == [BILLING, IDENTITY, text("T", cache_control=MARK)]
    alone = after({"system": IDENTITY["text"]}, PutSystem("T"))
    assert alone["system"] == [IDENTITY, text("T")]


def test_the_billing_block_is_no_prompt_to_search() -> None:
    found = after({"system": [BILLING, text("cc_version")]}, ReplaceSystemText("cc_version", "x"))
    assert found["system"] == [BILLING, text("x")]


def test_a_prompt_of_which_nothing_is_left_goes() -> None:
    assert "system" not in after({"system": "S"}, ReplaceSystemText("S", ""))
    assert "system" not in after({"system": [text("S")]}, ReplaceSystemText("S", ""))
    assert after({"system": []}, ReplaceSystemText("S", ""))["system"] == []


@pytest.mark.parametrize(
    ("content", "becomes"),
    [
        ("q", [text("T"), text("q")]),
        ([text("q")], [text("T"), text("q")]),
        (
            [{"type": "tool_result", "tool_use_id": "a"}, text("q")],
            [{"type": "tool_result", "tool_use_id": "a"}, text("T"), text("q")],
        ),
    ],
)
def test_a_text_stands_behind_tool_results_and_before_the_words(
    content: object, becomes: object
) -> None:
    found = after({"messages": [{"role": "user", "content": content}]}, AddUser("T"))
    assert found["messages"] == [{"role": "user", "content": becomes}]


def test_a_conversation_without_words_of_the_user_is_told() -> None:
    messages = [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}]
    assert after({"messages": messages}, AddUser("T"), told=("prompt",))["messages"] == messages


@pytest.mark.parametrize("system", [7, {"a": 1}, [7]])
def test_a_system_of_another_type_is_refused_by_name(system: object) -> None:
    with pytest.raises(InvalidRequest, match="system"):
        after({"system": system}, AddSystem("T"))


def test_a_filter_takes_tools_out_and_fits_the_choice() -> None:
    tools = [{"name": "Web", "input_schema": {}}, {"name": "Read", "input_schema": {}}]
    choice = {"type": "tool", "name": "Web", "disable_parallel_tool_use": True}
    found = after(
        {"tools": tools, "tool_choice": choice}, DropTools(("Web",)), told=("tool_choice",)
    )
    assert found["tools"] == tools[1:]
    assert found["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert after({}, DropTools(("Web",))) == {"messages": ASKS}


def test_without_tools_there_is_no_choice() -> None:
    tools = [{"name": "Web", "input_schema": {}}]
    given = {"tools": tools, "tool_choice": {"type": "any"}}
    assert after(given, DropTools(("*",)), told=("tool_choice",)) == {"messages": ASKS}


def test_tools_that_the_conversation_calls_stay_declared_and_cannot_be_called() -> None:
    tools = [{"name": "Web", "input_schema": {"type": "object", "properties": {}}}]
    found = after({"tools": tools, "messages": CALLS}, DropTools(("*",)))
    assert found["tools"] == [{"name": "Web", "input_schema": {"type": "object"}}]
    assert found["tool_choice"] == {"type": "none"}
    said = [{"role": "user", "content": [text('"tool_use"')]}]
    assert "tools" not in after({"tools": tools, "messages": said}, DropTools(("*",)))


def test_a_reference_to_a_dropped_tool_becomes_text_and_others_stay() -> None:
    def reference(name: str) -> dict[str, object]:
        return {"type": "tool_reference", "tool_name": name}

    def answered(*blocks: object) -> list[object]:
        found = {"type": "tool_result", "tool_use_id": "a", "content": list(blocks)}
        said = {"type": "tool_result", "tool_use_id": "b", "content": '"tool_reference"'}
        return [{"role": "user", "content": [found, said, text("go")]}, {"role": "user"}]

    names = ("Web", "Read")
    tools: list[object] = [
        {"name": name, "input_schema": {}, "defer_loading": True} for name in names
    ]
    given = {"tools": tools, "messages": answered(reference("Web"), reference("Read"))}
    found = after(given, DropTools(("Web",)))
    assert found["messages"] == answered(text("Tool Web is not available."), reference("Read"))
    untouched = {"tools": tools, "messages": answered(text("plain"))}
    assert after(untouched, DropTools(("Web",)))["messages"] == untouched["messages"]


def test_a_request_that_was_read_forgets_them_alike() -> None:
    wire: JsonObject = {"tool_reference": {"type": "tool_reference", "tool_name": "Web"}}
    said = Text("Tool loaded: Web", wire=wire)
    call = Turn("user", (ToolResult("a", (said, Text("x"))), Text("go")))
    found = forgotten(Request("anthropic", "m", (call,)), ["Web"]).turns[0]
    assert found.parts[0] == ToolResult("a", (Text("Tool Web is not available."), Text("x")))
    assert forgotten(Request("anthropic", "m", (call,)), ["Read"]).turns == (call,)


def test_a_request_that_was_read_keeps_them_declared_too() -> None:
    call = Turn("assistant", (Text("so"), ToolCall("a", "Web", "{}"), ToolCall("b", "Web", "{}")))
    found = still_declared(Request("anthropic", "m", (call,)))
    assert found.tools == (FunctionTool("Web", parameters={"type": "object"}),)
    assert found.tool_choice == ToolChoice("none")
    with_tools = Request("anthropic", "m", (call,), tools=(FunctionTool("Read"),))
    assert still_declared(with_tools) is with_tools
    silent = Request("anthropic", "m", (Turn("user", (Text("q"),)),))
    assert still_declared(silent) is silent


@pytest.mark.parametrize(
    ("limit", "thinking", "told"),
    [
        (9000, {"type": "enabled", "budget_tokens": 8000}, ()),
        (4000, {"type": "enabled", "budget_tokens": 3000}, ()),
        (1000, {"type": "disabled"}, ("thinking",)),
    ],
)
def test_a_shorter_answer_leaves_room_beside_the_thinking(
    limit: int, thinking: object, told: tuple[str, ...]
) -> None:
    given = {"max_tokens": 20000, "thinking": {"type": "enabled", "budget_tokens": 8000}}
    found = after(given, SetField("max_tokens", limit), SetField("top_p", 1), told=told)
    assert (found["max_tokens"], found["thinking"], found["top_p"]) == (limit, thinking, 1)
