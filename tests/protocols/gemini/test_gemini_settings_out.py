"""Tools and settings of every protocol in generateContent bodies."""

from __future__ import annotations

import msgspec
import pytest
from tests.protocols.gemini.rendering import HELLO, chat, write

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    CacheMark,
)
from dragoman.neutral.requests import (
    CustomTool,
    FunctionTool,
    Hints,
    HostedTool,
    OutputFormat,
    ReasoningSettings,
    Sampling,
    Tool,
    ToolChoice,
)


def with_tools(*tools: Tool) -> tuple[Json, tuple[str, ...]]:
    body, losses = write(msgspec.structs.replace(chat(HELLO), tools=tools))
    return body.get("tools"), losses


SEARCH = HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic")
FETCH = HostedTool("web_fetch", {"type": "web_fetch_20250910"}, "anthropic")


def test_foreign_functions_use_json_schema() -> None:
    assert with_tools(
        FunctionTool("f", "does", {"type": "object"}, strict=True),
        FunctionTool("g", cache=CacheMark(), extras={"e": 1}),
        CustomTool("patch"),
    ) == (
        [
            {
                "functionDeclarations": [
                    {
                        "name": "f",
                        "description": "does",
                        "parametersJsonSchema": {"type": "object"},
                    },
                    {"name": "g"},
                ]
            }
        ],
        ("tools.strict", "tools.e", "cache_control", "tools.patch"),
    )


def test_foreign_search_and_fetch_are_geminis_own_where_no_function_stands_beside_them() -> None:
    computer = HostedTool("computer", {"type": "computer"}, "anthropic", cache=CacheMark())
    assert with_tools(SEARCH, FETCH, computer) == (
        [{"googleSearch": {}}, {"urlContext": {}}],
        ("cache_control", "tools.computer"),
    )
    assert with_tools(SEARCH, FunctionTool("f"), FETCH, FunctionTool("g")) == (
        [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}],
        ("tools.web_search", "tools.web_fetch"),
    )
    assert with_tools(computer) == (None, ("cache_control", "tools.computer"))


def test_a_choice_without_functions_is_left_out() -> None:
    request = msgspec.structs.replace(
        chat(HELLO), tools=(SEARCH,), tool_choice=ToolChoice("auto", parallel=False)
    )
    body, losses = write(request)
    assert "toolConfig" not in body
    assert losses == ()


@pytest.mark.parametrize(
    ("choice", "config", "lost"),
    [
        (ToolChoice("auto"), {"mode": "AUTO"}, ()),
        (ToolChoice("none"), {"mode": "NONE"}, ()),
        (
            ToolChoice("required", allowed=("f",)),
            {"mode": "ANY", "allowedFunctionNames": ["f"]},
            (),
        ),
        (ToolChoice("named", name="f"), {"mode": "ANY", "allowedFunctionNames": ["f"]}, ()),
        (ToolChoice("auto", allowed=("f",)), {"mode": "AUTO"}, ("tool_choice",)),
        (ToolChoice("named", kind="hosted", name="w"), None, ("tool_choice",)),
        (ToolChoice(parallel=False), None, ("parallel_tool_calls",)),
        (ToolChoice(parallel=True, extras={"x": 1}), None, ("tool_choice.x",)),
    ],
)
def test_tool_choices_are_calling_modes(
    choice: ToolChoice, config: JsonObject | None, lost: tuple[str, ...]
) -> None:
    tools = (FunctionTool("f"),)
    request = msgspec.structs.replace(chat(HELLO), tools=tools, tool_choice=choice)
    body, losses = write(request)
    wanted = None if config is None else {"functionCallingConfig": config}
    assert body.get("toolConfig") == wanted
    assert losses == lost


@pytest.mark.parametrize(
    ("settings", "config", "lost"),
    [
        (ReasoningSettings(), None, ()),
        (ReasoningSettings(mode="off", summary="auto"), {"thinkingBudget": 0}, ()),
        (ReasoningSettings(budget=99), {"thinkingBudget": 99, "includeThoughts": True}, ()),
        (ReasoningSettings(mode="adaptive"), {"thinkingBudget": -1, "includeThoughts": True}, ()),
        (ReasoningSettings(mode="adaptive", summary="none"), {"thinkingBudget": -1}, ()),
        (ReasoningSettings(mode="on"), {"includeThoughts": True}, ()),
        (
            ReasoningSettings(mode="adaptive", effort="low"),
            {"thinkingLevel": "LOW", "includeThoughts": True},
            (),
        ),
        (
            ReasoningSettings(effort="max", summary="none"),
            {"thinkingLevel": "HIGH"},
            ("reasoning_effort",),
        ),
        (
            ReasoningSettings(effort="odd", summary="none"),
            {"thinkingLevel": "MEDIUM"},
            ("reasoning_effort",),
        ),
        (
            ReasoningSettings(summary="auto", extras={"context": "all_turns"}),
            {"includeThoughts": True},
            ("reasoning",),
        ),
        (
            ReasoningSettings(budget=9, effort="low"),
            {"thinkingBudget": 9, "includeThoughts": True},
            (),
        ),
    ],
)
def test_reasoning_settings_are_thinking_configs(
    settings: ReasoningSettings, config: JsonObject | None, lost: tuple[str, ...]
) -> None:
    body, losses = write(msgspec.structs.replace(chat(HELLO), reasoning=settings))
    wanted = None if config is None else {"thinkingConfig": config}
    assert body.get("generationConfig") == wanted
    assert losses == lost


def test_sampling_keeps_within_geminis_limits() -> None:
    sampling = Sampling(
        max_tokens=128000,
        top_k=5,
        n=2,
        seed=2**40,
        stop=("a", "b", "c", "d", "e", "f"),
        logprobs=True,
        top_logprobs=3,
        min_p=1,
        logit_bias={"1": 1},
    )
    body, losses = write(msgspec.structs.replace(chat(HELLO), sampling=sampling))
    assert body["generationConfig"] == {
        "maxOutputTokens": 65536,
        "topK": 5,
        "candidateCount": 2,
        "responseLogprobs": True,
        "logprobs": 3,
        "stopSequences": ["a", "b", "c", "d", "e"],
    }
    assert losses == ("min_p", "logit_bias", "seed", "stop")
    small = Sampling(max_tokens=10, seed=3, stop=("a",))
    body, losses = write(msgspec.structs.replace(chat(HELLO), sampling=small))
    assert body["generationConfig"] == {"maxOutputTokens": 10, "seed": 3, "stopSequences": ["a"]}
    assert losses == ()


@pytest.mark.parametrize(
    ("output", "config"),
    [
        (OutputFormat("text"), None),
        (OutputFormat("json"), {"responseMimeType": "application/json"}),
        (
            OutputFormat("schema", {"type": "object"}, name="n", strict=True),
            {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}},
        ),
    ],
)
def test_output_formats_are_response_types(output: OutputFormat, config: JsonObject | None) -> None:
    body, losses = write(msgspec.structs.replace(chat(HELLO), output=output))
    assert body.get("generationConfig") == config
    assert losses == ()


def test_hints_that_would_change_the_answer_are_losses_and_the_rest_is_not() -> None:
    hints = Hints(
        cache_key="k",
        session="s",
        user="u",
        store=False,
        service_tier="flex",
        verbosity="low",
        previous_response_id="r",
        modalities=("text", "audio"),
    )
    body, losses = write(msgspec.structs.replace(chat(HELLO), hints=hints, extras={"metadata": {}}))
    assert body["generationConfig"] == {"responseModalities": ["TEXT", "AUDIO"]}
    assert losses == ("verbosity", "service_tier", "previous_response_id", "metadata")
    plain = Hints(modalities=("text",), service_tier="auto")
    body, losses = write(msgspec.structs.replace(chat(HELLO), hints=plain))
    assert "generationConfig" not in body
    assert losses == ()
