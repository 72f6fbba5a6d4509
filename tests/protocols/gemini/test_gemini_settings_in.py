"""Tools and settings of Gemini clients."""

from decimal import Decimal

import pytest
from tests.protocols.gemini.reading import read

from dragoman.neutral.json import JsonObject
from dragoman.neutral.requests import (
    FunctionTool,
    Hints,
    HostedTool,
    OutputFormat,
    ReasoningSettings,
    Sampling,
    ToolChoice,
)


def test_openapi_schemas_become_json_schema_and_hosted_tools_keep_their_declaration() -> None:
    schema: JsonObject = {
        "type": "OBJECT",
        "properties": {
            "type": {"type": "STRING", "format": "date"},
            "tags": {
                "type": "ARRAY",
                "minItems": "1",
                "maxItems": "x",
                "items": {"type": "INTEGER"},
            },
            "any": {"anyOf": [{"type": "NUMBER"}, True], "items": None},
        },
        "required": ["type"],
    }
    request = read(
        {
            "tools": [
                {
                    "functionDeclarations": [{"name": "f", "parameters": schema, "behavior": "B"}],
                    "googleSearch": {},
                },
                {"url_context": {}},
                {"codeExecution": {}},
                {"brandNew": {"a": 1}},
            ]
        }
    )
    assert request.tools == (
        FunctionTool(
            "f",
            parameters={
                "type": "object",
                "properties": {
                    "type": {"type": "string", "format": "date"},
                    "tags": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": "x",
                        "items": {"type": "integer"},
                    },
                    "any": {"anyOf": [{"type": "number"}, True], "items": None},
                },
                "required": ["type"],
            },
            extras={"behavior": "B"},
            wire={"schema": "parameters"},
        ),
        HostedTool("web_search", {"googleSearch": {}}, "gemini"),
        HostedTool("web_fetch", {"urlContext": {}}, "gemini"),
        HostedTool("code_execution", {"codeExecution": {}}, "gemini"),
        HostedTool("brandNew", {"brandNew": {"a": 1}}, "gemini"),
    )


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({}, ToolChoice()),
        ({"functionCallingConfig": {"mode": "AUTO"}}, ToolChoice("auto")),
        ({"functionCallingConfig": {"mode": "none"}}, ToolChoice("none")),
        ({"functionCallingConfig": {"mode": "MODE_UNSPECIFIED"}}, ToolChoice()),
        ({"functionCallingConfig": {"mode": "ANY"}}, ToolChoice("required")),
        (
            {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
            ToolChoice("named", name="f"),
        ),
        (
            {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f", "g"]}},
            ToolChoice("required", allowed=("f", "g")),
        ),
        (
            {
                "functionCallingConfig": {"mode": "VALIDATED", "streamFunctionCallArguments": True},
                "retrievalConfig": {"l": 1},
            },
            ToolChoice(
                "auto",
                extras={
                    "retrievalConfig": {"l": 1},
                    "functionCallingConfig.streamFunctionCallArguments": True,
                    "functionCallingConfig.mode": "VALIDATED",
                },
            ),
        ),
    ],
)
def test_tool_configs_are_choices(config: JsonObject, choice: ToolChoice) -> None:
    assert read({"toolConfig": config}).tool_choice == choice


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        ({"thinkingBudget": -1}, ReasoningSettings(mode="adaptive")),
        ({"thinkingBudget": 0}, ReasoningSettings(mode="off")),
        ({"thinkingBudget": 64, "includeThoughts": False}, ReasoningSettings(budget=64)),
        (
            {"thinkingLevel": "Low", "includeThoughts": True},
            ReasoningSettings(effort="low", summary="auto"),
        ),
        (
            {"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED", "new": 1},
            ReasoningSettings(extras={"new": 1}),
        ),
    ],
)
def test_thinking_configs_are_reasoning_settings(
    config: JsonObject, settings: ReasoningSettings
) -> None:
    assert read({"generationConfig": {"thinkingConfig": config}}).reasoning == settings


def test_the_router_call_of_gemini_cli_asks_for_json_of_a_schema_in_capitals() -> None:
    config: JsonObject = {
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "OBJECT", "properties": {"score": {"type": "INTEGER"}}},
    }
    assert read({"generationConfig": config}).output == OutputFormat(
        "schema", {"type": "object", "properties": {"score": {"type": "integer"}}}
    )


@pytest.mark.parametrize(
    ("config", "output", "extras"),
    [
        ({"responseMimeType": "application/json"}, OutputFormat("json"), {}),
        ({"responseMimeType": "text/plain"}, OutputFormat("text"), {}),
        (
            {"responseSchema": {"type": "STRING"}},
            OutputFormat("schema", {"type": "string"}, wire={"schema": "responseSchema"}),
            {},
        ),
        ({"_responseJsonSchema": {}}, OutputFormat("schema", {}), {}),
        (
            {"responseMimeType": "text/x.enum", "responseSchema": {"enum": ["a"]}},
            None,
            {
                "generationConfig.responseMimeType": "text/x.enum",
                "generationConfig.responseSchema": {"enum": ["a"]},
            },
        ),
    ],
)
def test_output_formats_are_read(
    config: JsonObject, output: OutputFormat | None, extras: JsonObject
) -> None:
    request = read({"generationConfig": config})
    assert request.output == output
    assert request.extras == extras


def test_sampling_modalities_and_what_only_gemini_knows() -> None:
    request = read(
        {
            "generationConfig": {
                "candidateCount": 2,
                "seed": 7,
                "stopSequences": ["a", "b"],
                "presencePenalty": 1,
                "frequencyPenalty": Decimal("0.5"),
                "responseLogprobs": True,
                "logprobs": 3,
                "responseModalities": ["TEXT", "IMAGE"],
                "speechConfig": {"voice": 1},
            },
            "safetySettings": [{"category": "C"}],
            "cachedContent": "cachedContents/1",
        }
    )
    assert request.sampling == Sampling(
        n=2,
        seed=7,
        stop=("a", "b"),
        presence_penalty=1,
        frequency_penalty=Decimal("0.5"),
        logprobs=True,
        top_logprobs=3,
    )
    assert request.hints == Hints(modalities=("text", "image"))
    assert request.extras == {
        "safetySettings": [{"category": "C"}],
        "cachedContent": "cachedContents/1",
        "generationConfig.speechConfig": {"voice": 1},
    }
