"""Client bodies of /v1/responses, read and given back."""
# ruff: noqa: E501  a wire body is read more easily item by item

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.openai_responses.bodies import CODEX_LITE, CODEX_PLAIN, EVERYTHING, SMALL

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
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
    HostedTool,
    Request,
    ToolChoice,
)
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_responses.codec import CODEC

OPENAI = Target("m", host="api.openai.com")


def read(**fields: Any) -> Request:
    return CODEC.request_in({"model": "m", **fields}, Losses())


def again(body: JsonObject) -> JsonObject:
    losses = Losses()
    out = CODEC.request_out(CODEC.request_in(body, losses), OPENAI, losses)
    assert losses.fields == ()
    return out


def contents(request: Request) -> list[tuple[str, list[str]]]:
    return [(t.role, [type(p).__name__ for p in t.parts]) for t in request.turns]


def refusal_of(**fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read(**fields)
    return caught.value


@pytest.mark.parametrize(
    "body", [CODEX_LITE, CODEX_PLAIN, EVERYTHING, *SMALL], ids=lambda body: ",".join(body)[:40]
)
def test_a_body_comes_back_for_its_own_protocol_as_it_was(body: JsonObject) -> None:
    expected = {k: v for k, v in body.items() if v != [] or k == "input"}
    assert again(body) == expected


TEXTS = st.text(max_size=8)
CONTENTS = st.one_of(
    TEXTS,
    st.lists(
        st.one_of(
            st.builds(lambda t: {"type": "input_text", "text": t}, TEXTS),
            st.builds(lambda t: {"type": "input_image", "image_url": "https://" + t}, TEXTS),
            st.builds(lambda t: {"type": "other", "x": t}, TEXTS),
        ),
        max_size=3,
    ),
)
ITEMS = st.one_of(
    st.builds(
        lambda role, content, extra: {"role": role, "content": content, **extra},
        st.sampled_from(["user", "system", "developer", "assistant"]),
        CONTENTS,
        st.sampled_from([{}, {"type": "message"}, {"id": "m", "status": None}, {"new": [1]}]),
    ),
    st.builds(lambda t: {"type": "function_call", "call_id": t, "name": t, "arguments": "{}"}, TEXTS),
    st.builds(lambda c: {"type": "function_call_output", "call_id": "c", "output": c}, CONTENTS),
    st.builds(lambda t: {"type": "reasoning", "summary": [], "encrypted_content": t + "b"}, TEXTS),
    st.builds(lambda t: {"type": "unknown_" + t}, TEXTS),
)  # fmt: skip


@given(st.lists(ITEMS, max_size=6))
def test_any_mix_of_items_comes_back_as_it_was(items: list[Any]) -> None:
    body: JsonObject = {"model": "m", "input": items}
    assert again(body) == body


def test_a_call_without_call_id_goes_by_its_item_id() -> None:
    request = read(input=[{"type": "function_call", "id": "fc_1", "name": "f", "arguments": ""}])
    assert request.turns[0].parts == (ToolCall("fc_1", "f", "{}", wire={"item": {"id": "fc_1"}}),)


def test_fact_2_tools_of_additional_tools_items_become_the_requests_tools() -> None:
    request = CODEX_LITE
    tools = CODEC.request_in(request, Losses()).tools
    assert [(type(t).__name__, t.name, getattr(t, "namespace", "")) for t in tools] == [
        ("CustomTool", "exec", "functions"),
        ("FunctionTool", "wait", "functions"),
        ("HostedTool", "", ""),
    ]
    assert isinstance(tools[0], CustomTool)
    assert tools[0].grammar == {"type": "grammar", "syntax": "lark", "definition": "s: /x/"}
    assert all(tool.wire["added"] is True for tool in tools)


def test_fact_3_a_developer_message_is_the_system_prompt() -> None:
    request = CODEC.request_in(CODEX_LITE, Losses())
    assert contents(request) == [
        ("system", ["Text", "Text"]),
        ("user", ["Text", "Text"]),
        ("assistant", ["Reasoning", "Text", "ToolCall"]),
        ("user", ["ToolResult"]),
    ]
    assert request.turns[0].author == "developer"


def test_fact_5_a_call_keeps_its_namespace() -> None:
    call = CODEC.request_in(CODEX_PLAIN, Losses()).turns[2].parts[0]
    assert isinstance(call, ToolCall)
    assert (call.id, call.name, call.namespace, call.input) == (
        "c1",
        "close_agent",
        "multi",
        "{\"a\": 'x'}",
    )


def test_reasoning_is_read_with_its_state_as_native() -> None:
    part = CODEC.request_in(CODEX_LITE, Losses()).turns[2].parts[0]
    assert isinstance(part, Reasoning)
    assert part.text == "Thinking"
    assert part.state == ReasoningState("BLOB", "responses")
    assert not part.redacted


def test_reasoning_without_text_is_redacted_and_raw_text_is_read_too() -> None:
    request = read(
        input=[
            {"type": "reasoning", "summary": [], "encrypted_content": "B"},
            {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "t"}]},
        ]
    )  # fmt: skip
    first, second = request.turns[0].parts
    assert isinstance(first, Reasoning)
    assert isinstance(second, Reasoning)
    assert (first.redacted, first.text) == (True, "")
    assert (second.redacted, second.text, second.state) == (False, "t", None)


def test_media_are_read_by_kind() -> None:
    parts = CODEC.request_in(EVERYTHING, Losses()).turns[2].parts
    media = [p for p in parts if isinstance(p, Media)]
    assert [(m.kind, m.data, m.url, m.file_id, m.mime, m.name, m.detail) for m in media] == [
        ("image", "", "https://x/y.png", "", "", "", ""),
        ("image", "", "", "file_1", "", "", "auto"),
        ("file", "JVBE", "", "", "application/pdf", "a.pdf", ""),
        ("file", "JVBE", "", "", "", "b.pdf", ""),
        ("file", "", "https://x/y.pdf", "", "", "", ""),
        ("file", "", "", "file_2", "", "", ""),
        ("audio", "AAAA", "", "", "audio/mp3", "", ""),
    ]
    assert [p.kind for p in parts if isinstance(p, Opaque)] == ["hologram", "hologram"]


def test_a_data_url_that_is_not_base64_stays_a_url() -> None:
    content = [{"type": "input_image", "image_url": "data:image/svg+xml,<svg/>"}]
    part = read(input=[{"role": "user", "content": content}]).turns[0].parts[0]
    assert isinstance(part, Media)
    assert (part.url, part.data) == ("data:image/svg+xml,<svg/>", "")


def test_citations_and_refusals_of_the_history_are_read() -> None:
    parts = CODEC.request_in(EVERYTHING, Losses()).turns[3].parts
    text, refusal = parts[0], parts[1]
    assert isinstance(text, Text)
    assert text.citations == (
        Citation(
            url="https://x",
            title="X",
            start=4,
            end=5,
            raw={"type": "url_citation", "url": "https://x", "title": "X", "start_index": 4, "end_index": 5},
            protocol="responses",
        ),
    )  # fmt: skip
    assert isinstance(refusal, Refusal)
    assert refusal.text == "no"


def test_hosted_items_of_the_history_are_never_calls_of_the_client() -> None:
    parts = CODEC.request_in(EVERYTHING, Losses()).turns[3].parts
    hosted = [p for p in parts if isinstance(p, HostedCall | HostedResult)]
    assert [(type(p).__name__, p.tool) for p in hosted] == [
        ("HostedCall", "web_search"),
        ("HostedCall", "code_execution"),
        ("HostedResult", "code_execution"),
        ("HostedCall", "image_generation"),
    ]
    assert isinstance(hosted[0], HostedCall)
    assert hosted[0].input == '{"type":"search","query":"q"}'
    assert isinstance(hosted[1], HostedCall)
    assert hosted[1].input == "1+1"
    assert isinstance(hosted[2], HostedResult)
    assert hosted[2].text == "```python\n1+1\n```\n```\n2\n```"
    assert not [p for p in parts if isinstance(p, ToolCall)]


def test_what_other_hosted_tools_found_is_readable_text() -> None:
    request = read(
        input=[
            {"type": "mcp_call", "id": "1", "arguments": "{}", "output": "weather: sun"},
            {"type": "mcp_call", "id": "2", "arguments": "{}", "output": None},
            {"type": "file_search_call", "id": "3", "queries": ["q"], "results": [
                {"filename": "a.txt", "text": "A"}, {"text": "B"}, {"filename": "c"}, 7]},
            {"type": "file_search_call", "id": "4", "queries": ["q"], "results": None},
            {"type": "code_interpreter_call", "id": "5", "code": None, "outputs": [{"type": "image"}, 5]},
        ]
    )  # fmt: skip
    found = [p.text for p in request.turns[0].parts if isinstance(p, HostedResult)]
    assert found == ["weather: sun", "a.txt: A\nB"]


def test_a_replayed_compaction_item_is_opaque_and_whole() -> None:
    request = read(input=[{"type": "compaction", "encrypted_content": "SEALED"}])
    assert request.turns[0].role == "assistant"
    assert request.turns[0].parts == (
        Opaque("compaction", {"type": "compaction", "encrypted_content": "SEALED"}, "responses"),
    )


def test_repeated_tools_are_declared_once_the_first_one() -> None:
    request = read(
        input="x",
        tools=[
            {"type": "function", "name": "f", "description": "first"},
            {"type": "function", "name": "f", "description": "second"},
            {"type": "namespace", "name": "n", "tools": [{"type": "custom", "name": "f"}]},
            {"type": "namespace", "name": "empty", "tools": []},
            {"type": "web_search_preview"},
            {"type": "web_search_preview"},
        ],
    )
    assert [(type(t).__name__, t.name) for t in request.tools] == [
        ("FunctionTool", "f"),
        ("CustomTool", "f"),
        ("HostedTool", ""),
        ("HostedTool", ""),
    ]
    assert isinstance(request.tools[0], FunctionTool)
    assert request.tools[0].description == "first"
    assert isinstance(request.tools[2], HostedTool)
    assert request.tools[2].tool == "web_search"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", ToolChoice("auto", parallel=True)),
        ("required", ToolChoice("required", parallel=True)),
        ({"type": "function", "name": "f"}, ToolChoice("named", "f", parallel=True)),
        (
            {"type": "allowed_tools", "tools": [{"type": "function", "name": "f"}]},
            ToolChoice(
                "auto",
                allowed=("f",),
                parallel=True,
                wire={"tools": [{"type": "function", "name": "f"}]},
            ),
        ),
        (
            {"type": "web_search_preview"},
            ToolChoice(
                "named",
                "web_search",
                "hosted",
                parallel=True,
                wire={"choice": {"type": "web_search_preview"}},
            ),
        ),
    ],
)
def test_a_tool_choice_is_read(choice: Any, expected: ToolChoice) -> None:
    assert read(input="x", tool_choice=choice, parallel_tool_calls=True).tool_choice == expected


def test_settings_are_read_into_neutral_ones() -> None:
    request = CODEC.request_in(EVERYTHING, Losses())
    assert request.sampling.max_tokens == 5
    assert (request.sampling.logprobs, request.sampling.top_logprobs) == (True, 2)
    assert (request.reasoning.mode, request.reasoning.summary) == ("off", "auto")
    assert request.output is not None
    assert (request.output.kind, request.output.name, request.output.strict) == (
        "schema",
        "n",
        True,
    )
    assert request.hints.user == "me"
    assert request.hints.previous_response_id == "resp_1"
    assert request.stream is False
    assert sorted(request.extras) == [
        "max_tool_calls",
        "metadata",
        "novel",
        "prompt",
        "text",
        "truncation",
    ]


def test_an_include_that_nobody_knows_is_an_extra() -> None:
    request = CODEC.request_in(CODEX_PLAIN, Losses())
    assert request.extras == {"include": ["web_search_call.action.sources"]}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"input": 5}, "input"),
        ({"input": [5]}, "input[0]"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": 5}]}, "input[0].content"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{"id": "x"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"text": "x"}]}]}, "input[0].content[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0]"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "input[0].content[0].input_audio",
        ),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "input[0].name"),
        ({"input": [{"type": "additional_tools", "tools": [{}]}]}, "input[0].tools[0].type"),
        ({"tools": [{"type": "namespace", "tools": []}]}, "tools[0].name"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format.schema"),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_path(fields: Any, param: str) -> None:
    assert refusal_of(**fields).param == param


def test_a_missing_output_is_an_empty_result() -> None:
    request = read(input=[{"type": "function_call_output", "call_id": "c"}])
    assert request.turns[0].parts == (ToolResult("c", (Text("", wire={"form": "text"}),)),)
