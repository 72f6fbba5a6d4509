"""What a group does to its requests, compiled from its settings. No I/O.

Its names and aliases are not here: they are routing's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from dragoman.config.groups import Group, Prompt, ToolFilter, ToolMode
from dragoman.neutral.edits import (
    AddSystem,
    AddUser,
    DropTools,
    Edit,
    KeepTools,
    PutSystem,
    ReplaceSystemText,
)
from dragoman.neutral.globs import matches
from dragoman.policy.sampling import Tuning, tuning_of
from dragoman.reasoning.suffix import parse_suffix

_BESIDE = {"models": None, "disabled": False}
"""Settings of a group that do nothing to its requests."""


class GroupPolicy(msgspec.Struct, frozen=True):
    """`prompt` is put in for the models of `when` (wildcards, none = all); `max_context` 0 = no
    bound of its own. `tool_mode`, `dialects` and `repair_retry` are compat mode's."""

    name: str
    replacements: tuple[Edit, ...] = ()
    prompt: tuple[Edit, ...] = ()
    when: tuple[str, ...] = ()
    tools: tuple[Edit, ...] = ()
    tuning: Tuning | None = None
    max_context: int = 0
    tool_mode: ToolMode = "auto"
    dialects: tuple[str, ...] = ()
    repair_retry: bool = False
    body_log: bool = False

    def edits(self, model: str) -> tuple[Edit, ...]:
        """What is changed whoever serves the request; `model` is the name that was asked for."""
        prompt = self.prompt if self._injects(model) else ()
        return (*self.replacements, *prompt, *self.tools)

    def _injects(self, model: str) -> bool:
        names = (model, parse_suffix(model)[0])
        return not self.when or any(matches(glob, name) for glob in self.when for name in names)


def policies_of(groups: Mapping[str, Group]) -> dict[str, GroupPolicy]:
    """By name. A group that does nothing to its requests has none."""
    plain = Group()
    return {
        name: _policy(name, group)
        for name, group in groups.items()
        if group.model_copy(update=_BESIDE) != plain
    }


def _policy(name: str, group: Group) -> GroupPolicy:
    return GroupPolicy(
        name=name,
        replacements=tuple(_replacement(one.find, one.replace) for one in group.prompt_replace),
        prompt=_prompt(group.prompt),
        when=group.prompt.when,
        tools=_filter(group.tools),
        tuning=tuning_of(group.sampling),
        max_context=group.max_context,
        tool_mode=group.tools.mode,
        dialects=group.tools.dialects,
        repair_retry=group.tools.repair_retry,
        body_log=group.body_log,
    )


def _replacement(find: str, replace: str) -> ReplaceSystemText:
    if len(find) > 2 and find[0] == find[-1] == "/":
        return ReplaceSystemText(re.compile(find[1:-1]), replace)
    return ReplaceSystemText(find, replace)


def _prompt(prompt: Prompt) -> tuple[Edit, ...]:
    if prompt.mode == "off":
        return ()
    if prompt.position == "user":
        return (AddUser(prompt.content),)
    return ((AddSystem if prompt.mode == "enhance" else PutSystem)(prompt.content),)


def _filter(tools: ToolFilter) -> tuple[Edit, ...]:
    edits: list[Edit] = []
    if tools.only:
        edits.append(KeepTools(tools.only))
    if tools.drop:
        edits.append(DropTools(tools.drop))
    return tuple(edits)
