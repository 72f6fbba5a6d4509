"""Edits on a Responses body in its bytes, where its own rules show."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_responses.codec import CODEC

WEB = {"type": "function", "name": "web", "parameters": {}}
READ = {"type": "function", "name": "read", "parameters": {}}
PATCH = {"type": "custom", "name": "apply_patch"}
SEARCH = {"type": "web_search"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "out"}


def after(body: dict[str, Any], *edits: Edit, told: tuple[str, ...] = ()) -> dict[str, Any]:
    losses = Losses()
    data = json.dumps(body).encode()
    found: dict[str, Any] = json.loads(CODEC.editing.edited(data, edits, Target("m"), losses))
    assert losses.fields == told
    return found


def block(said: str) -> dict[str, object]:
    return {"type": "input_text", "text": said}


def message(role: str, *said: str) -> dict[str, object]:
    return {"type": "message", "role": role, "content": [block(one) for one in said]}


@pytest.mark.parametrize(
    ("edit", "becomes"),
    [(AddSystem("T"), "S\n\nT"), (PutSystem("T"), "T"), (ReplaceSystemText("S", "T"), "T")],
)
def test_instructions_are_the_prompt_whatever_stands_in_the_input(edit: Edit, becomes: str) -> None:
    given = {"instructions": "S", "input": [message("developer", "S")]}
    assert after(given, edit) == {**given, "instructions": becomes}


def test_instructions_of_which_nothing_is_left_go() -> None:
    assert after({"instructions": "S", "input": "q"}, ReplaceSystemText("S", "")) == {"input": "q"}


@pytest.mark.parametrize("given", ["q", [message("user", "q")], [], None])
@pytest.mark.parametrize("edit", [AddSystem("T"), PutSystem("T")])
def test_without_any_prompt_the_text_becomes_the_instructions(given: object, edit: Edit) -> None:
    assert after({"input": given}, edit) == {"input": given, "instructions": "T"}
    assert after({"input": given}, ReplaceSystemText("a", "b")) == {"input": given}


def test_messages_of_the_developer_that_stand_first_are_the_prompt() -> None:
    added = {"type": "additional_tools", "tools": [WEB]}
    given = [added, message("developer", "D"), message("system", "S"), message("user", "q")]
    assert after({"input": given}, AddSystem("T"))["input"] == [
        *given[:2], message("system", "S", "T"), given[3],
    ]  # fmt: skip
    assert after({"input": given}, PutSystem("T"))["input"] == [
        added, message("developer", "T"), given[3],
    ]  # fmt: skip
    found = after({"input": given}, ReplaceSystemText("D", ""))["input"]
    assert found == [added, given[2], given[3]]


def test_a_text_goes_before_a_bare_input() -> None:
    assert after({"input": "q"}, AddUser("T")) == {"input": "T\n\nq"}
    assert after({}, AddUser("T"), told=("prompt",)) == {}


def test_the_users_messages_in_a_row_are_one_turn() -> None:
    given = [OUTPUT, message("user", "a"), {"type": "novel"}, message("user", "b")]
    assert after({"input": given}, AddUser("T"))["input"] == [
        OUTPUT, message("user", "T", "a"), *given[2:],
    ]  # fmt: skip
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    looped = [message("user", "a"), call, OUTPUT, {"type": "shell_call_output"}]
    assert after({"input": looped}, AddUser("T"))["input"][0] == message("user", "T", "a")


def test_an_image_without_words_is_followed_by_the_text() -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,eA=="}
    given = [message("user"), {"type": "message", "role": "user", "content": [image]}]
    given[0] = {"role": "user", "content": []}
    found = after({"input": given}, AddUser("T"))["input"]
    assert found[1]["content"] == [image, block("T")]


def test_a_filter_looks_into_namespaces_and_into_tools_that_stand_in_the_input() -> None:
    space = {"type": "namespace", "name": "git", "tools": [WEB, READ]}
    given = {
        "tools": [WEB, space, PATCH, SEARCH],
        "input": [
            {"type": "additional_tools", "tools": [READ, {**space, "tools": [WEB]}]},
            {"type": "additional_tools", "tools": [WEB]},
            {"type": "additional_tools"},
            message("user", "additional_tools"),
        ],
    }
    found = after(given, DropTools(("web", "web_search")))
    assert found["tools"] == [{**space, "tools": [READ]}, PATCH]
    assert found["input"] == [
        {"type": "additional_tools", "tools": [READ]},
        {"type": "additional_tools"},
        message("user", "additional_tools"),
    ]
    only = after({"tools": [WEB, space]}, KeepTools(("git.*",)))
    assert only == {"tools": [space]}


@pytest.mark.parametrize(
    ("given", "left", "told"),
    [
        ({"tool_choice": "auto", "parallel_tool_calls": True},
         {"tool_choice": "auto", "parallel_tool_calls": True}, ()),
        ({"tool_choice": {"type": "function", "name": "web"}}, {"tool_choice": "auto"},
         ("tool_choice",)),
        ({"tool_choice": {"type": "web_search"}}, {"tool_choice": "auto"}, ("tool_choice",)),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [WEB, READ]}},
         {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [READ]}}, ()),
    ],
)  # fmt: skip
def test_a_choice_is_fitted_to_the_tools_that_are_left(
    given: dict[str, Any], left: dict[str, Any], told: tuple[str, ...]
) -> None:
    found = after({"tools": [WEB, READ, SEARCH], **given}, DropTools(("web*",)), told=told)
    assert found == {"tools": [READ], **left}


def test_without_tools_nothing_is_said_of_them() -> None:
    given = {"tools": [WEB], "tool_choice": "auto", "parallel_tool_calls": True}
    assert after(given, DropTools(("*",))) == {}
    assert after({"input": "q"}, DropTools(("*",))) == {"input": "q"}


def test_the_limit_has_its_own_name() -> None:
    found = after({"temperature": 1}, SetField("max_tokens", 5), SetField("temperature", 0))
    assert found == {"temperature": 0, "max_output_tokens": 5}
