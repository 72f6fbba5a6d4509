"""Edits on a Chat body in its bytes, where its own rules show."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dragoman.neutral.edits import (
    AddSystem,
    AddUser,
    DropTools,
    Edit,
    PutSystem,
    ReplaceSystemText,
    SetField,
)
from dragoman.neutral.losses import Losses
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.codec import CODEC

ASKS = {"role": "user", "content": "q"}
MARK = {"type": "ephemeral"}
WEB = {"type": "function", "function": {"name": "web"}}
READ = {"type": "function", "function": {"name": "read"}}


def after(
    body: dict[str, Any],
    *edits: Edit,
    told: tuple[str, ...] = (),
    target: Target = Target("m"),  # noqa: B008 - frozen
) -> dict[str, Any]:
    losses = Losses()
    data = json.dumps({"messages": [ASKS], **body}).encode()
    found: dict[str, Any] = json.loads(CODEC.editing.edited(data, edits, target, losses))
    assert losses.fields == told
    return found


def messages(*given: object, edit: Edit) -> list[Any]:
    found: list[Any] = after({"messages": list(given)}, edit)["messages"]
    return found


def system(content: object, **more: object) -> dict[str, object]:
    return {"role": "system", "content": content, **more}


def block(said: str, **more: object) -> dict[str, object]:
    return {"type": "text", "text": said, **more}


@pytest.mark.parametrize("edit", [AddSystem("T"), PutSystem("T")])
def test_a_conversation_without_a_prompt_gets_one_in_front(edit: Edit) -> None:
    assert messages(ASKS, edit=edit) == [system("T"), ASKS]


@pytest.mark.parametrize(
    ("content", "becomes"),
    [
        ("S", "S\n\nT"),
        (None, "T"),
        ([block("S", cache_control=MARK)], [block("S", cache_control=MARK), block("T")]),
        (["S"], ["S", block("T")]),
    ],
)
def test_a_string_stays_a_string_and_an_array_keeps_its_blocks(
    content: object, becomes: object
) -> None:
    assert messages(system(content), ASKS, edit=AddSystem("T")) == [system(becomes), ASKS]


def test_the_last_of_the_leading_messages_is_added_to() -> None:
    developer = {"role": "developer", "content": "D"}
    found = messages(system("S"), developer, ASKS, system("later"), edit=AddSystem("T"))
    added = {"role": "developer", "content": "D\n\nT"}
    assert found == [system("S"), added, ASKS, system("later")]


def test_another_prompt_takes_the_place_of_all_leading_messages_and_their_last_mark() -> None:
    marked = system([block("S", cache_control=MARK)], name="n")
    found = messages(marked, system("more"), ASKS, edit=PutSystem("T"))
    assert found == [system([block("T", cache_control=MARK)], name="n"), ASKS]
    of_message = system("S", cache_control=MARK)
    found = messages(of_message, ASKS, edit=PutSystem("T"))
    assert found == [system([block("T", cache_control=MARK)]), ASKS]


def test_a_mark_that_is_none_is_left_alone() -> None:
    odd = system("S", cache_control={"type": "forever"})
    assert messages(odd, edit=PutSystem("T")) == [system("T", cache_control={"type": "forever"})]


def test_replacing_looks_into_strings_and_blocks_and_drops_what_is_empty() -> None:
    given = [system("x"), system([block("x y"), block("x"), "x z"]), system(None), ASKS]
    found = messages(*given, edit=ReplaceSystemText("x", ""))
    assert found == [system([block(" y"), " z"]), system(None), ASKS]


def test_a_bare_text_in_an_array_is_replaced_as_one() -> None:
    assert messages(system(["a b"]), edit=ReplaceSystemText("a", "c")) == [system(["c b"])]


def test_a_text_goes_before_the_last_users_words_behind_tool_messages() -> None:
    tool = {"role": "tool", "tool_call_id": "c", "content": "out"}
    found = messages(ASKS, tool, edit=AddUser("T"))
    assert found == [{"role": "user", "content": "T\n\nq"}, tool]


def test_an_image_alone_is_followed_by_the_text() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}}
    found = messages({"role": "user", "content": [image]}, edit=AddUser("T"))
    assert found == [{"role": "user", "content": [image, block("T")]}]


def test_a_message_that_is_none_ends_the_prompt() -> None:
    assert messages(system("S"), 7, system("S"), edit=AddSystem("T"))[0] == system("S\n\nT")


def test_tools_functions_and_search_are_one_list_to_a_filter() -> None:
    given = {"tools": [WEB, READ], "functions": [{"name": "web"}], "web_search_options": {}}
    assert after(given, DropTools(("web", "web_search"))) == {"messages": [ASKS], "tools": [READ]}
    assert after(given, DropTools(("none",))) == {"messages": [ASKS], **given}


@pytest.mark.parametrize(
    ("given", "left", "told"),
    [
        ({"tool_choice": "auto"}, {"tool_choice": "auto"}, ()),
        ({"tool_choice": WEB, "parallel_tool_calls": False},
         {"tool_choice": "auto", "parallel_tool_calls": False}, ("tool_choice",)),
        ({"function_call": {"name": "web"}}, {"function_call": "auto"}, ("tool_choice",)),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {
            "mode": "required", "tools": [WEB, READ]}}},
         {"tool_choice": {"type": "allowed_tools", "allowed_tools": {
             "mode": "required", "tools": [READ]}}}, ()),
    ],
)  # fmt: skip
def test_a_choice_is_fitted_to_the_tools_that_are_left(
    given: dict[str, Any], left: dict[str, Any], told: tuple[str, ...]
) -> None:
    found = after({"tools": [WEB, READ], **given}, DropTools(("web",)), told=told)
    assert found == {"messages": [ASKS], "tools": [READ], **left}


def test_without_tools_nothing_is_said_of_them() -> None:
    given = {"tools": [WEB], "tool_choice": "none", "parallel_tool_calls": True}
    assert after(given, DropTools(("*",))) == {"messages": [ASKS]}


@pytest.mark.parametrize(
    ("given", "target", "key"),
    [
        ({"max_tokens": 9}, Target("gpt-5", host="api.openai.com"), "max_tokens"),
        ({"max_completion_tokens": 9, "max_tokens": None}, Target("m"), "max_completion_tokens"),
        ({}, Target("qwen3"), "max_tokens"),
        ({}, Target("gpt-5"), "max_completion_tokens"),
        ({}, Target("m", host="api.openai.com"), "max_completion_tokens"),
    ],
)
def test_the_limit_keeps_the_name_the_client_gave_it_or_gets_the_hosts(
    given: dict[str, Any], target: Target, key: str
) -> None:
    found = after(given, SetField("max_tokens", 5), SetField("temperature", 0), target=target)
    assert (found[key], found["temperature"]) == (5, 0)
