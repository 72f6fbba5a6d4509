"""What a group's settings become: edits in their order, and the marks others read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dragoman.config.groups import Group
from dragoman.neutral.edits import (
    AddSystem,
    AddUser,
    DropTools,
    Edit,
    KeepTools,
    PutSystem,
    ReplaceSystemText,
)
from dragoman.policy.group_policy import GroupPolicy, policies_of


def policy(**settings: Any) -> GroupPolicy:
    written = {name.replace("_", "-"): value for name, value in settings.items()}
    return policies_of({"q": Group.model_validate(written)})["q"]


def test_a_group_that_does_nothing_to_requests_has_no_policy() -> None:
    names_only = Group.model_validate({"models": {"a": "b"}, "disabled": True})
    assert policies_of({"a": Group(), "b": names_only}) == {}


def test_replacements_come_before_the_prompt_and_the_filter_last() -> None:
    found = policy(
        tools={"drop": ["WebFetch"], "only": ["Web*"]},
        prompt={"mode": "enhance", "text": "Go on."},
        prompt_replace=[{"find": "a", "replace": "b"}, {"find": "/c(d)/", "replace": r"\1"}],
    )
    assert found.edits("any") == (
        ReplaceSystemText("a", "b"),
        ReplaceSystemText(re.compile("c(d)"), r"\1"),
        AddSystem("Go on."),
        KeepTools(("Web*",)),
        DropTools(("WebFetch",)),
    )


@pytest.mark.parametrize(
    ("mode", "position", "edits"),
    [
        ("off", "system", ()),
        ("enhance", "system", (AddSystem("T"),)),
        ("replace", "system", (PutSystem("T"),)),
        ("enhance", "user", (AddUser("T"),)),
        ("replace", "user", (AddUser("T"),)),
    ],
)
def test_a_prompt_goes_where_its_mode_and_position_say(
    mode: str, position: str, edits: tuple[Edit, ...]
) -> None:
    prompt = {"mode": mode, "position": position, "text": "T"}
    assert policy(prompt=prompt, max_context=1).edits("m") == edits


@pytest.mark.parametrize(
    ("asked", "put"),
    [("claude-sonnet-4-5", True), ("claude-x(high)", True), ("gpt-5", False), ("Claude-x", False)],
)
def test_a_prompt_for_some_models_is_put_in_by_the_name_that_was_asked_for(
    asked: str, put: bool
) -> None:
    found = policy(prompt={"mode": "enhance", "text": "T", "when": ["claude-*"]})
    assert bool(found.edits(asked)) is put


def test_a_condition_may_name_a_model_without_its_suffix() -> None:
    found = policy(prompt={"mode": "enhance", "text": "T", "when": "claude-x"})
    assert found.edits("claude-x(8192)") == (AddSystem("T"),)


def test_slashes_alone_are_no_expression() -> None:
    assert policy(prompt_replace=[{"find": "//"}]).edits("m") == (ReplaceSystemText("//", ""),)


def test_what_others_read_is_handed_on() -> None:
    found = policy(
        tools={"mode": "compat", "dialects": ["react"], "repair-retry": True},
        max_context=1000,
        body_log=True,
    )
    assert (found.tool_mode, found.dialects, found.repair_retry) == ("compat", ("react",), True)
    assert (found.max_context, found.body_log, found.edits("m")) == (1000, True, ())
