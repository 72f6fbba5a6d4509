"""Every edit has the same effect on a client's bytes as on the neutral request: to edit and then to
read is to read and then to edit, for each recorded request of each protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from tests.conversions.pipeline import TARGETS

from dragoman.neutral.edits import (
    AddSystem,
    AddUser,
    DropTools,
    Edit,
    KeepTools,
    PutSystem,
    RemoveField,
    ReplaceSystemText,
    SetField,
)
from dragoman.neutral.editing import edited
from dragoman.neutral.json import decode, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import NO_EXTRAS, Part, Text, ToolCall
from dragoman.neutral.requests import FunctionTool, Request, ToolChoice, Turn
from dragoman.protocols.registry import CODECS

INPUTS = sorted((Path(__file__).parent / "inputs").glob("*.json"))

EDITS: dict[str, tuple[Edit, ...]] = {
    "add to the prompt": (AddSystem("Go “on”.\n"),),
    "another prompt": (PutSystem("Only this."),),
    "before the user's words": (AddUser("Remember."),),
    "a text": (ReplaceSystemText("agent", "helper"),),
    "an expression": (ReplaceSystemText(re.compile(r"(?i)\byou are (\w+)"), r"\1 you are"),),
    "everything": (ReplaceSystemText(re.compile(r"(?s).+"), ""),),
    "drop one kind": (DropTools(("Bash", "*search*", "get*", "exec*")),),
    "drop all": (DropTools(("*",)),),
    "keep some": (KeepTools(("Read", "wait", "run_*", "function", "web_search", "*weather*")),),
    "values": (SetField("temperature", 1), SetField("max_tokens", 3000), SetField("top_p", 1)),
    "less": (SetField("max_tokens", 500), RemoveField("temperature"), RemoveField("top_p")),
    "together": (
        ReplaceSystemText("e", "é"),
        AddSystem("Last."),
        AddUser("First."),
        KeepTools(("*e*",)),
        DropTools(("*x*",)),
        SetField("max_tokens", 2000),
    ),
}


def plain(request: Request) -> Request:
    """Without the difference between texts that follow one another and one text with a blank line
    between, without empty texts, and without bookkeeping: no model sees them."""
    choice = msgspec.structs.replace(request.tool_choice, wire=NO_EXTRAS)
    if choice.mode == "required" and len(choice.allowed) == 1:
        choice = msgspec.structs.replace(choice, mode="named", name=choice.allowed[0], allowed=())
    return msgspec.structs.replace(
        request,
        turns=tuple(_plain_turn(turn) for turn in request.turns if turn.parts),
        tools=tuple(_unwired(tool) for tool in request.tools),
        tool_choice=choice,
        wire=NO_EXTRAS,
    )


def _unwired(tool):  # type: ignore[no-untyped-def]
    return msgspec.structs.replace(tool, wire=NO_EXTRAS)


def _plain_turn(turn: Turn) -> Turn:
    parts: list[Part] = []
    for part in turn.parts:
        part = msgspec.structs.replace(part, wire=NO_EXTRAS) if hasattr(part, "wire") else part
        last = parts[-1] if parts else None
        if part == Text(""):
            continue
        if isinstance(part, Text) and isinstance(last, Text) and not last.cache and part == Text(part.text):
            parts[-1] = msgspec.structs.replace(last, text=f"{last.text}\n\n{part.text}")
        elif isinstance(part, Text) and isinstance(last, Text) and last == Text(last.text):
            parts[-1] = msgspec.structs.replace(part, text=f"{last.text}\n\n{part.text}")
        else:
            parts.append(part)
    return msgspec.structs.replace(turn, parts=tuple(parts))


def still_declared(request: Request) -> Request:
    """Messages refuses calls in a conversation without any tool: on bytes they stay declared."""
    calls = (part for turn in request.turns for part in turn.parts if isinstance(part, ToolCall))
    names = dict.fromkeys(call.name for call in calls)
    if request.tools or not names:
        return request
    tools = tuple(FunctionTool(name, parameters={"type": "object"}) for name in names)
    return msgspec.structs.replace(request, tools=tools, tool_choice=ToolChoice("none"))


def read(body: bytes, protocol: str) -> Request:
    document = decode(body)
    assert isinstance(document, dict)
    return CODECS[protocol].request_in(document, Losses())


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_to_edit_and_read_is_to_read_and_edit(path: Path, edits: Sequence[Edit]) -> None:
    protocol = path.stem.rpartition(".")[2]
    body = path.read_bytes()
    codec, target = CODECS[protocol], TARGETS[protocol][1]
    on_bytes, on_request = Losses(), Losses()
    new = codec.editing.edited(body, edits, target, on_bytes)
    expected = edited(read(body, protocol), edits, on_request)
    if protocol == "anthropic":
        expected = still_declared(expected)
    if not expected.turns:
        return
    assert plain(read(new, protocol)) == plain(expected)
    assert on_bytes.fields == on_request.fields
