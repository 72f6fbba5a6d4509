"""A request for a model without function calling: its tools, calls and results as text."""

from __future__ import annotations

import re

import msgspec
import pytest
from tests.toolcalls.text.reading import TEXT

from dragoman.neutral.json import JsonObject, decode, encode_text
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    CacheMark,
    HostedCall,
    Media,
    Part,
    Reasoning,
    ReasoningState,
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
    Turn,
)
from dragoman.toolcalls.text.dialects import forms_of
from dragoman.toolcalls.text.guide import broken_told
from dragoman.toolcalls.text.history import Told, call_text, told_as_text
from dragoman.toolcalls.text.listing import listed
from dragoman.toolcalls.text.offer import Offer
from dragoman.toolcalls.text.pieces import Called
from dragoman.toolcalls.text.reading import TextReader

SECRET = b"secret"
MARKED = CacheMark("5m")
READ = FunctionTool("Read", "Reads.", {"properties": {"path": TEXT}, "required": ["path"]})


def asking(*turns: Turn, **more: object) -> Request:
    request = Request("anthropic", "m", turns, tools=(READ,))
    return msgspec.structs.replace(request, **more)


def told(request: Request, losses: Losses | None = None) -> Told:
    return told_as_text(request, SECRET, Losses() if losses is None else losses)


def user(*parts: Part) -> Turn:
    return Turn("user", parts)


HELLO = user(Text("hello"))


def test_the_tools_leave_the_request_and_stand_behind_its_system_text() -> None:
    system = Turn("system", (Text("Be kind.", cache=MARKED),), author="top")
    found = told(asking(system, HELLO, tool_choice=ToolChoice("auto", parallel=True)))
    assert (found.request.tools, found.request.tool_choice) == ((), ToolChoice())
    first, second = found.request.turns
    assert second == HELLO
    assert (first.author, first.parts[0]) == ("top", system.parts[0])
    (_, guide) = first.parts
    assert isinstance(guide, Text)
    assert f'<call-{found.mark} name="TOOL">' in guide.text
    assert guide.text.endswith("## Read\nReads.\nArguments:\n- path (string, required)")
    assert "several blocks" in guide.text
    assert found.reads


def test_without_system_text_the_tools_are_it() -> None:
    found = told(asking(HELLO, tool_choice=ToolChoice(parallel=False)))
    assert [turn.role for turn in found.request.turns] == ["system", "user"]
    guide = found.request.turns[0].parts[0]
    assert isinstance(guide, Text)
    assert "Write one block at a time." in guide.text


def test_the_tools_cache_mark_moves_to_their_text() -> None:
    tools = (READ, msgspec.structs.replace(READ, name="Last", cache=MARKED))
    guide = told(asking(HELLO, tools=tools)).request.turns[0].parts[0]
    assert isinstance(guide, Text)
    assert guide.cache == MARKED


@pytest.mark.parametrize(
    ("choice", "note"),
    [
        (ToolChoice("none"), "Do not call any tool in this answer."),
        (ToolChoice("required"), "You must call at least one tool in this answer."),
        (
            ToolChoice("named", "read", namespace="files"),
            "You must call the tool files__read in this answer.",
        ),
        (
            ToolChoice("required", allowed=("Read", "Grep")),
            "You must call at least one tool in this answer. In this answer you may only call:"
            " Read, Grep.",
        ),
        (
            ToolChoice("auto", allowed=("Read",)),
            "In this answer you may only call: Read.",
        ),
    ],
)
def test_a_tool_choice_is_told_at_the_end(choice: ToolChoice, note: str) -> None:
    found = told(asking(HELLO, tool_choice=choice))
    assert found.request.turns[-1] == user(Text("hello"), Text(note))
    assert found.reads == (choice.mode != "none")
    found = told(asking(HELLO, Turn("assistant", (Text("So"),)), tool_choice=choice))
    assert found.request.turns[-1] == user(Text(note))


def test_a_choice_of_a_hosted_tool_is_not_told() -> None:
    choice = ToolChoice("named", "web_search", kind="hosted")
    assert told(asking(HELLO, tool_choice=choice)).request.turns[-1] == HELLO


def test_hosted_tools_are_told_as_lost_and_placeholders_are_not_listed() -> None:
    losses = Losses()
    hosted = HostedTool("web_search", {}, "anthropic")
    stand_in = FunctionTool("DeferredToolPlaceholder")
    found = told(asking(HELLO, tools=(hosted, stand_in)), losses)
    assert losses.fields == ("web_search",)
    assert (found.request.turns, found.request.tools) == ((HELLO,), ())
    assert not found.reads


def test_calls_and_results_become_text_that_pairs_them() -> None:
    image = Media("image", data="aa", mime="image/png")
    thought = Reasoning("hm", ReasoningState("b", "anthropic"))
    request = asking(
        HELLO,
        Turn(
            "assistant",
            (
                thought,
                Text("Two."),
                ToolCall("id-a", "Read", '{"path":"/a"}'),
                ToolCall("id-b", "Read", '{"path":"b\\nc"}', cache=MARKED),
            ),
        ),
        user(
            ToolResult("id-b", (Text("no such"), Text(" file")), "Read", is_error=True),
            ToolResult("id-a", (Text("see"), image), "Read", cache=MARKED),
            ToolResult("id-a", (), 'x"y'),
            Text("and now?"),
        ),
    )
    found = told(request)
    m = found.mark
    _, _, said, given = found.request.turns
    assert said.parts == (
        thought,
        Text("Two."),
        Text(f'\n\n<call-{m} name="Read" id="1">\n<arg-{m} name="path">/a</arg-{m}>\n</call-{m}>'),
        Text(
            f'\n\n<call-{m} name="Read" id="2">\n<arg-{m} name="path">\nb\nc\n</arg-{m}>\n'
            f"</call-{m}>",
            cache=MARKED,
        ),
    )
    assert given.parts == (
        Text(
            f'<result-{m} id="2" name="Read" error="true">\nno such file\n</result-{m}>',
        ),
        Text(f'<result-{m} id="1" name="Read">\nsee'),
        image,
        Text(f"\n</result-{m}>", cache=MARKED),
        Text(f'<result-{m} id="1" name="x\'y">\n\n</result-{m}>'),
        Text("and now?"),
    )


def test_what_text_has_no_place_for_is_told_as_lost() -> None:
    losses = Losses()
    state = ReasoningState("b", "gemini")
    call = ToolCall("a", "Read", "{}", state=state, extras={"caller": {}})
    result = ToolResult("a", (Media("image", data="aa", cache=MARKED),), extras={"more": 1})
    tools = (
        FunctionTool("a", strict=True),
        FunctionTool("b", strict=False, extras={"x": 1}),
        CustomTool("c"),
    )
    request = asking(HELLO, Turn("assistant", (call,)), user(result), tools=tools)
    found = told(request, losses)
    assert losses.fields == ("tools.strict", "tools.x", "reasoning state", "caller", "more")
    parts = found.request.turns[-1].parts
    assert [getattr(part, "cache", None) for part in parts] == [None, None, MARKED]


def test_a_call_first_in_its_turn_has_nothing_before_it() -> None:
    call = ToolCall("a", "Read", '{"path":"/a"}')
    turn = told(asking(HELLO, Turn("assistant", (call,)))).request.turns[-1]
    assert isinstance(turn.parts[0], Text)
    assert turn.parts[0].text.startswith("<call-")


def test_the_mark_is_the_same_all_through_a_conversation() -> None:
    first = told(asking(Turn("system", (Text("a"),)), HELLO)).mark
    assert re.fullmatch("[a-z0-9]{5}", first)
    later = asking(Turn("system", (Text("b"),)), HELLO, Turn("assistant", (Text("So."),)), HELLO)
    assert told(later).mark == first
    assert told(asking(user(Text("another")))).mark != first
    assert told_as_text(asking(HELLO), b"other", Losses()).mark != first
    assert told(asking()).mark != first


def test_no_text_of_the_request_holds_the_mark() -> None:
    first = told(asking(HELLO)).mark
    for part in (
        Text(f"log: <call-{first}"),
        Media("file", text=f"</result-{first}>"),
        Reasoning(first),
        ToolCall("a", "Read", encode_text({"path": first})),
        ToolResult("a", (Text(f"</result-{first}>"),)),
    ):
        assert told(asking(HELLO, user(part))).mark != first
    for other in (Media("image", data=first), HostedCall(first, "web_search")):
        assert told(asking(HELLO, user(other))).mark == first


@pytest.mark.parametrize(
    "given",
    [
        {"path": "/a", "content": "x"},
        {"content": "</call-abcde>\n</arg-abcde>", "n": 5, "o": {"a": ["é\n"]}, "b": True},
        {"content": "\nx\n", "any": '{"a": 1}', "else": '["x"]', "quoted": '"q"', "null": None},
        {"content": "\r\n", "any": "", "else": "</arg-abcdex>-abcde>"},
        {},
    ],
)
def test_every_call_of_the_history_could_be_read_back(given: JsonObject) -> None:
    schema: JsonObject = {
        "properties": {
            "content": TEXT,
            "n": {"type": "integer"},
            "o": {"type": "object"},
            "b": {"type": "boolean"},
            "quoted": {"anyOf": [TEXT, {"type": "integer"}]},
            "null": {"type": ["string", "null"]},
        }
    }
    offer = Offer([FunctionTool("Do", "", schema)])
    call = ToolCall("a", "Do", encode_text(given))
    text = call_text(call, offer.find("Do"), "Do", "abcde", "1")
    reader = TextReader(offer, forms_of("abcde", ()))
    (found,) = reader.feed(text) + reader.finish("end")
    assert isinstance(found, Called)
    assert decode(found.input) == given


def test_free_text_and_unknown_calls_are_written_as_they_are() -> None:
    patch = ToolCall("a", "apply_patch", "*** <b>", "custom")
    assert call_text(patch, None, "apply_patch", "m") == (
        '<call-m name="apply_patch">\n*** <b>\n</call-m>'
    )
    broken = ToolCall("a", "Gone", "{broken")
    assert call_text(broken, None, "Gone", "m") == '<call-m name="Gone">\n{broken\n</call-m>'
    unknown = ToolCall("a", "Gone", '{"a":"[1]"}')
    assert call_text(unknown, None, "Gone", "m") == (
        '<call-m name="Gone">\n<arg-m name="a">"[1]"</arg-m>\n</call-m>'
    )


def test_the_listing_shows_what_is_inside() -> None:
    item: JsonObject = {
        "type": "object",
        "properties": {
            "old": {"type": "string", "minLength": 1},
            "kind": {"enum": ["a", 1], "default": "a", "description": "Which\n kind."},
        },
        "required": ["old"],
    }
    schema: JsonObject = {
        "type": "object",
        "properties": {
            "edits": {"type": "array", "items": {"$ref": "#/$defs/item"}, "maxItems": 3},
            "tags": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
            "who": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/item"}, {"type": "null"}]},
            "map": {"type": "object", "additionalProperties": {"$ref": "#/$defs/item"}},
            "free": {},
            "shaped": {"properties": {"z": True}},
            "either": {"type": ["string", "null"]},
            "fixed": {"const": 7},
            "list": {"type": "array"},
        },
        "required": ["who"],
        "allOf": [{"properties": {"more": {"type": "integer"}}, "required": ["more"]}],
        "$defs": {"item": item},
    }
    tools: list[FunctionTool | CustomTool] = [
        FunctionTool("Do", " Does it. ", schema, namespace="n"),
        FunctionTool("Nothing"),
        CustomTool("patch", "Patches.", {"definition": "start: x"}),
        CustomTool("raw", "", {"definition": "start: y"}),
        CustomTool("plain", "Plain."),
    ]
    assert listed(Offer(tools)) == LISTED


LISTED = """\
## n__Do
Does it.
Arguments:
- who (string or object or null, required)
  - either object of:
    - old (string, required) [minLength 1]
    - kind (any, optional): Which kind. [one of "a", 1; default "a"]
- more (integer, required)
- edits (array of object, optional) [maxItems 3]
  - old (string, required) [minLength 1]
  - kind (any, optional): Which kind. [one of "a", 1; default "a"]
- tags (array of string, optional) [one of "x", "y"]
- map (object, optional)
  - old (string, required) [minLength 1]
  - kind (any, optional): Which kind. [one of "a", 1; default "a"]
- free (any, optional)
- shaped (object, optional)
  - z (any, optional)
- either (string or null, optional)
- fixed (any, optional) [const 7]
- list (array, optional)

## Nothing
Takes no arguments.

## patch
Patches.

Its input matches this grammar:
start: x
Takes free text instead of arguments.

## raw
Its input matches this grammar:
start: y
Takes free text instead of arguments.

## plain
Plain.
Takes free text instead of arguments."""


def test_a_schema_without_end_is_listed_to_a_depth() -> None:
    loop: JsonObject = {"properties": {"next": {"$ref": "#"}}}
    assert listed(Offer([FunctionTool("Loop", "", loop)])).count("- next (object, optional)") == 9
    rows: JsonObject = {"type": "array", "items": {"$ref": "#/$defs/rows"}}
    nested: JsonObject = {"properties": {"a": rows}, "$defs": {"rows": rows}}
    assert listed(Offer([FunctionTool("Loop", "", nested)])).count("array of") == 8
    either: JsonObject = {"anyOf": [{"$ref": "#/$defs/either"}, {"type": "null"}]}
    choice: JsonObject = {"properties": {"c": either}, "$defs": {"either": either}}
    assert "- c (" in listed(Offer([FunctionTool("Loop", "", choice)]))


def test_tools_are_found_by_the_names_models_write() -> None:
    offer = Offer(
        [
            FunctionTool("Read"),
            FunctionTool("Read", "again"),
            FunctionTool("close", namespace="agents"),
            FunctionTool("open", namespace="agents"),
            FunctionTool("open", namespace="files"),
        ]
    )
    for name, told_as in (
        ("Read", "Read"),
        (" read ", "Read"),
        ("functions.Read", "Read"),
        ("agents__close", "agents__close"),
        ("CLOSE", "agents__close"),
        ("files__open", "files__open"),
    ):
        tool = offer.find(name)
        assert tool is not None
        assert tool.told == told_as
    assert offer.find("open") is None
    assert offer.find("") is None


def test_a_broken_call_is_told_with_its_reason() -> None:
    assert broken_told("it was not finished", "m") == (
        "Your tool call could not be read: it was not finished. Write it again, complete and in the"
        ' form <call-m name="TOOL">…</call-m>. Write nothing else.'
    )
