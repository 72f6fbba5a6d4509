"""Edits on a neutral request, and the decisions that the interpreters on bytes share with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

import msgspec

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
from dragoman.neutral.globs import matches
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import CacheMark, Media, Opaque, Part, Text, ToolResult
from dragoman.neutral.requests import (
    HostedTool,
    ReasoningSettings,
    Request,
    Tool,
    ToolChoice,
    Turn,
    split_system,
)

_IDENTITY = ("You are Claude Code, Anthropic's official CLI", "You are a Claude agent, built on")
"""How a block begins by which an account of Anthropic's knows its own client."""
_LONGEST_IDENTITY = 200
_AUTHORS = {"openai": "system", "ollama": ""}
"""How a system turn is called in protocols without a field of its own for it."""

LEAST_BUDGET = 1024
NO_WORDS = "the conversation holds no words of the user to put it before"


def edited(request: Request, edits: Sequence[Edit], losses: Losses) -> Request:
    """The request after every edit, in order; what could not be done is told."""
    for edit in edits:
        request = _EDITORS[type(edit)](request, edit, losses)
    return request


# -- the system prompt


def prompt_length(turns: Sequence[Turn]) -> int:
    """How many of the leading turns are the system prompt."""
    if turns and turns[0].author == "top":
        return 1
    return len(split_system(tuple(turns))[0])


def kept_first(parts: Sequence[Part]) -> tuple[Part, ...]:
    """What another prompt does not take the place of: the blocks by which an official client's
    account is known, and those that say nothing to a model."""
    return tuple(takewhile(_stays, parts))


def _stays(part: Part) -> bool:
    if isinstance(part, Text):
        return part.text.startswith(_IDENTITY) and len(part.text) < _LONGEST_IDENTITY
    return isinstance(part, Opaque)


def last_mark(parts: Sequence[Part]) -> CacheMark | None:
    """The last cache mark on the parts of a prompt: where it ends."""
    marks = [mark for part in parts if (mark := getattr(part, "cache", None)) is not None]
    return marks[-1] if marks else None


def _add_system(request: Request, edit: AddSystem, _: Losses) -> Request:
    length = prompt_length(request.turns)
    if not length:
        return _prompted(request, 0, (_new_prompt(request, edit.text),))
    *before, last = request.turns[:length]
    last = msgspec.structs.replace(last, parts=(*last.parts, Text(edit.text)))
    return _prompted(request, length, (*before, last))


def _put_system(request: Request, edit: PutSystem, _: Losses) -> Request:
    length = prompt_length(request.turns)
    if not length:
        return _prompted(request, 0, (_new_prompt(request, edit.text),))
    first = request.turns[0]
    kept = kept_first(first.parts)
    replaced = [part for turn in request.turns[:length] for part in turn.parts][len(kept) :]
    text = Text(edit.text, cache=last_mark(replaced))
    return _prompted(request, length, (msgspec.structs.replace(first, parts=(*kept, text)),))


def _replace_text(request: Request, edit: ReplaceSystemText, _: Losses) -> Request:
    length = prompt_length(request.turns)
    turns: list[Turn] = []
    for turn in request.turns[:length]:
        parts = tuple(new for part in turn.parts if (new := _replaced(part, edit)) is not None)
        if parts or not turn.parts:
            turns.append(msgspec.structs.replace(turn, parts=parts))
    return _prompted(request, length, turns)


def _replaced(part: Part, edit: ReplaceSystemText) -> Part | None:
    """None when nothing is left of it: no protocol takes an empty block."""
    if not isinstance(part, Text):
        return part
    text = edit.applied(part.text)
    if text == part.text:
        return part
    return msgspec.structs.replace(part, text=text) if text else None


def _prompted(request: Request, length: int, prompt: Sequence[Turn]) -> Request:
    return msgspec.structs.replace(request, turns=(*prompt, *request.turns[length:]))


def _new_prompt(request: Request, text: str) -> Turn:
    return Turn("system", (Text(text),), author=_AUTHORS.get(request.protocol, "top"))


# -- the user's words


def words_at(parts: Sequence[Part]) -> int | None:
    """Where a user turn's own words begin: behind the tool results, which must stand first, and
    behind images that stand before the words. None when it has no words and no images."""
    after = 0
    for index, part in enumerate(parts):
        if isinstance(part, ToolResult):
            after = index + 1
    for index in range(after, len(parts)):
        if isinstance(parts[index], Text):
            return index
    return len(parts) if any(isinstance(part, Media) for part in parts[after:]) else None


def _add_user(request: Request, edit: AddUser, losses: Losses) -> Request:
    for index in range(len(request.turns) - 1, -1, -1):
        turn = request.turns[index]
        at = words_at(turn.parts) if turn.role == "user" else None
        if at is not None:
            parts = (*turn.parts[:at], Text(edit.text), *turn.parts[at:])
            turns = list(request.turns)
            turns[index] = msgspec.structs.replace(turn, parts=parts)
            return msgspec.structs.replace(request, turns=tuple(turns))
    losses.add("prompt", NO_WORDS)
    return request


# -- tools


def keeps(edit: DropTools | KeepTools, tool: Tool) -> bool:
    """Whether a tool stays."""
    named = any(matches(glob, name) for glob in edit.names for name in _names(tool))
    return named is isinstance(edit, KeepTools)


def _names(tool: Tool) -> tuple[str, ...]:
    """What a tool may be called by: its name, with its namespace before it, and for those that an
    upstream runs, their type and kind."""
    if isinstance(tool, HostedTool):
        told = (tool.raw.get("type"), tool.raw.get("server_label"), *tool.raw)
        own = told[:2] if "type" in tool.raw else told
        return (tool.name, tool.tool, *(name for name in own if isinstance(name, str)))
    if not tool.namespace:
        return (tool.name,)
    return tool.name, *(f"{tool.namespace}{sign}{tool.name}" for sign in (".", "/", "__"))


def choice_after(
    choice: ToolChoice, kept: Sequence[Tool], dropped: Sequence[Tool], losses: Losses
) -> ToolChoice:
    """The choice that is left when tools were dropped. One that forces a dropped tool forces none,
    and that is told."""
    if not kept:
        if choice.mode in ("named", "required"):
            losses.add("tool_choice", "no tool is left that could be chosen")
        return ToolChoice()
    if choice.mode == "named" and _means(choice, dropped) and not _means(choice, kept):
        losses.add("tool_choice", f"{choice.name} is filtered out")
        return ToolChoice("auto", parallel=choice.parallel, extras=choice.extras)
    gone = {tool.name for tool in dropped} - {tool.name for tool in kept}
    if not gone & set(choice.allowed):
        return choice
    allowed = tuple(name for name in choice.allowed if name not in gone)
    if not allowed:
        losses.add("tool_choice", "every allowed tool is filtered out")
        return ToolChoice("none", parallel=choice.parallel, extras=choice.extras)
    return msgspec.structs.replace(choice, allowed=allowed)


def _means(choice: ToolChoice, tools: Sequence[Tool]) -> bool:
    if choice.kind == "hosted":
        return any(isinstance(tool, HostedTool) and choice.name in _names(tool) for tool in tools)
    return any(
        not isinstance(tool, HostedTool)
        and tool.name == choice.name
        and choice.namespace in ("", tool.namespace)
        for tool in tools
    )


def _filter_tools(request: Request, edit: DropTools | KeepTools, losses: Losses) -> Request:
    kept = tuple(tool for tool in request.tools if keeps(edit, tool))
    if len(kept) == len(request.tools):
        return request
    dropped = [tool for tool in request.tools if not keeps(edit, tool)]
    choice = choice_after(request.tool_choice, kept, dropped, losses)
    return msgspec.structs.replace(request, tools=kept, tool_choice=choice)


# -- sampling


def _set_field(request: Request, edit: SetField, losses: Losses) -> Request:
    sampling = msgspec.structs.replace(request.sampling, **{edit.field: edit.value})
    request = msgspec.structs.replace(request, sampling=sampling)
    if edit.field != "max_tokens" or request.protocol != "anthropic":
        return request
    reasoning = within(request.reasoning, int(edit.value), losses)
    return msgspec.structs.replace(request, reasoning=reasoning)


def within(reasoning: ReasoningSettings, max_tokens: int, losses: Losses) -> ReasoningSettings:
    """Thinking that leaves room for an answer, for Claude counts it as part of that: a quarter of
    it at the least; where not even the least budget fits, no thinking."""
    if reasoning.budget is None or reasoning.budget < max_tokens:
        return reasoning
    if max_tokens <= LEAST_BUDGET:
        losses.add("thinking", f"an answer of {max_tokens} tokens has no room for it")
        return ReasoningSettings(mode="off", effort=reasoning.effort)
    budget = max(LEAST_BUDGET, max_tokens * 3 // 4)
    return msgspec.structs.replace(reasoning, budget=budget)


_EDITORS: dict[type, Callable[[Request, Any, Losses], Request]] = {
    AddSystem: _add_system,
    PutSystem: _put_system,
    ReplaceSystemText: _replace_text,
    AddUser: _add_user,
    DropTools: _filter_tools,
    KeepTools: _filter_tools,
    SetField: _set_field,
}
