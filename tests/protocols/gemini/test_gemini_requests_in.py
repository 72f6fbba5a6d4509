"""Gemini clients' bodies read into neutral requests."""

from decimal import Decimal

import pytest
from tests.protocols.gemini.reading import read

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Media,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.requests import (
    FunctionTool,
    ReasoningSettings,
    Request,
    Sampling,
    Turn,
)
from dragoman.protocols.gemini.codec import count_request_in
from dragoman.protocols.gemini.requests_in import request_in


def test_a_first_request_of_gemini_cli_is_read() -> None:
    request = request_in(
        {
            "model": "gemini-3.1-pro-preview",
            "stream": True,
            "contents": [
                {"parts": [{"text": "<session_context>"}, {"text": "Run"}], "role": "user"}
            ],
            "systemInstruction": {"parts": [{"text": "You are an agent"}], "role": "user"},
            "tools": [
                {
                    "functionDeclarations": [
                        {
                            "name": "read_file",
                            "description": "Reads",
                            "parametersJsonSchema": {"type": "object", "properties": {}},
                        }
                    ]
                }
            ],
            "generationConfig": {
                "temperature": 1,
                "topP": Decimal("0.95"),
                "topK": 64,
                "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"},
            },
        },
        Losses(),
    )
    assert request == Request(
        protocol="gemini",
        model="gemini-3.1-pro-preview",
        turns=(
            Turn("system", (Text("You are an agent"),), author="top"),
            Turn("user", (Text("<session_context>"), Text("Run"))),
        ),
        tools=(FunctionTool("read_file", "Reads", {"type": "object", "properties": {}}),),
        sampling=Sampling(temperature=1, top_p=Decimal("0.95"), top_k=64),
        reasoning=ReasoningSettings(effort="high", summary="auto"),
        stream=True,
    )


def test_snake_case_of_the_python_sdk_is_the_same_as_camel_case() -> None:
    """Fact 10 of the twelve: the SDK mixes both."""
    request = read(
        {
            "system_instruction": {"parts": [{"text": "s"}]},
            "contents": [
                {
                    "role": "model",
                    "parts": [
                        {
                            "function_call": {"id": "c1", "name": "f", "args": {}},
                            "thought_signature": "a-b_c=",
                        }
                    ],
                },
                {
                    "role": "user",
                    "parts": [{"inline_data": {"mime_type": "image/png", "data": "AA=="}}],
                },
            ],
            "tools": [
                {
                    "function_declarations": [
                        {"name": "f", "parameters_json_schema": {"type": "object"}}
                    ]
                }
            ],
            "generation_config": {
                "max_output_tokens": 5,
                "thinking_config": {"include_thoughts": True, "thinking_budget": 128},
            },
        }
    )
    assert request.turns == (
        Turn("system", (Text("s"),), author="top"),
        Turn(
            "assistant",
            (ToolCall("c1", "f", "{}", state=ReasoningState("a-b_c=", "gemini")),),
        ),
        Turn("user", (Media("image", data="AA==", mime="image/png"),)),
    )
    assert request.tools == (FunctionTool("f", parameters={"type": "object"}),)
    assert request.sampling.max_tokens == 5
    assert request.reasoning == ReasoningSettings(budget=128, summary="auto")


def test_a_system_instruction_may_be_text_or_bare_parts() -> None:
    assert read({"systemInstruction": "s"}).turns == (Turn("system", (Text("s"),), author="top"),)
    assert read({"systemInstruction": [{"text": "s"}]}).turns == (
        Turn("system", (Text("s"),), author="top"),
    )
    assert read({"systemInstruction": None}).turns == ()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"contents": None}, "contents: required field is missing"),
        ({"model": None}, "model: required field is missing"),
        ({"contents": "hi"}, "contents: expected an array, got a string"),
        (
            {"contents": [{"role": "robot", "parts": []}]},
            'contents[0].role: expected "user" or "model", got "robot"',
        ),
        (
            {"contents": [{"parts": [{"text": 1}]}]},
            "contents[0].parts[0].text: expected a string, got an integer",
        ),
        (
            {"contents": [{"parts": [{"inline_data": {}}]}]},
            "contents[0].parts[0].inlineData.data: required field is missing",
        ),
        (
            {"toolConfig": {"functionCallingConfig": {"mode": "ODD"}}},
            "toolConfig.functionCallingConfig.mode: expected AUTO, ANY, NONE or VALIDATED, got ODD",
        ),
        (
            {"generationConfig": {"topK": "x"}},
            "generationConfig.topK: expected an integer, got a string",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_path(body: JsonObject, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(body)
    assert caught.value.message == message


def test_a_count_body_is_bare_contents_or_a_whole_request() -> None:
    contents: JsonObject = {"contents": [{"parts": [{"text": "t"}]}]}
    bare = count_request_in({"model": "m", **contents}, Losses())
    whole = count_request_in(
        {"model": "m", "generate_content_request": {"model": "models/n", **contents}}, Losses()
    )
    fallback = count_request_in({"model": "m", "generateContentRequest": contents}, Losses())
    assert bare.turns == whole.turns == (Turn("user", (Text("t"),)),)
    assert [bare.model, whole.model, fallback.model] == ["m", "n", "m"]
