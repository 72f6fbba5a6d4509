"""What Chat clients send, as neutral requests."""

from decimal import Decimal
from typing import Any

import pytest

from dragoman.errors import InvalidRequest
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    CacheMark,
    Citation,
    Media,
    Opaque,
    Part,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import (
    CustomTool,
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
from dragoman.protocols.openai_chat.codec import CODEC


def read(**fields: Any) -> Request:
    messages = fields.pop("messages", [{"role": "user", "content": "hi"}])
    return CODEC.request_in({"model": "m", "messages": messages, **fields}, Losses())


def parts(message: dict[str, Any]) -> tuple[Part, ...]:
    return read(messages=[message]).turns[0].parts


def test_a_second_turn_as_sdks_send_it() -> None:
    request = read(
        stream=True,
        stream_options={"include_usage": True},
        tool_choice="auto",
        messages=[
            {"role": "developer", "content": "You are a test."},
            {"role": "user", "content": "Run it."},
            {
                "role": "assistant",
                "content": "Running – é中文 🚀.",
                "reasoning_content": "I should run it.",
                "refusal": None,
                "audio": None,
                "annotations": [],
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "sh", "arguments": '{"command": "printf \'x\'"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "RAN\n"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, "b"], "name": "bob"},
        ],
    )
    assert request.turns == (
        Turn("system", (Text("You are a test."),), author="developer"),
        Turn("user", (Text("Run it."),), author="user"),
        Turn(
            "assistant",
            (
                Reasoning("I should run it."),
                Text("Running – é中文 🚀."),
                ToolCall("call_1", "sh", '{"command": "printf \'x\'"}'),
            ),
            author="assistant",
        ),
        Turn("user", (ToolResult("call_1", (Text("RAN\n"),)),), author="tool"),
        Turn("user", (Text("a"), Text("b")), author="user", extras={"name": "bob"}),
    )
    assert (request.protocol, request.model) == ("openai", "m")
    assert (request.stream, request.include_usage) == (True, True)
    assert request.tool_choice == ToolChoice(mode="auto")
    assert request.extras == {}


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, True),
        ({"stream": False}, True),
        ({"stream": True}, False),
        ({"stream": True, "stream_options": {}}, False),
        ({"stream": True, "stream_options": {"include_usage": False}}, False),
    ],
)
def test_usage_is_asked_for_by_whoever_does_not_stream(fields: Any, asked: bool) -> None:
    assert read(**fields).include_usage is asked


def test_every_content_part_is_read() -> None:
    content: list[dict[str, Any]] = [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
        {"type": "image_url", "image_url": "https://e.org/a.png", "x": 1},
        {"type": "image_url", "image_url": {"url": "data:text/plain,hi"}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "flac"}},
        {"type": "input_audio", "input_audio": {"data": "AA=="}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==",
                                  "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": "AA==", "filename": "a.PDF"}},
        {"type": "file", "file": {"file_data": "https://e.org/a.pdf"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "video_url", "video_url": {"url": "https://e.org/a.mp4"}},
        {"type": "refusal", "refusal": "no"},
        {"type": "hologram", "data": 1},
        {"type": "text", "text": "b", "cache_control": {"type": "forever"}},
        {"type": "text", "text": "c", "cache_control": {"type": "ephemeral", "ttl": 5}},
        {"type": "text", "text": "d", "cache_control": {"type": "ephemeral", "scope": "x"}},
    ]  # fmt: skip
    assert parts({"role": "user", "content": content}) == (
        Text("a", cache=CacheMark("1h")),
        Media("image", data="AA==", mime="image/png", detail="low"),
        Media("image", url="https://e.org/a.png", extras={"x": 1}),
        Media("image", url="data:text/plain,hi"),
        Media("audio", data="AA==", mime="audio/mpeg"),
        Media("audio", data="AA==", mime="audio/flac"),
        Media("audio", data="AA==", mime="audio/wav"),
        Media("file", data="AA==", mime="application/pdf", name="a.pdf"),
        Media("file", data="AA==", mime="application/pdf", name="a.PDF"),
        Media("file", url="https://e.org/a.pdf"),
        Media("file", file_id="file-1"),
        Media("video", url="https://e.org/a.mp4"),
        Refusal("no"),
        Opaque("hologram", {"type": "hologram", "data": 1}, "openai"),
        Text("b", extras={"cache_control": {"type": "forever"}}),
        Text("c", extras={"cache_control": {"type": "ephemeral", "ttl": 5}}),
        Text("d", extras={"cache_control": {"type": "ephemeral", "scope": "x"}}),
    )


def test_a_cache_mark_on_the_message_stands_on_its_last_part_unless_a_part_has_one() -> None:
    mark = {"type": "ephemeral"}
    two: list[dict[str, Any]] = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert parts({"role": "system", "content": two, "cache_control": mark}) == (
        Text("a"),
        Text("b", cache=CacheMark()),
    )
    refused = [*two, {"type": "refusal", "refusal": "no"}]
    assert parts({"role": "user", "content": refused, "cache_control": mark})[1:] == (
        Text("b", cache=CacheMark()),
        Refusal("no"),
    )
    two[0]["cache_control"] = {"type": "ephemeral", "ttl": "5m"}
    assert parts({"role": "system", "content": two, "cache_control": mark}) == (
        Text("a", cache=CacheMark("5m")),
        Text("b"),
    )
    assert parts({"role": "assistant", "content": None, "cache_control": mark}) == ()
    result: dict[str, Any] = {"role": "tool", "tool_call_id": "c", "content": "x"}
    result["cache_control"] = mark
    assert parts(result) == (ToolResult("c", (Text("x"),), cache=CacheMark()),)
    result["content"] = two
    assert parts(result) == (ToolResult("c", (Text("a"), Text("b")), cache=CacheMark("5m")),)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": ""}, ()),
        ({"content": None}, ()),
        ({"content": "", "reasoning": "hm"}, (Reasoning("hm"),)),
        ({"content": "a", "reasoning": "x", "reasoning_content": "hm"},
         (Reasoning("hm"), Text("a"))),
        ({"content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"}]},
         (Text("a"), Refusal("no"))),
        ({"refusal": "no"}, (Refusal("no"),)),
        ({"images": [{"type": "image_url", "image_url": {"url": "https://e.org"}}]},
         (Media("image", url="https://e.org"),)),
        ({"reasoning": "ab", "reasoning_details": [
            {"type": "reasoning.summary", "summary": "a", "index": 0},
            {"type": "reasoning.text", "text": "b", "signature": "s", "index": 1},
            {"type": "reasoning.encrypted", "data": "x", "id": "rs"}]},
         (Reasoning("a"),
          Reasoning("b", state=ReasoningState(
              '{"type":"reasoning.text","signature":"s","index":1}', "openai")),
          Reasoning(redacted=True, state=ReasoningState(
              '{"type":"reasoning.encrypted","data":"x","id":"rs"}', "openai")))),
        ({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]},
         (ToolCall("a", "f", '{"x":1}'),)),
        ({"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": ""}, "y": 1}]},
         (ToolCall("a", "f", "{}", extras={"y": 1}),)),
        ({"tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "e", "input": "it's"}}]},
         (ToolCall("a", "e", "it's", kind="custom"),)),
        ({"tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "e"}}]},
         (ToolCall("a", "e", "", kind="custom"),)),
        ({"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"},
                          "extra_content": {"google": {"thought_signature": "s"}}}]},
         (ToolCall("", "f", "{}", state=ReasoningState(
             '{"google":{"thought_signature":"s"}}', "openai")),)),
    ],
)  # fmt: skip
def test_every_form_of_an_assistant_message_is_read(
    message: dict[str, Any], expected: tuple[Part, ...]
) -> None:
    assert parts({"role": "assistant", **message}) == expected


def test_annotations_are_citations_of_the_last_text() -> None:
    cited = {"url": "u", "title": "t", "start_index": 0, "end_index": 1, "content": "q"}
    annotation: Any = {"type": "url_citation", "url_citation": cited}
    other: Any = {"type": "file_citation"}
    message = {"role": "assistant", "content": "a", "refusal": "no"}
    message["annotations"] = [annotation, other]  # type: ignore[assignment]  # a JSON array
    citations = (
        Citation("u", "t", "q", 0, 1, annotation, "openai"),
        Citation(raw=other, protocol="openai"),
    )
    assert parts(message) == (Text("a", citations=citations), Refusal("no"))
    content: Any = [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "no"}]
    assert parts({**message, "content": content, "refusal": None}) == (
        Text("a", citations=citations),
        Refusal("no"),
    )
    assert parts({**message, "content": None}) == (Refusal("no"),)


def test_legacy_functions_are_tools_and_their_results_find_their_calls() -> None:
    request = read(
        functions=[{"name": "f", "parameters": {"type": "object"}}],
        function_call={"name": "f"},
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "assistant", "function_call": {"name": "f", "arguments": ""}},
            {"role": "function", "name": "f", "content": "1"},
            {"role": "function", "name": "g", "content": "2"},
        ],
    )
    assert request.tools == (FunctionTool("f", parameters={"type": "object"}),)
    assert request.tool_choice == ToolChoice(mode="named", name="f")
    assert [turn.parts[0] for turn in request.turns[1:]] == [
        ToolCall("call_1", "f", "{}"),
        ToolResult("call_1", (Text("1"),), name="f", wire={"named": True}),
        ToolResult("call_g", (Text("2"),), name="g", wire={"named": True}),
    ]
    assert read(function_call="none").tool_choice == ToolChoice(mode="none")


def test_every_kind_of_tool_is_read() -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: x"}}
    plain = {"type": "text"}
    mark = {"type": "ephemeral"}
    search: dict[str, Any] = {"search_context_size": "low"}
    schema: dict[str, Any] = {"type": "object"}
    request = read(
        web_search_options=search,
        tools=[
            {"type": "function", "function": {
                "name": "f", "description": "d", "parameters": schema, "strict": False, "z": 1},
             "cache_control": mark, "y": 2},
            {"type": "function", "name": "flat"},
            {"type": "function", "function": {"name": "odd"}, "cache_control": {"type": "x"}},
            {"type": "custom", "custom": {"name": "c", "description": "e", "format": grammar}},
            {"type": "custom", "custom": {"name": "t", "format": plain}, "cache_control": mark},
            {"type": "custom", "custom": {"name": "n"}},
            {"type": "builtin_function", "function": {"name": "$web_search"}},
            {"type": "web_search_preview"},
            {"type": "retrieval", "function": {"name": 5}},
        ],
    )  # fmt: skip
    assert request.tools == (
        FunctionTool("f", "d", schema, False, cache=CacheMark(),
                     extras={"function": {"z": 1}, "tool": {"y": 2}}),
        FunctionTool("flat"),
        FunctionTool("odd", extras={"tool": {"cache_control": {"type": "x"}}}),
        CustomTool("c", "e", {"type": "grammar", "syntax": "lark", "definition": "start: x"}),
        CustomTool("t", grammar={"type": "text"}, cache=CacheMark()),
        CustomTool("n"),
        HostedTool("web_search",
                   {"type": "builtin_function", "function": {"name": "$web_search"}},
                   "openai", name="$web_search"),
        HostedTool("web_search", {"type": "web_search_preview"}, "openai"),
        HostedTool("retrieval", {"type": "retrieval", "function": {"name": 5}}, "openai"),
        HostedTool("web_search", {"web_search_options": search}, "openai"),
    )  # fmt: skip


ALLOWED = {
    "type": "allowed_tools",
    "allowed_tools": {
        "mode": "required",
        "tools": [
            {"type": "function", "function": {"name": "a"}},
            {"type": "custom", "custom": {"name": "b"}},
        ],
    },
}


@pytest.mark.parametrize(
    ("wire", "choice"),
    [
        ("auto", ToolChoice(mode="auto")),
        ("none", ToolChoice(mode="none")),
        ("required", ToolChoice(mode="required")),
        ("any", ToolChoice(mode="required")),
        ("sh", ToolChoice(mode="named", name="sh")),
        (None, ToolChoice()),
        ({"type": "function", "function": {"name": "f"}}, ToolChoice(mode="named", name="f")),
        ({"type": "function", "name": "f"}, ToolChoice(mode="named", name="f")),
        (
            {"type": "custom", "custom": {"name": "c"}},
            ToolChoice(mode="named", name="c", kind="custom"),
        ),
        ({"type": "custom", "name": "c"}, ToolChoice(mode="named", name="c", kind="custom")),
        (ALLOWED, ToolChoice(mode="required", allowed=("a", "b"))),
        (
            {"type": "allowed_tools", "tools": [{"type": "function", "name": "a"}]},
            ToolChoice(mode="auto", allowed=("a",)),
        ),
        (
            {"type": "web_search_preview", "x": 1},
            ToolChoice(mode="named", name="web_search_preview", kind="hosted", extras={"x": 1}),
        ),
    ],
)
def test_every_form_of_tool_choice_is_read(wire: Any, choice: ToolChoice) -> None:
    assert read(tool_choice=wire).tool_choice == choice


def test_parallel_calls_are_part_of_the_choice() -> None:
    assert read(parallel_tool_calls=False).tool_choice == ToolChoice(parallel=False)


def test_sampling_and_hints_are_read_and_the_unknown_is_kept() -> None:
    request = read(
        max_tokens=5, max_completion_tokens=6, temperature=Decimal("0.10"), top_p=1, top_k=3,
        min_p=Decimal("0.1"), frequency_penalty=0, presence_penalty=1,
        repetition_penalty=Decimal("1.1"), seed=2**70, stop="END", n=2, logprobs=True,
        top_logprobs=3, logit_bias={"1": 5}, prompt_cache_key="k", user="u",
        service_tier="flex", verbosity="low", store=True, modalities=["text", "audio"],
        safety_identifier="s", metadata={"a": "b"}, prediction={"type": "content"},
        audio={"voice": "x"}, stream_options={"include_obfuscation": False}, vendor=None,
    )  # fmt: skip
    assert request.sampling == Sampling(
        6, Decimal("0.10"), 1, 3, Decimal("0.1"), 0, 1, Decimal("1.1"), 2**70, ("END",), 2, True,
        3, {"1": 5},
    )  # fmt: skip
    assert request.hints == Hints(
        cache_key="k", user="u", service_tier="flex", verbosity="low", store=True,
        modalities=("text", "audio"),
    )  # fmt: skip
    assert request.extras == {
        "safety_identifier": "s",
        "metadata": {"a": "b"},
        "prediction": {"type": "content"},
        "audio": {"voice": "x"},
        "stream_options": {"include_obfuscation": False},
    }
    assert read(max_tokens=5, stop=["a", "b"]).sampling == Sampling(5, stop=("a", "b"))


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        ({}, ReasoningSettings()),
        ({"reasoning_effort": "minimal"}, ReasoningSettings(effort="minimal")),
        ({"reasoning_effort": "none"}, ReasoningSettings(mode="off")),
        ({"reasoning": {"effort": "high"}}, ReasoningSettings(effort="high")),
        ({"reasoning": {"max_tokens": 9}}, ReasoningSettings(budget=9)),
        ({"reasoning": {"effort": "low", "max_tokens": 9}}, ReasoningSettings(effort="low")),
        ({"reasoning": {"enabled": True}}, ReasoningSettings(mode="on")),
        (
            {"reasoning": {"enabled": False, "exclude": False}},
            ReasoningSettings(mode="off", summary="auto"),
        ),
        (
            {"reasoning": {"exclude": True, "x": 1}},
            ReasoningSettings(summary="none", extras={"x": 1}),
        ),
        ({"thinking": {"type": "enabled", "budget_tokens": 7}}, ReasoningSettings(budget=7)),
        ({"thinking": {"type": "enabled"}}, ReasoningSettings(mode="on")),
        ({"thinking": {"type": "disabled"}}, ReasoningSettings(mode="off")),
        (
            {"thinking": {"type": "adaptive"}, "reasoning_effort": "low"},
            ReasoningSettings(mode="adaptive", effort="low"),
        ),
        ({"thinking": {"effort": "max"}}, ReasoningSettings(effort="max")),
        ({"enable_thinking": True, "thinking_budget": 8}, ReasoningSettings(budget=8)),
        ({"enable_thinking": True}, ReasoningSettings(mode="on")),
        ({"enable_thinking": False, "thinking_budget": 8}, ReasoningSettings(mode="off")),
    ],
)
def test_every_way_to_ask_for_reasoning_is_one_setting(
    fields: Any, settings: ReasoningSettings
) -> None:
    assert read(**fields).reasoning == settings


@pytest.mark.parametrize(
    ("wire", "output"),
    [
        (None, None),
        ({"type": "text"}, OutputFormat("text")),
        ({"type": "json_object"}, OutputFormat("json")),
        (
            {"type": "json_object", "schema": {"type": "object"}},
            OutputFormat("schema", {"type": "object"}),
        ),
        (
            {"type": "json_schema", "json_schema": {
                "name": "n", "description": "d", "schema": {}, "strict": True, "x": 1}},
            OutputFormat("schema", {}, "n", "d", True, {"x": 1}),
        ),
        ({"type": "json_schema", "json_schema": {}}, OutputFormat("schema")),
    ],
)  # fmt: skip
def test_output_formats_are_read(wire: Any, output: OutputFormat | None) -> None:
    assert read(response_format=wire).output == output


def test_a_hosts_own_output_format_is_kept_whole() -> None:
    wire = {"type": "grammar", "grammar": "x"}
    request = read(response_format=wire)
    assert request.output is None
    assert request.extras == {"response_format": wire}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": []}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": "hi"}, "messages"),
        ({"model": "m", "messages": ["hi"]}, "messages[0]"),
        ({"model": "m", "messages": [{"content": "a"}]}, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "king", "content": "a"}]}, "messages[0].role"),
        ({"model": "m", "messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"model": "m", "messages": [{"role": "user", "content": [5]}]}, "messages[0].content[0]"),
        ({"model": "m", "messages": [{"role": "tool", "content": "a"}]},
         "messages[0].tool_call_id"),
        ({"model": "m", "messages": [{"role": "function", "content": "a"}]}, "messages[0].name"),
        *[({"model": "m", "messages": [{"role": "user", "content": [{"type": kind}]}]},
           f"messages[0].content[0].{kind}")
          for kind in ("text", "image_url", "input_audio", "file", "video_url", "refusal")],
        *[({"model": "m", "messages": [{"role": "assistant", "tool_calls": [{"type": kind}]}]},
           f"messages[0].tool_calls[0].{kind}") for kind in ("function", "custom")],
        ({"model": "m", "messages": [{"role": "assistant", "tool_calls": [
            {"function": {"name": "f", "arguments": 5}}]}]},
         "messages[0].tool_calls[0].function.arguments"),
        ({"model": "m", "messages": [{"role": "user", "content": "a"}],
          "response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"model": "m", "messages": [{"role": "user", "content": "a"}], "temperature": "hot"},
         "temperature"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_path(body: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        CODEC.request_in(body, Losses())
    assert caught.value.param == param
    assert caught.value.message.startswith(param)
