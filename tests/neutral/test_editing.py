"""Edits of a neutral request, and what they decide; that bytes are edited alike is proved by
`tests/conversions/test_edits_both_ways.py`."""

from __future__ import annotations

from typing import Any

import pytest

from dragoman.neutral.editing import edited, keeps
from dragoman.neutral.edits import (
    AddSystem,
    AddUser,
    DropTools,
    Edit,
    KeepTools,
    PutSystem,
    ReplaceSystemText,
    SetField,
)
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import CacheMark, Media, Opaque, Part, Text, ToolCall, ToolResult
from dragoman.neutral.requests import (
    CustomTool,
    FunctionTool,
    HostedTool,
    ReasoningSettings,
    Request,
    Sampling,
    Tool,
    ToolChoice,
    Turn,
)

IDENTITY = Text("You are Claude Code, Anthropic's official CLI for Claude.")
BILLING = Opaque("billing-header", {"type": "text"}, "anthropic")
MARK = CacheMark("1h")
READ, WEB = FunctionTool("Read"), FunctionTool("WebFetch")


def request(*turns: Turn, **more: Any) -> Request:
    return Request(more.pop("protocol", "anthropic"), "m", turns, **more)


def system(*parts: Part, author: str = "top") -> Turn:
    return Turn("system", parts, author=author)


def user(*parts: Part) -> Turn:
    return Turn("user", parts)


def after(given: Request, *edits: Edit, told: tuple[str, ...] = ()) -> Request:
    losses = Losses()
    found = edited(given, edits, losses)
    assert losses.fields == told
    return found


# -- the system prompt


@pytest.mark.parametrize(
    ("protocol", "author"),
    [("anthropic", "top"), ("responses", "top"), ("gemini", "top"), ("openai", "system"),
     ("ollama", "")],
)  # fmt: skip
@pytest.mark.parametrize("edit", [AddSystem("T"), PutSystem("T")])
def test_a_request_without_a_prompt_gets_one(protocol: str, author: str, edit: Edit) -> None:
    found = after(request(user(Text("q")), protocol=protocol), edit)
    assert found.turns == (system(Text("T"), author=author), user(Text("q")))


def test_a_text_is_added_behind_the_top_level_prompt_and_not_to_later_system_turns() -> None:
    later = system(Text("later"), author="developer")
    found = after(request(system(Text("a", cache=MARK)), later, user(Text("q"))), AddSystem("T"))
    assert found.turns == (system(Text("a", cache=MARK), Text("T")), later, user(Text("q")))


def test_without_a_top_level_prompt_a_text_is_added_to_the_last_leading_system_turn() -> None:
    first, second = system(Text("a"), author="system"), system(Text("b"), author="developer")
    found = after(request(first, second, user(Text("q")), protocol="openai"), AddSystem("T"))
    assert found.turns[1] == system(Text("b"), Text("T"), author="developer")
    assert (found.turns[0], len(found.turns)) == (first, 3)


def test_another_prompt_stands_for_all_leading_system_turns_and_takes_their_last_mark() -> None:
    turns = (system(Text("a", cache=MARK), Text("b"), author="system"), system(Text("c")))
    found = after(request(*turns, user(Text("q")), protocol="openai"), PutSystem("T"))
    assert found.turns == (system(Text("T", cache=MARK), author="system"), user(Text("q")))


def test_the_blocks_that_tell_claude_code_stay_first() -> None:
    given = system(BILLING, IDENTITY, Text("Use the tools.", cache=MARK))
    assert after(request(given), PutSystem("T")).turns == (
        system(BILLING, IDENTITY, Text("T", cache=MARK)),
    )
    assert after(request(system(IDENTITY)), PutSystem("T")).turns == (system(IDENTITY, Text("T")),)


def test_a_long_prompt_that_begins_like_an_identity_is_none() -> None:
    given = system(Text(IDENTITY.text + " Use the tools." * 20))
    assert after(request(given), PutSystem("T")).turns == (system(Text("T")),)


def test_texts_are_replaced_one_by_one_and_keep_their_marks() -> None:
    given = system(BILLING, Text("one two", cache=MARK), Text("two"))
    found = after(request(given), ReplaceSystemText("two", "2"))
    assert found.turns == (system(BILLING, Text("one 2", cache=MARK), Text("2")),)


def test_a_text_of_which_nothing_is_left_goes_and_so_does_its_turn() -> None:
    found = after(request(system(Text("x"), Text("y"))), ReplaceSystemText("x", ""))
    assert found.turns == (system(Text("y")),)
    assert after(request(system(Text("x")), user()), ReplaceSystemText("x", "")).turns == (user(),)


def test_only_the_prompt_is_searched() -> None:
    given = request(system(Text("a")), user(Text("x")), system(Text("x")))
    assert after(given, ReplaceSystemText("x", "y")) == given
    assert after(request(user(Text("x"))), ReplaceSystemText("x", "y")).turns == (user(Text("x")),)


def test_an_empty_text_has_nothing_to_be_found() -> None:
    given = request(system(Text("")))
    assert after(given, ReplaceSystemText("x", "y")) == given


# -- the user's words


def test_a_text_stands_before_the_last_words_and_behind_tool_results() -> None:
    result = ToolResult("c", (Text("out"),))
    turns = (user(Text("first")), Turn("assistant", ()), user(result, Text("then")))
    found = after(request(*turns), AddUser("T"))
    assert found.turns == (*turns[:2], user(result, Text("T"), Text("then")))


def test_a_turn_of_results_alone_leaves_the_text_where_the_words_are() -> None:
    result = user(ToolResult("c", (Text("out"),)))
    call = Turn("assistant", (ToolCall("c", "f", "{}"),))
    found = after(request(user(Text("q")), call, result), AddUser("T"))
    assert found.turns == (user(Text("T"), Text("q")), call, result)


def test_an_image_before_the_words_stays_before_them_and_one_alone_is_followed() -> None:
    image = Media("image", data="x")
    assert after(request(user(image, Text("q"))), AddUser("T")).turns == (
        user(image, Text("T"), Text("q")),
    )
    assert after(request(user(image)), AddUser("T")).turns == (user(image, Text("T")),)


def test_a_text_that_finds_no_words_is_told() -> None:
    given = request(user(ToolResult("c", ())))
    assert after(given, AddUser("T"), told=("prompt",)) == given


# -- tools


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        (FunctionTool("WebFetch"), "WebFetch"),
        (FunctionTool("WebFetch"), "Web*"),
        (CustomTool("apply_patch"), "apply_patch"),
        (FunctionTool("get", namespace="mcp"), "get"),
        (FunctionTool("get", namespace="mcp"), "mcp.get"),
        (FunctionTool("get", namespace="mcp"), "mcp/*"),
        (CustomTool("get", namespace="mcp"), "mcp__get"),
        (HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic", "ws"), "ws"),
        (HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic"), "web_search"),
        (HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic"), "*_20250305"),
        (HostedTool("web_search", {"googleSearch": {}}, "gemini"), "googleSearch"),
        (HostedTool("mcp", {"type": "mcp", "server_label": "git"}, "responses"), "git"),
    ],
)
def test_a_tool_is_named_by_everything_it_is_called(tool: Tool, name: str) -> None:
    assert not keeps(DropTools((name,)), tool)
    assert keeps(KeepTools((name,)), tool)
    assert keeps(DropTools(("other", "webfetch")), tool)
    assert not keeps(KeepTools(("other",)), tool)


CHOICES: dict[str, tuple[ToolChoice, tuple[Tool, ...], ToolChoice, tuple[str, ...]]] = {
    "that is open stays": (ToolChoice("auto"), (READ,), ToolChoice("auto"), ()),
    "of another tool stays": (
        ToolChoice("named", name="Read"), (READ,), ToolChoice("named", name="Read"), (),
    ),
    "of a dropped tool forces none": (
        ToolChoice("named", name="WebFetch", parallel=False),
        (READ,),
        ToolChoice("auto", parallel=False),
        ("tool_choice",),
    ),
    "of a hosted tool that went forces none": (
        ToolChoice("named", name="web_search", kind="hosted"),
        (READ,),
        ToolChoice("auto"),
        ("tool_choice",),
    ),
    "among allowed tools loses the dropped": (
        ToolChoice("required", allowed=("Read", "WebFetch")),
        (READ,),
        ToolChoice("required", allowed=("Read",)),
        (),
    ),
    "among dropped tools is none": (
        ToolChoice("auto", allowed=("WebFetch",)), (READ,), ToolChoice("none"), ("tool_choice",),
    ),
    "without tools is none at all": (ToolChoice("none", parallel=True), (), ToolChoice(), ()),
    "that forces without tools is told": (
        ToolChoice("required"), (), ToolChoice(), ("tool_choice",),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("choice", "kept", "left", "told"), CHOICES.values(), ids=CHOICES)
def test_a_choice(
    choice: ToolChoice, kept: tuple[Tool, ...], left: ToolChoice, told: tuple[str, ...]
) -> None:
    search = HostedTool("web_search", {"type": "web_search_20250305"}, "anthropic", "web_search")
    given = request(user(Text("q")), tools=(*kept, WEB, search), tool_choice=choice)
    found = after(given, DropTools(("Web*", "web_search")), told=told)
    assert (found.tools, found.tool_choice) == (kept, left)


def test_a_filter_that_drops_nothing_leaves_even_a_wrong_choice() -> None:
    given = request(tools=(READ,), tool_choice=ToolChoice("named", name="none such"))
    assert after(given, DropTools(("WebFetch",))) == given


# -- sampling


def test_a_value_is_set_beside_the_others() -> None:
    given = request(sampling=Sampling(temperature=1, top_p=1))
    assert after(given, SetField("temperature", 0)).sampling == Sampling(temperature=0, top_p=1)


@pytest.mark.parametrize(
    ("protocol", "limit", "reasoning", "told"),
    [
        ("anthropic", 9000, ReasoningSettings(budget=8000), ()),
        ("anthropic", 8000, ReasoningSettings(budget=6000), ()),
        ("anthropic", 1200, ReasoningSettings(budget=1024), ()),
        ("anthropic", 1024, ReasoningSettings("off"), ("thinking",)),
        ("gemini", 1024, ReasoningSettings(budget=8000), ()),
    ],
)
def test_a_shorter_answer_leaves_claude_room_to_answer(
    protocol: str, limit: int, reasoning: ReasoningSettings, told: tuple[str, ...]
) -> None:
    given = request(protocol=protocol, reasoning=ReasoningSettings(budget=8000))
    assert after(given, SetField("max_tokens", limit), told=told).reasoning == reasoning
