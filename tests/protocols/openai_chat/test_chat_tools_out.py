"""Tools and tool choices for OpenAI-compatible hosts."""

from typing import Any

import pytest
from tests.protocols.openai_chat.rendering import OPENAI, write

from dragoman.neutral.requests import (
    CustomTool,
    FunctionTool,
    HostedTool,
    ToolChoice,
)


def test_a_chat_clients_own_hosted_choice_is_written_back() -> None:
    choice = ToolChoice(mode="named", name="web_search_preview", kind="hosted", extras={"x": 1})
    body, lost = write(tool_choice=choice, protocol="openai")
    assert body["tool_choice"] == {"type": "web_search_preview", "x": 1}
    assert lost == ()


def test_tools_are_declared_plainly() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    body, lost = write(
        tools=(
            FunctionTool("f", "d", {"type": "object", "x": 1}, strict=True),
            FunctionTool("g", strict=False, extras={"eager_input_streaming": True}),
            CustomTool("c", "e", {"type": "grammar", "syntax": "lark", "definition": "x"}),
            CustomTool("t", grammar={"type": "text"}),
            CustomTool("n"),
            HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic"),
        )
    )
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}
    assert body["tools"] == [
        {"type": "function", "function": {
            "name": "f", "description": "d", "parameters": {"type": "object", "x": 1},
            "strict": True}},
        {"type": "function", "function": {"name": "g", "parameters": schema}},
        {"type": "custom", "custom": {"name": "c", "description": "e", "format": grammar}},
        {"type": "custom", "custom": {"name": "t", "format": {"type": "text"}}},
        {"type": "custom", "custom": {"name": "n"}},
    ]  # fmt: skip
    assert lost == ("tools.eager_input_streaming", "tools.web_search")


def test_a_choice_is_not_written_where_no_tool_is_left() -> None:
    search = HostedTool("web_search", {"type": "web_search"}, "responses")
    choice = ToolChoice(mode="auto", parallel=True)
    body, lost = write(tools=(search,), tool_choice=choice)
    assert body == {"model": "m", "messages": []}
    assert lost == ("tools.web_search",)


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (ToolChoice(), {}),
        (ToolChoice(mode="required", parallel=False),
         {"tool_choice": "required", "parallel_tool_calls": False}),
        (ToolChoice(mode="named", name="f"),
         {"tool_choice": {"type": "function", "function": {"name": "f"}}}),
        (ToolChoice(mode="named", name="c", kind="custom"),
         {"tool_choice": {"type": "custom", "custom": {"name": "c"}}}),
    ],
)  # fmt: skip
def test_choices_are_written(choice: ToolChoice, wire: dict[str, Any]) -> None:
    body, lost = write(tools=(FunctionTool("f"),), tool_choice=choice)
    assert {key: body[key] for key in body if "tool_" in key} == wire
    assert lost == ()


def test_a_tool_that_another_host_would_run_cannot_be_forced() -> None:
    choice = ToolChoice(mode="named", name="web_search", kind="hosted")
    body, lost = write(tools=(FunctionTool("f"),), tool_choice=choice)
    assert "tool_choice" not in body
    assert lost == ("tool_choice",)


def test_allowed_tools_are_a_list_for_openai_and_the_only_tools_elsewhere() -> None:
    tools = (FunctionTool("a"), FunctionTool("b"), CustomTool("c"))
    choice = ToolChoice(mode="required", allowed=("b", "c"))
    body, lost = write(tools=tools, tool_choice=choice, protocol="gemini")
    names = [tool[tool["type"]]["name"] for tool in body["tools"]]
    assert (names, body["tool_choice"], lost) == (["b", "c"], "required", ())
    openai, _ = write(
        tools=tools, tool_choice=ToolChoice(allowed=("b", "c")), protocol="gemini", host=OPENAI
    )
    assert len(openai["tools"]) == 3
    assert openai["tool_choice"] == {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [
            {"type": "function", "function": {"name": "b"}},
            {"type": "custom", "custom": {"name": "c"}}]},
    }  # fmt: skip
