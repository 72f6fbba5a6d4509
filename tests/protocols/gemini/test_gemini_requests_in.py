"""Gemini clients' bodies read into neutral requests."""

from decimal import Decimal

import pytest

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import JsonObject, decode
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import (
    FunctionTool,
    Hints,
    HostedTool,
    OutputFormat,
    ReasoningSettings,
    Request,
    Sampling,
    ToolChoice,
    Turn,
)
from dragoman.protocols.gemini.codec import count_request_in
from dragoman.protocols.gemini.requests_in import request_in


def read(body: JsonObject) -> Request:
    losses = Losses()
    request = request_in({"model": "m", "contents": [], **body}, losses)
    assert not losses
    return request


def parts_of(*parts: JsonObject) -> tuple[object, ...]:
    return read({"contents": [{"role": "user", "parts": list(parts)}]}).turns[0].parts


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


def test_calls_without_ids_get_their_place_and_results_pair_by_order_and_name() -> None:
    call: JsonObject = {"functionCall": {"name": "a", "args": {"x": 1}}}
    other: JsonObject = {"functionCall": {"name": "b"}}
    request = read(
        {
            "contents": [
                {"role": "model", "parts": [call, other, call]},
                {
                    "role": "function",
                    "parts": [
                        {"functionResponse": {"name": "b", "response": {"output": "B"}}},
                        {"functionResponse": {"name": "a", "response": {"output": "A1"}}},
                        {"functionResponse": {"response": {"output": "A2"}}},
                        {"functionResponse": {"name": "a", "response": {"output": "orphan"}}},
                    ],
                },
            ]
        }
    )
    assert request.turns == (
        Turn(
            "assistant",
            (
                ToolCall("call_at_1", "a", '{"x":1}'),
                ToolCall("call_at_2", "b", "{}"),
                ToolCall("call_at_3", "a", '{"x":1}'),
            ),
        ),
        Turn(
            "user",
            (
                ToolResult("call_at_2", (Text("B"),), name="b"),
                ToolResult("call_at_1", (Text("A1"),), name="a"),
                ToolResult("call_at_3", (Text("A2"),)),
                ToolResult("call_at_0", (Text("orphan"),), name="a"),
            ),
            author="function",
        ),
    )


def test_an_id_pairs_first_and_an_invented_one_falls_back_to_the_name() -> None:
    """Gemini CLI invents an id for the result of a call that came without one."""
    request = read(
        {
            "contents": [
                {
                    "role": "model",
                    "parts": [
                        {"functionCall": {"name": "sh", "args": {}}},
                        {"functionCall": {"id": "real", "name": "sh", "args": {}}},
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {"functionResponse": {"id": "real", "name": "sh", "response": {}}},
                        {"functionResponse": {"id": "sh_17_0", "name": "sh", "response": {}}},
                        {"functionResponse": {"id": "stranger", "name": "sh"}},
                    ],
                },
            ]
        }
    )
    assert request.turns[1].parts == (
        ToolResult("real", (Text("{}"),), name="sh"),
        ToolResult("call_at_1", (Text("{}"),), name="sh"),
        ToolResult("stranger", (Text(""),), name="sh"),
    )


def test_results_are_read_as_text_an_error_or_the_object_they_are() -> None:
    def result(response: JsonObject) -> object:
        return parts_of({"functionResponse": {"id": "i", "name": "f", "response": response}})[0]

    assert result({"output": "plain"}) == ToolResult("i", (Text("plain"),), name="f")
    assert result({"error": "bad"}) == ToolResult("i", (Text("bad"),), name="f", is_error=True)
    assert result({"name": "f", "content": '{"a":1}'}) == ToolResult(
        "i", (Text('{"a":1}'),), name="f", wire={"response": "content"}
    )
    assert result({"name": "g", "content": "x"}) == ToolResult(
        "i", (Text('{"name":"g","content":"x"}'),), name="f"
    )
    assert result({"name": "f", "content": 5}) == ToolResult(
        "i", (Text('{"name":"f","content":5}'),), name="f"
    )
    assert result({"output": '{ "a": 1 }'}) == ToolResult("i", (Text('{ "a": 1 }'),), name="f")
    assert result({"output": '{"a":1}'}) == ToolResult(
        "i", (Text('{"a":1}'),), name="f", wire={"response": "output"}
    )
    assert result({"result": "r"}) == ToolResult(
        "i", (Text("r"),), name="f", wire={"response": "result"}
    )
    assert result({"output": 5}) == ToolResult("i", (Text('{"output":5}'),), name="f")


def test_media_beside_and_inside_a_response_belongs_to_the_nearest_result() -> None:
    image: JsonObject = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    picture = Media("image", data="AA==", mime="image/png")
    answer: JsonObject = {"functionResponse": {"id": "i", "name": "f", "response": {"output": "o"}}}
    with_media = ToolResult("i", (Text("o"), picture), name="f")
    assert parts_of(answer, image) == (with_media,)
    assert parts_of(image, answer) == (with_media,)
    assert parts_of(image, {"text": "t"}, image) == (picture, Text("t"), picture)
    assert parts_of(answer, {"text": "t"}, image) == (
        ToolResult("i", (Text("o"),), name="f"),
        Text("t"),
        picture,
    )
    assert parts_of(image) == (picture,)
    assert parts_of({"functionResponse": {"id": "i", "name": "f", "parts": [image]}}) == (
        ToolResult("i", (picture,), name="f"),
    )


def test_url_safe_base64_of_the_python_sdk_becomes_standard() -> None:
    assert parts_of(
        {"inlineData": {"mimeType": "image/png", "data": "-_8"}},
        {"inlineData": {"mimeType": "image/png", "data": "_w=="}},
    ) == (
        Media("image", data="+/8=", mime="image/png"),
        Media("image", data="/w==", mime="image/png"),
    )


def test_arguments_keep_their_numbers_exact() -> None:
    body = decode(b'{"functionCall":{"name":"f","args":{"n":12345678901234567890,"d":1.50}}}')
    assert isinstance(body, dict)
    [call] = parts_of(body)
    assert call == ToolCall("call_at_1", "f", '{"n":12345678901234567890,"d":1.50}')


def test_thoughts_signatures_and_unknown_parts_are_kept() -> None:
    assert parts_of(
        {"text": "hm", "thought": True},
        {"text": "", "thoughtSignature": "sig"},
        {"text": "t", "videoMetadata": {"fps": 1}, "thought": None},
        {"neverSeen": {"x": 1}},
        {},
    ) == (
        Reasoning("hm"),
        Text("", state=ReasoningState("sig", "gemini")),
        Text("t", extras={"videoMetadata": {"fps": 1}}),
        Opaque("neverSeen", {"neverSeen": {"x": 1}}, "gemini"),
        Opaque("part", {}, "gemini"),
    )


def test_files_by_url_and_files_kept_by_google_are_told_apart() -> None:
    kept = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    assert parts_of(
        {"fileData": {"fileUri": "https://example.org/a.mp4", "mimeType": "video/mp4"}},
        {"fileData": {"fileUri": kept, "mimeType": "audio/wav", "displayName": "a"}},
        {"fileData": {"fileUri": "gs://bucket/x"}},
    ) == (
        Media("video", url="https://example.org/a.mp4", mime="video/mp4"),
        Media("audio", file_id=kept, mime="audio/wav", name="a"),
        Media("file", file_id="gs://bucket/x"),
    )


def test_what_googles_own_tools_did_is_hosted_and_readable() -> None:
    run: JsonObject = {"executableCode": {"language": "PYTHON", "code": "print(1)"}}
    ran: JsonObject = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}
    search: JsonObject = {
        "toolCall": {"id": "t", "toolType": "GOOGLE_SEARCH_WEB", "args": {"q": "x"}}
    }
    found: JsonObject = {"toolResponse": {"id": "t", "toolType": "ODD_TOOL", "response": {}}}
    assert parts_of(run, ran, search, found, ran) == (
        HostedCall(
            "code_at_1",
            "code_execution",
            '{"language":"python","code":"print(1)"}',
            run,
            "gemini",
        ),
        HostedResult(
            "code_at_1",
            "code_execution",
            "```python\nprint(1)\n```\n\n```\n1\n```",
            (),
            ran,
            "gemini",
        ),
        HostedCall("t", "web_search", '{"q":"x"}', search, "gemini"),
        HostedResult("t", "odd_tool", "", (), found, "gemini"),
        HostedResult("code_at_1", "code_execution", "```\n1\n```", (), ran, "gemini"),
    )


def test_a_system_instruction_may_be_text_or_bare_parts() -> None:
    assert read({"systemInstruction": "s"}).turns == (Turn("system", (Text("s"),), author="top"),)
    assert read({"systemInstruction": [{"text": "s"}]}).turns == (
        Turn("system", (Text("s"),), author="top"),
    )
    assert read({"systemInstruction": None}).turns == ()


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
