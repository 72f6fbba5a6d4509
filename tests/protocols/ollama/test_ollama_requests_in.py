import base64

import pytest

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Media, Reasoning, Text, ToolCall, ToolResult
from dragoman.neutral.requests import (
    FunctionTool,
    HostedTool,
    OutputFormat,
    ReasoningSettings,
    Request,
    Sampling,
    Turn,
)
from dragoman.protocols.ollama.codec import CODEC

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n0000").decode()


def read(body: JsonObject) -> Request:
    return CODEC.request_in(body, Losses())


def test_the_python_clients_second_turn_reads_with_ids_by_place() -> None:
    request = read(
        {
            "model": "m",
            "stream": True,
            "messages": [
                {"role": "user", "content": "Run the command."},
                {
                    "role": "assistant",
                    "content": "Running – é中文 🚀.",
                    "tool_calls": [
                        {"function": {"name": "shell", "arguments": {"command": "printf 'a'\n"}}}
                    ],
                },
                {"role": "tool", "content": "a\n", "tool_name": "shell"},
            ],
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "shell",
                        "description": "Run",
                        "parameters": {"type": "object", "properties": {}},
                    },
                }
            ],
            "think": True,
        }
    )

    assert request == Request(
        protocol="ollama",
        model="m",
        turns=(
            Turn("user", (Text("Run the command."),)),
            Turn(
                "assistant",
                (
                    Text("Running – é中文 🚀."),
                    ToolCall("call_0", "shell", '{"command":"printf \'a\'\\n"}'),
                ),
            ),
            Turn("user", (ToolResult("call_0", (Text("a\n"),), name="shell"),), author="tool"),
        ),
        tools=(FunctionTool("shell", "Run", {"type": "object", "properties": {}}),),
        reasoning=ReasoningSettings(mode="on"),
        stream=True,
    )


def test_results_without_ids_go_to_the_oldest_waiting_call_of_their_tool() -> None:
    request = read(
        {
            "model": "m",
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [
                        {"function": {"name": "a"}},
                        {"function": {"name": "b"}},
                        {"function": {"name": "a"}},
                        {"id": "given", "function": {"name": "c"}},
                    ],
                },
                {"role": "tool", "content": "1", "tool_name": "b"},
                {"role": "tool", "content": "2", "tool_name": "a"},
                {"role": "tool", "content": "3", "tool_call_id": "given"},
                {"role": "tool", "content": "4"},
                {"role": "tool", "content": "5", "tool_name": "a"},
            ],
        }
    )

    results = [turn.parts[0] for turn in request.turns[1:]]
    assert [(r.call_id, r.name) for r in results if isinstance(r, ToolResult)] == [
        ("call_1", "b"),
        ("call_0", "a"),
        ("given", "c"),
        ("call_2", "a"),
        ("result_4", "a"),
    ]


def test_a_made_id_keeps_clear_of_ids_that_were_given() -> None:
    request = read(
        {
            "model": "m",
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [
                        {"id": "call_1", "function": {"name": "a"}},
                        {"function": {"name": "b"}},
                    ],
                }
            ],
        }
    )

    assert request.turns[0].parts == (
        ToolCall("call_1", "a", "{}"),
        ToolCall("call_1_", "b", "{}"),
    )


def test_thinking_images_text_and_calls_of_a_message_stand_in_this_order() -> None:
    request = read(
        {
            "model": "m",
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}],
                    "content": "text",
                    "images": [PNG],
                    "thinking": "hm",
                }
            ],
        }
    )

    assert request.turns == (
        Turn(
            "assistant",
            (
                Reasoning("hm"),
                Media("image", data=PNG, mime="image/png"),
                Text("text"),
                ToolCall("call_0", "f", '{"a": 1}'),
            ),
        ),
    )


def test_system_messages_keep_their_places_and_empty_content_is_accepted() -> None:
    request = read(
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": ""},
                {"role": "system", "content": "now rhyme"},
                {"role": "assistant", "content": None, "weight": 1},
            ],
        }
    )

    assert request.turns == (
        Turn("system", (Text("be brief"),)),
        Turn("user", ()),
        Turn("system", (Text("now rhyme"),)),
        Turn("assistant", (), extras={"weight": 1}),
    )


def test_a_tool_result_keeps_its_images() -> None:
    request = read(
        {
            "model": "m",
            "messages": [
                {"role": "assistant", "tool_calls": [{"function": {"name": "see"}}]},
                {"role": "tool", "content": "seen", "images": [PNG], "tool_name": "see"},
                {"role": "tool", "content": ""},
            ],
        }
    )

    assert request.turns[1:] == (
        Turn(
            "user",
            (
                ToolResult(
                    "call_0",
                    (Media("image", data=PNG, mime="image/png"), Text("seen")),
                    name="see",
                ),
            ),
            author="tool",
        ),
        Turn("user", (ToolResult("result_1", ()),), author="tool"),
    )


def test_all_settings_are_read_and_unknown_ones_are_kept() -> None:
    request = read(
        {
            "model": "m",
            "messages": [],
            "options": {
                "num_predict": 9,
                "temperature": 1,
                "top_p": 1,
                "top_k": 40,
                "min_p": 0,
                "seed": 7,
                "stop": "END",
                "repeat_penalty": 2,
                "presence_penalty": 1,
                "frequency_penalty": -1,
                "num_ctx": 4096,
                "mirostat": None,
            },
            "format": {"type": "object"},
            "think": "low",
            "keep_alive": -1,
            "logprobs": True,
            "top_logprobs": 3,
            "truncate": None,
        }
    )

    assert request == Request(
        protocol="ollama",
        model="m",
        turns=(),
        sampling=Sampling(
            max_tokens=9,
            temperature=1,
            top_p=1,
            top_k=40,
            min_p=0,
            frequency_penalty=-1,
            presence_penalty=1,
            repeat_penalty=2,
            seed=7,
            stop=("END",),
            logprobs=True,
            top_logprobs=3,
        ),
        reasoning=ReasoningSettings(effort="low"),
        output=OutputFormat("schema", schema={"type": "object"}),
        stream=True,
        extras={"keep_alive": -1, "options": {"num_ctx": 4096}},
    )


@pytest.mark.parametrize("limit", [-2, -1, 0])
def test_a_limit_of_nothing_or_less_is_no_limit(limit: int) -> None:
    request = read({"model": "m", "options": {"num_predict": limit}})

    assert request.sampling == Sampling()
    assert request.extras == {}


@pytest.mark.parametrize(
    ("stream", "expected"), [(None, True), (True, True), (False, False)], ids=str
)
def test_an_answer_is_streamed_unless_the_client_says_no(
    stream: bool | None, expected: bool
) -> None:
    assert read({"model": "m", "stream": stream}).stream is expected


@pytest.mark.parametrize(
    ("think", "expected"),
    [
        (None, ReasoningSettings()),
        ("", ReasoningSettings()),
        (True, ReasoningSettings(mode="on")),
        (False, ReasoningSettings(mode="off")),
        ("high", ReasoningSettings(effort="high")),
        ("max", ReasoningSettings(effort="max")),
    ],
)
def test_think_is_a_switch_or_a_level(
    think: str | bool | None, expected: ReasoningSettings
) -> None:
    assert read({"model": "m", "think": think}).reasoning == expected


@pytest.mark.parametrize(
    ("form", "expected"),
    [(None, None), ("", None), ("json", OutputFormat("json"))],
)
def test_format_json_is_any_object(form: str | None, expected: OutputFormat | None) -> None:
    assert read({"model": "m", "format": form}).output == expected


def test_fields_of_calls_and_tools_that_nobody_knows_are_kept() -> None:
    request = read(
        {
            "model": "m",
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "type": "function",
                            "x": 1,
                            "function": {"index": 0, "name": "f", "arguments": {}, "y": 2},
                        }
                    ],
                }
            ],
            "tools": [
                {"items": 1, "function": {"name": "f", "strict": True, "z": 3}},
                {"type": "web_search", "name": "search"},
                {"type": "odd", "function": {"name": "named"}},
                {"type": "bare"},
            ],
        }
    )

    assert request.turns[0].parts == (
        ToolCall("call_0", "f", "{}", extras={"x": 1, "function": {"y": 2}}),
    )
    assert request.tools == (
        FunctionTool("f", strict=True, extras={"items": 1, "function": {"z": 3}}),
        HostedTool("web_search", {"type": "web_search", "name": "search"}, "ollama", name="search"),
        HostedTool("odd", {"type": "odd", "function": {"name": "named"}}, "ollama", name="named"),
        HostedTool("bare", {"type": "bare"}, "ollama"),
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "model: required field is missing"),
        ({"model": 1}, "model: expected a string, got an integer"),
        ({"model": "m", "messages": {}}, "messages: expected an array, got an object"),
        ({"model": "m", "messages": ["x"]}, "messages[0]: expected an object, got a string"),
        ({"model": "m", "messages": [{}]}, "messages[0].role: required field is missing"),
        (
            {"model": "m", "messages": [{"role": "robot"}]},
            "messages[0].role: expected one of system, user, assistant, tool, got 'robot'",
        ),
        (
            {"model": "m", "messages": [{"role": "user", "content": []}]},
            "messages[0].content: expected a string, got an array",
        ),
        (
            {"model": "m", "messages": [{"role": "user", "images": [1]}]},
            "messages[0].images[0]: expected a base64 string, got an integer",
        ),
        (
            {"model": "m", "messages": [{"role": "assistant", "tool_calls": [{}]}]},
            "messages[0].tool_calls[0].function: required field is missing",
        ),
        (
            {
                "model": "m",
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [{"function": {"name": "f", "arguments": "no"}}],
                    }
                ],
            },
            "messages[0].tool_calls[0].function.arguments: expected an object, got a string",
        ),
        ({"model": "m", "tools": [{}]}, "tools[0].function: required field is missing"),
        (
            {"model": "m", "think": "hard"},
            'think: expected true, false or one of "low", "medium", "high", "max"',
        ),
        (
            {"model": "m", "think": 5},
            'think: expected true, false or one of "low", "medium", "high", "max"',
        ),
        ({"model": "m", "format": "xml"}, 'format: expected "json" or a JSON schema'),
        (
            {"model": "m", "options": {"temperature": "hot"}},
            "options.temperature: expected a number, got a string",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_path(body: JsonObject, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(body)

    assert caught.value.message == message
    assert caught.value.param == message.partition(":")[0]
