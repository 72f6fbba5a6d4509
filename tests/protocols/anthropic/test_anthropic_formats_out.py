"""Output formats: a native schema, a forced tool, or a request in words."""

import pytest
from tests.protocols.anthropic.rendering import MARK, foreign

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.requests import (
    FunctionTool,
    OutputFormat,
    ReasoningSettings,
    ToolChoice,
)
from dragoman.protocols.codec import Target

SCHEMA: JsonObject = {"type": "object", "properties": {}}
FORM = OutputFormat("schema", schema=SCHEMA, extras={"more": 1})


def test_a_schema_is_native_where_the_model_has_it() -> None:
    body, lost = foreign(output=FORM, reasoning=ReasoningSettings(effort="low"))
    assert body["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": SCHEMA},
    }
    assert lost == ("response_format.more",)


def answer_tool(**more: Json) -> JsonObject:
    return {
        "name": "dragoman_structured_output",
        "description": "Gives the answer. Call it once, as the last step.",
        "input_schema": SCHEMA,
        **more,
    }


def test_an_old_model_answers_through_a_forced_tool() -> None:
    output = OutputFormat("schema", schema=SCHEMA)
    body, lost = foreign(output=output, target=Target("claude-sonnet-4-0"))
    assert body["tools"] == [answer_tool(cache_control=MARK)]
    assert body["tool_choice"] == {
        "type": "tool",
        "name": "dragoman_structured_output",
        "disable_parallel_tool_use": True,
    }
    assert lost == ()


def test_beside_other_tools_one_of_them_or_the_answer_is_forced() -> None:
    output = OutputFormat("schema", schema=SCHEMA)
    old, tools = Target("claude-3-7-sonnet"), (FunctionTool("f"),)
    body, _ = foreign(output=output, target=old, tools=tools)
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    body, _ = foreign(output=output, target=old, tools=tools, tool_choice=ToolChoice("none"))
    assert body["tool_choice"] == {
        "type": "tool",
        "name": "dragoman_structured_output",
        "disable_parallel_tool_use": True,
    }
    body, _ = foreign(output=output, target=old, tools=tools, tool_choice=ToolChoice("required"))
    assert body["tool_choice"] == {"type": "any"}
    assert isinstance(body["tools"], list)
    assert len(body["tools"]) == 1


@pytest.mark.parametrize(
    ("output", "model", "told"),
    [
        (OutputFormat("json"), "claude-sonnet-4-5", ""),
        (
            OutputFormat("schema", schema={"type": "array"}),
            "claude-3-opus",
            ' It must match this JSON Schema: {"type":"array"}',
        ),
    ],
)
def test_json_without_a_usable_schema_is_asked_for(
    output: OutputFormat, model: str, told: str
) -> None:
    body, lost = foreign(output=output, target=Target(model))
    asked = "Answer with one JSON object and nothing else, without a code fence." + told
    assert body["system"] == [{"type": "text", "text": asked, "cache_control": MARK}]
    assert lost == ("response_format",)


def test_plain_text_output_needs_no_word() -> None:
    assert foreign(output=OutputFormat("text")) == foreign()
