"""Client bodies as neutral requests: blocks, settings, hints, and what is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    CacheMark,
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
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
from dragoman.protocols.anthropic.requests_in import count_request_in, request_in


def read(**fields: Json) -> Request:
    body: JsonObject = {
        "model": "claude-opus-5-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "hi"}],
    }
    return request_in({**body, **fields}, Losses())


def part_of(block: JsonObject) -> Part:
    return read(messages=[{"role": "user", "content": [block]}]).turns[0].parts[0]


def refusal_of(**fields: Json) -> tuple[str, str | None]:
    with pytest.raises(InvalidRequest) as caught:
        read(**fields)
    return caught.value.message, caught.value.param


def test_a_plain_request_is_read() -> None:
    request = read(temperature=Decimal("0.5"), top_p=1, top_k=3, stop_sequences=["a"], stream=True)
    assert request == Request(
        protocol="anthropic",
        model="claude-opus-5-5",
        turns=(Turn("user", (Text("hi"),)),),
        sampling=Sampling(
            max_tokens=100, temperature=Decimal("0.5"), top_p=1, top_k=3, stop=("a",)
        ),
        stream=True,
    )


def test_max_tokens_is_required_and_positive() -> None:
    with pytest.raises(InvalidRequest, match="max_tokens: required field is missing"):
        request_in({"model": "m", "messages": [{"role": "user", "content": "hi"}]}, Losses())
    assert refusal_of(max_tokens=0) == (
        "max_tokens: must be greater than 0, got 0",
        "max_tokens",
    )


def test_a_token_count_needs_no_max_tokens() -> None:
    body: JsonObject = {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": []}
    request = count_request_in(body, Losses())
    assert request.sampling.max_tokens is None
    assert request.tools == ()


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [7]}]}, "messages[0].content[0]"),
        ({"model": None}, "model"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tools": [{"description": "d"}]}, "tools[0].name"),
        ({"tools": [{"name": "f", "cache_control": 1}]}, "tools[0].cache_control"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(fields: JsonObject, path: str) -> None:
    assert refusal_of(**fields)[1] == path


@pytest.mark.parametrize("kind", ["image", "document"])
def test_media_without_a_source_are_refused(kind: str) -> None:
    content: Json = [{"type": kind}]
    assert refusal_of(messages=[{"role": "user", "content": content}])[0] == (
        "messages[0].content[0].source: required field is missing"
    )


def test_the_system_prompt_leads_as_a_turn_of_its_own() -> None:
    request = read(system=[{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}])
    assert request.turns[0] == Turn("system", (Text("a", cache=CacheMark()),), author="top")
    assert read(system="b").turns[0] == Turn("system", (Text("b"),), author="top")


def test_the_billing_header_is_opaque_to_everybody_else() -> None:
    text = "x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=sdk-cli;"
    marked: JsonObject = {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}
    request = read(system=[{"type": "text", "text": text}, marked])
    assert request.turns[0].parts == (
        Opaque("billing-header", {"type": "text", "text": text}, "anthropic"),
        Opaque("billing-header", marked, "anthropic"),
    )


def test_fact_6_system_messages_keep_their_place_and_their_output_config() -> None:
    request = read(
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "system", "content": "env", "output_config": {"effort": "medium"}},
        ]
    )
    assert request.turns[1] == Turn(
        "system",
        (Text("env"),),
        author="system",
        extras={"output_config": {"effort": "medium"}},
    )


def test_empty_content_is_a_turn_without_parts() -> None:
    assert read(messages=[{"role": "user", "content": ""}]).turns == (Turn("user", ()),)


PDF: JsonObject = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "a"}},
            Media("image", data="a", mime="image/png"),
        ),
        ({"type": "image", "source": {"type": "url", "url": "u"}}, Media("image", url="u")),
        (
            {"type": "image", "source": {"type": "file", "file_id": "f"}},
            Media("image", file_id="f"),
        ),
        (
            {"type": "image", "source": {"type": "new"}},
            Opaque("image", {"type": "image", "source": {"type": "new"}}, "anthropic"),
        ),
        (
            {"type": "document", "source": PDF, "title": "T", "citations": {"enabled": True}},
            Media(
                "file",
                data="JVBERi0=",
                mime="application/pdf",
                name="T",
                extras={"citations": {"enabled": True}},
            ),
        ),
        (
            {"type": "document", "source": {**PDF, "more": 1}},
            Media(
                "file",
                data="JVBERi0=",
                mime="application/pdf",
                extras={"source": {**PDF, "more": 1}},
            ),
        ),
        (
            {"type": "document", "source": {"type": "text", "data": "x"}},
            Media("file", text="x", mime="text/plain"),
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "u"}},
            Media("file", url="u", mime="application/pdf"),
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "f"}},
            Media("file", file_id="f"),
        ),
        (
            {
                "type": "document",
                "source": {"type": "content", "content": [{"type": "text", "text": "x"}]},
            },
            Media(
                "file",
                text="x",
                mime="text/plain",
                extras={"source": {"type": "content", "content": [{"type": "text", "text": "x"}]}},
            ),
        ),
        (
            {"type": "document", "source": {"type": "new"}},
            Opaque("document", {"type": "document", "source": {"type": "new"}}, "anthropic"),
        ),
        (
            {"type": "thinking", "thinking": "t", "signature": "s"},
            Reasoning("t", ReasoningState("s", "anthropic")),
        ),
        ({"type": "thinking", "thinking": "t", "signature": ""}, Reasoning("t")),
        (
            {"type": "redacted_thinking", "data": "d"},
            Reasoning(state=ReasoningState("d", "anthropic"), redacted=True),
        ),
        (
            {"type": "tool_use", "id": "i", "name": "n", "input": {"a": "it's é"}, "caller": {}},
            ToolCall("i", "n", '{"a":"it\'s é"}', extras={"caller": {}}),
        ),
        ({"type": "tool_use", "id": "i", "name": "n"}, ToolCall("i", "n", "{}")),
        (
            {"type": "container_upload", "file_id": "f"},
            Opaque("container_upload", {"type": "container_upload", "file_id": "f"}, "anthropic"),
        ),
        (
            {"type": "compaction", "content": "so far"},
            Text("so far", wire={"compaction": {"type": "compaction", "content": "so far"}}),
        ),
    ],
)
def test_each_block_is_its_part(block: JsonObject, part: Part) -> None:
    assert part_of(block) == part


def test_a_tool_result_holds_text_images_and_references() -> None:
    reference: JsonObject = {"type": "tool_reference", "tool_name": "WebSearch"}
    found: JsonObject = {
        "type": "search_result",
        "source": "https://e.x",
        "title": "T",
        "content": [{"type": "text", "text": "body"}],
    }
    marked: JsonObject = {
        "type": "text",
        "text": "ok",
        "cache_control": {"type": "ephemeral", "ttl": "1h"},
    }
    result = part_of(
        {
            "type": "tool_result",
            "tool_use_id": "i",
            "content": [marked, reference, found],
            "is_error": True,
            "cache_control": {"type": "ephemeral"},
        }
    )
    assert result == ToolResult(
        "i",
        (
            Text("ok", cache=CacheMark("1h")),
            Text("Tool loaded: WebSearch", wire={"tool_reference": reference}),
            Text("T\nhttps://e.x\nbody", wire={"search_result": found}),
        ),
        is_error=True,
        cache=CacheMark(),
    )


def test_a_tool_result_may_be_text_or_nothing() -> None:
    block: JsonObject = {"type": "tool_result", "tool_use_id": "i"}
    assert part_of(block) == ToolResult("i", ())
    assert part_of({**block, "content": "ok"}) == ToolResult("i", (Text("ok"),))


def test_a_cache_mark_with_more_than_a_lifetime_is_kept_whole() -> None:
    mark: JsonObject = {"type": "ephemeral", "scope": "global"}
    assert part_of({"type": "text", "text": "x", "cache_control": mark}) == Text(
        "x", cache=CacheMark(), extras={"cache_control": mark}
    )


def test_citations_are_read() -> None:
    web: JsonObject = {
        "type": "web_search_result_location",
        "url": "https://e.x",
        "title": "T",
        "cited_text": "q",
        "encrypted_index": "e",
    }
    page: JsonObject = {"type": "page_location", "document_title": "D", "cited_text": "p"}
    part = part_of({"type": "text", "text": "x", "citations": [web, page, "no citation"]})
    assert part == Text(
        "x",
        (
            Citation("https://e.x", "T", "q", raw=web, protocol="anthropic"),
            Citation("", "D", "p", raw=page, protocol="anthropic"),
        ),
    )


def hosted(call: JsonObject, result: JsonObject) -> tuple[Part, ...]:
    content: Json = [call, result]
    return read(messages=[{"role": "assistant", "content": content}]).turns[0].parts


def test_code_that_ran_is_told_with_its_output() -> None:
    call: JsonObject = {
        "type": "server_tool_use",
        "id": "s",
        "name": "bash_code_execution",
        "input": {"command": "ls\n"},
    }
    result: JsonObject = {
        "type": "bash_code_execution_tool_result",
        "tool_use_id": "s",
        "content": {
            "type": "bash_code_execution_result",
            "stdout": "a\n",
            "stderr": "warn",
            "return_code": 2,
        },
    }
    assert hosted(call, result) == (
        HostedCall("s", "code_execution", '{"command":"ls\\n"}', raw=call, protocol="anthropic"),
        HostedResult(
            "s",
            "code_execution",
            "```\nls\n```\n```\na\nwarn\n```\n(exit status 2)",
            raw=result,
            protocol="anthropic",
        ),
    )


@pytest.mark.parametrize(
    ("content", "text", "citations"),
    [
        (
            [{"type": "web_search_result", "url": "u", "title": "T", "encrypted_content": "e"}],
            "",
            (("u", "T"),),
        ),
        ([{"type": "text", "text": "from mcp"}, {"type": "image"}, 5], "from mcp", ()),
        ("plain", "plain", ()),
        (None, "", ()),
        ({"type": "web_search_tool_result_error", "error_code": "max_uses"}, "max_uses", ()),
        (
            {
                "type": "web_fetch_result",
                "url": "u",
                "content": {"title": "T", "source": {"type": "text", "data": "page"}},
            },
            "page",
            (("u", "T"),),
        ),
        ({"type": "web_fetch_result", "url": "u"}, "", (("u", ""),)),
        ({"type": "text_editor_code_execution_view_result", "content": "file"}, "file", ()),
        (
            {"type": "text_editor_code_execution_str_replace_result", "lines": ["-a", "+b", 1]},
            "-a\n+b",
            (),
        ),
        ({"type": "text_editor_code_execution_str_replace_result", "lines": None}, "", ()),
        ({"type": "code_execution_result", "stdout": "1", "return_code": 0}, "```\n1\n```", ()),
        ({"type": "tool_search_tool_search_result"}, "", ()),
    ],
)
def test_what_hosted_tools_found_is_text_and_citations(
    content: Json, text: str, citations: tuple[tuple[str, str], ...]
) -> None:
    part = part_of({"type": "some_tool_result", "tool_use_id": "s", "content": content})
    assert isinstance(part, HostedResult)
    assert part.text.removeprefix("The hosted tool failed: ") == text
    assert tuple((c.url, c.title) for c in part.citations) == citations


def test_an_mcp_call_is_hosted() -> None:
    call: JsonObject = {"type": "mcp_tool_use", "id": "m", "name": "q", "server_name": "s"}
    assert part_of(call) == HostedCall("m", "mcp", "{}", raw=call, protocol="anthropic")


def test_tools_are_functions_or_hosted() -> None:
    schema: JsonObject = {"type": "object", "properties": {}}
    search: JsonObject = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    bash: JsonObject = {"type": "bash_20250124", "name": "bash"}
    toolset: JsonObject = {"type": "mcp_toolset", "mcp_server_name": "s"}
    request = read(
        tools=[
            {
                "name": "f",
                "description": "d",
                "input_schema": schema,
                "strict": True,
                "defer_loading": True,
                "eager_input_streaming": True,
                "input_examples": [{}],
                "cache_control": {"type": "ephemeral"},
            },
            {"type": "custom", "name": "g"},
            search,
            bash,
            toolset,
        ]
    )
    assert request.tools == (
        FunctionTool(
            "f",
            "d",
            schema,
            strict=True,
            deferred=True,
            cache=CacheMark(),
            extras={"eager_input_streaming": True, "input_examples": [{}]},
        ),
        FunctionTool("g"),
        HostedTool("web_search", search, "anthropic", name="web_search"),
        HostedTool("bash", bash, "anthropic", name="bash"),
        HostedTool("mcp", toolset, "anthropic"),
    )


@pytest.mark.parametrize(
    ("choice", "read_as"),
    [
        ({"type": "auto"}, ToolChoice("auto")),
        (
            {"type": "any", "disable_parallel_tool_use": True},
            ToolChoice("required", parallel=False),
        ),
        ({"type": "none"}, ToolChoice("none")),
        (
            {"type": "tool", "name": "f", "disable_parallel_tool_use": False, "more": 1},
            ToolChoice("named", name="f", parallel=True, extras={"more": 1}),
        ),
    ],
)
def test_tool_choices_are_read(choice: JsonObject, read_as: ToolChoice) -> None:
    assert read(tool_choice=choice).tool_choice == read_as


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        (
            {"thinking": {"type": "enabled", "budget_tokens": 31999, "display": "omitted"}},
            ReasoningSettings(budget=31999, summary="none"),
        ),
        ({"thinking": {"type": "enabled"}}, ReasoningSettings(mode="on")),
        (
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "high"},
            },
            ReasoningSettings(mode="adaptive", effort="high", summary="auto"),
        ),
        ({"thinking": {"type": "disabled"}}, ReasoningSettings(mode="off")),
        (
            {"thinking": {"type": "between_tools"}},
            ReasoningSettings(mode="on", extras={"type": "between_tools"}),
        ),
        (
            {"thinking": {"type": "adaptive", "display": "new"}},
            ReasoningSettings(mode="adaptive", extras={"display": "new"}),
        ),
        ({"output_config": {"effort": "low"}}, ReasoningSettings(effort="low")),
    ],
)
def test_thinking_settings_are_read(fields: JsonObject, settings: ReasoningSettings) -> None:
    assert read(**fields).reasoning == settings


def test_output_formats_are_read_from_either_place() -> None:
    form: JsonObject = {"type": "json_schema", "schema": {"type": "object"}}
    expected = OutputFormat("schema", schema={"type": "object"})
    assert read(output_config={"format": form}).output == expected
    assert read(output_format=form).output == expected
    assert read(output_config={"format": {"type": "new"}}).output == OutputFormat(
        "text", extras={"type": "new"}
    )


def test_claude_code_names_its_session_in_the_user_id() -> None:
    user = '{"device_id":"d","account_uuid":"","session_id":"s-1"}'
    assert read(metadata={"user_id": user}).hints == Hints(user=user, session="s-1")
    assert read(metadata={"user_id": "user_a_account__session_s-2"}).hints.session == "s-2"
    assert read(metadata={"user_id": "somebody"}).hints.session is None
    assert read(metadata={"user_id": '{"session_id":5}'}).hints.session is None


def test_fast_speed_is_the_priority_tier() -> None:
    assert read(speed="fast").hints.service_tier == "priority"
    both = read(speed="fast", service_tier="auto")
    assert (both.hints.service_tier, both.extras) == ("priority", {"service_tier": "auto"})
    assert read(service_tier="standard_only").hints.service_tier == "default"
    assert read(speed="standard").extras == {"speed": "standard"}


def test_what_only_messages_understands_is_kept() -> None:
    request = read(
        context_management={"edits": []},
        betas=["b"],
        container="c",
        mcp_servers=[],
        cache_control={"type": "ephemeral"},
        metadata={"user_id": "u", "more": 1},
        output_config={"effort": "low", "task_budget": {}},
    )
    assert request.extras == {
        "context_management": {"edits": []},
        "betas": ["b"],
        "container": "c",
        "mcp_servers": [],
        "cache_control": {"type": "ephemeral"},
        "metadata": {"more": 1},
        "output_config": {"task_budget": {}},
    }


_ODD: st.SearchStrategy[Json] = st.sampled_from(
    [None, True, 5, Decimal("0.5"), "x", [], [1], {}, {"type": "x"}, [{}], [{"type": "text"}]]
)
_NAMES = (
    "model messages max_tokens system tools tool_choice thinking output_config metadata speed "
    "service_tier stop_sequences temperature stream output_format"
).split()
_BLOCK_NAMES = (
    "type text source content input id name tool_use_id is_error cache_control citations title "
    "thinking signature data tool_name"
).split()
_TYPES = (
    "text image document thinking redacted_thinking tool_use tool_result server_tool_use "
    "search_result tool_reference compaction web_search_tool_result someday"
).split()


@given(
    st.dictionaries(st.sampled_from(_NAMES), _ODD, max_size=3),
    st.dictionaries(st.sampled_from(_BLOCK_NAMES), _ODD, max_size=4),
    st.sampled_from(_TYPES),
)
def test_odd_bodies_are_read_or_refused_with_a_path(
    fields: JsonObject, block: JsonObject, kind: str
) -> None:
    content: Json = [{"type": kind, **block}]
    messages: Json = [{"role": "user", "content": content}]
    path: str | None = "read"
    try:
        read(**{"messages": messages} | fields)
    except InvalidRequest as error:
        path = error.param
    assert path
