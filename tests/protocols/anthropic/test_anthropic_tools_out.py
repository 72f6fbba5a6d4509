"""Foreign tools and tool choices as Messages declares them."""

import pytest
from tests.protocols.anthropic.rendering import HI, MARK, foreign

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import (
    CustomTool,
    FunctionTool,
    HostedTool,
    ToolChoice,
    Turn,
)
from dragoman.protocols.codec import Target


def test_foreign_tools_are_declared() -> None:
    body, lost = foreign(
        tools=(
            FunctionTool("f", strict=True, deferred=True, extras={"more": 1}),
            CustomTool("c", "free text"),
            HostedTool("web_search", {"type": "web_search"}, "responses"),
            HostedTool("web_fetch", {"urlContext": {}}, "gemini"),
            HostedTool("image_generation", {}, "responses"),
            HostedTool("bash", {"type": "bash_20250124", "name": "bash"}, "anthropic"),
        ),
        tool_choice=ToolChoice("auto", parallel=True, extras={"hint": 1}),
    )
    text: JsonObject = {"type": "string"}
    assert body["tools"] == [
        {"name": "f", "input_schema": {"type": "object", "properties": {}}, "strict": True},
        {
            "name": "c",
            "description": "free text",
            "input_schema": {
                "type": "object",
                "properties": {"input": text},
                "required": ["input"],
            },
        },
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "web_fetch_20250910", "name": "web_fetch"},
        {"type": "bash_20250124", "name": "bash", "cache_control": MARK},
    ]
    assert body["tool_choice"] == {"type": "auto"}
    assert lost == ("tools.more", "tools.image_generation", "tool_choice.hint")


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice(), None),
        (ToolChoice(parallel=True), None),
        (ToolChoice(parallel=False), {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("none", parallel=False), {"type": "none"}),
        (ToolChoice("required"), {"type": "any"}),
        (ToolChoice("named", name="f"), {"type": "tool", "name": "f"}),
    ],
)
def test_foreign_tool_choices_are_written(choice: ToolChoice, written: Json) -> None:
    body, _ = foreign(tools=(FunctionTool("f"),), tool_choice=choice)
    assert body.get("tool_choice") == written
    assert "tool_choice" not in foreign(tool_choice=choice)[0]


def test_only_allowed_tools_are_declared() -> None:
    body, _ = foreign(
        tools=(FunctionTool("f"), FunctionTool("g")),
        tool_choice=ToolChoice("required", allowed=("g",)),
    )
    assert body["tools"] == [
        {"name": "g", "input_schema": {"type": "object", "properties": {}}, "cache_control": MARK}
    ]


def test_strict_tools_need_a_model_that_has_them() -> None:
    body, lost = foreign(tools=(FunctionTool("f", strict=True),), target=Target("glm-5"))
    assert isinstance(body["tools"], list)
    assert body["tools"][0] == {
        "name": "f",
        "input_schema": {"type": "object", "properties": {}},
        "cache_control": MARK,
    }
    assert lost == ("tools.strict",)


def test_tools_called_before_stay_declared_when_the_client_offers_none() -> None:
    body, lost = foreign(
        HI,
        Turn("assistant", (ToolCall("a", "f", "{}"), ToolCall("b", "f", "{}"))),
        Turn("user", (ToolResult("a", ()), ToolResult("b", ()))),
    )
    assert body["tools"] == [
        {"name": "f", "input_schema": {"type": "object"}, "cache_control": MARK}
    ]
    assert body["tool_choice"] == {"type": "none"}
    assert lost == ()
