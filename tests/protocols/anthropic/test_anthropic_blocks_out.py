"""Foreign parts as blocks, and the cache marks on them."""

import pytest
from tests.protocols.anthropic.rendering import HI, MARK, foreign

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    CacheMark,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from dragoman.neutral.requests import (
    FunctionTool,
    Turn,
)


def user_blocks(*parts: Part) -> tuple[Json, tuple[str, ...]]:
    body, lost = foreign(Turn("user", parts))
    messages = body["messages"]
    assert isinstance(messages, list)
    assert isinstance(messages[0], dict)
    return messages[0]["content"], lost


PNG = "iVBORw0KGgo="


@pytest.mark.parametrize(
    ("part", "block", "lost"),
    [
        (
            Media("image", data=PNG),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            (),
        ),
        (
            Media("image", data="/9j/", mime="image/JPG; x", detail="low"),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/jpeg", "data": "/9j/"},
            },
            ("messages.detail",),
        ),
        (
            Media("image", url="https://e.x/a", detail="auto"),
            {"type": "image", "source": {"type": "url", "url": "https://e.x/a"}},
            (),
        ),
        (
            Media("image", data="Qk0=", mime="image/bmp"),
            {"type": "text", "text": "[image omitted]"},
            ("messages.image",),
        ),
        (
            Media("audio", data="x", mime="audio/wav"),
            {"type": "text", "text": "[audio omitted]"},
            ("messages.audio",),
        ),
        (
            Media("file", data="JVBERi0xLg==", name="a"),
            {
                "type": "document",
                "title": "a",
                "source": {
                    "type": "base64",
                    "media_type": "application/pdf",
                    "data": "JVBERi0xLg==",
                },
            },
            (),
        ),
        (
            Media("file", data="eA==", name="a.PDF"),
            {
                "type": "document",
                "title": "a.PDF",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "eA=="},
            },
            (),
        ),
        (
            Media("file", data="w6k=", mime="text/markdown"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "é"},
            },
            (),
        ),
        (
            Media("file", text="plain"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "plain"},
            },
            (),
        ),
        (
            Media("file", data="//79", mime="application/json", name="j"),
            {"type": "text", "text": "[file j omitted]"},
            ("messages.file",),
        ),
        (
            Media("file", data="x", mime="application/zip", name="z.zip"),
            {"type": "text", "text": "[file z.zip omitted]"},
            ("messages.file",),
        ),
        (
            Media("file", url="u", mime="text/csv"),
            {"type": "text", "text": "[file omitted]"},
            ("messages.file",),
        ),
        (
            Media("file", file_id="file-1"),
            {"type": "text", "text": "[file omitted]"},
            ("messages.file",),
        ),
        (Refusal("no"), {"type": "text", "text": "no"}, ()),
        (HostedResult("i", "code_execution", "ran"), {"type": "text", "text": "ran"}, ()),
    ],
)
def test_each_foreign_part_is_a_block(part: Part, block: JsonObject, lost: tuple[str, ...]) -> None:
    content, seen = user_blocks(part, Text("."))
    assert isinstance(content, list)
    assert content[0] == block
    assert seen == lost


def test_parts_of_strangers_leave_no_block() -> None:
    content, lost = user_blocks(
        HostedCall("i", "web_search", protocol="responses", raw={}),
        HostedResult("i", "web_search"),
        Opaque("billing-header", {}, "openai"),
        Opaque("item_reference", {}, "responses"),
        Text("x", extras={"id": "1", "name": "bob", "annotations": [], "empty": None}),
    )
    assert content == [{"type": "text", "text": "x", "cache_control": MARK}]
    assert lost == ("messages.item_reference", "messages.name")


def test_blocks_of_our_own_in_a_foreign_request_are_whole() -> None:
    call: JsonObject = {"type": "server_tool_use", "id": "i"}
    content, lost = user_blocks(
        HostedCall("i", "web_search", protocol="anthropic", raw=call),
        Opaque("someday", {"type": "someday"}, "anthropic"),
        Text("x"),
    )
    assert isinstance(content, list)
    assert content[:2] == [call, {"type": "someday"}]
    assert lost == ()


def test_images_of_the_model_are_named_in_its_turn() -> None:
    body, lost = foreign(HI, Turn("assistant", (Media("image", url="u"),)), HI)
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[1] == {"role": "assistant", "content": "[image omitted]"}
    assert lost == ("messages.image",)


def test_input_that_is_no_object_is_wrapped() -> None:
    body, _ = foreign(HI, Turn("assistant", (ToolCall("a", "f", "ls -l"),)))
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[1] == {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {"input": "ls -l"}}],
    }


def test_the_clients_own_cache_marks_come_first_and_four_are_the_most() -> None:
    marked = Text("m", cache=CacheMark("1h"))
    body, lost = foreign(
        Turn("system", (marked, marked)),
        Turn("user", (marked, Text("end"))),
        tools=(FunctionTool("f"),),
    )
    one_hour: JsonObject = {"type": "ephemeral", "ttl": "1h"}
    kept: JsonObject = {"type": "text", "text": "m", "cache_control": one_hour}
    assert body["system"] == [kept, kept]
    assert body["messages"] == [
        {
            "role": "user",
            "content": [kept, {"type": "text", "text": "end", "cache_control": MARK}],
        }
    ]
    assert body["tools"] == [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    body, _ = foreign(Turn("user", (marked,) * 6))
    plain: JsonObject = {"type": "text", "text": "m"}
    assert body["messages"] == [{"role": "user", "content": [plain, plain, *[kept] * 4]}]
    assert lost == ()


def test_a_mark_inside_a_result_is_moved_onto_it() -> None:
    inside = (Text("1", cache=CacheMark()), Text("2"))
    content, _ = user_blocks(ToolResult("a", inside), Text("end"))
    assert content == [
        {
            "type": "tool_result",
            "tool_use_id": "a",
            "content": [{"type": "text", "text": "1"}, {"type": "text", "text": "2"}],
            "cache_control": MARK,
        },
        {"type": "text", "text": "end", "cache_control": MARK},
    ]
