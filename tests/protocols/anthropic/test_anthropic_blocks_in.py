"""Blocks of client bodies as parts."""

import pytest
from tests.protocols.anthropic.reading import read

from dragoman.neutral.json import Json, JsonObject
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


def part_of(block: JsonObject) -> Part:
    return read(messages=[{"role": "user", "content": [block]}]).turns[0].parts[0]


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
