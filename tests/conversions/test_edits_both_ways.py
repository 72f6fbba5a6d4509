"""Every edit has the same effect on a client's bytes as on the neutral request: to edit and then to
read is to read and then to edit, for each recorded request of each protocol. And on bytes, what an
edit does not mean stays as it came."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conversions.pipeline import TARGETS

from dragoman.errors import InvalidRequest
from dragoman.neutral.editing import edited
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
from dragoman.neutral.json import decode
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import NO_EXTRAS, Part, Text
from dragoman.neutral.requests import Request, Tool, Turn
from dragoman.protocols.anthropic.edits import forgotten, still_declared
from dragoman.protocols.registry import CODECS

INPUTS = sorted((Path(__file__).parent / "inputs").glob("*.json"))

EDITS: dict[str, tuple[Edit, ...]] = {
    "add to the prompt": (AddSystem("Go “on”.\n"),),
    "another prompt": (PutSystem("Only this."),),
    "before the user's words": (AddUser("Remember."),),
    "a text": (ReplaceSystemText("agent", "helper"),),
    "an expression": (ReplaceSystemText(re.compile(r"(?i)\byou are (\w+)"), r"\1 you are"),),
    "all texts": (ReplaceSystemText(re.compile(r"(?s).+"), ""),),
    "drop some": (DropTools(("Bash", "*search*", "get*", "exec*")),),
    "drop all": (DropTools(("*",)),),
    "keep some": (KeepTools(("Read", "wait", "run_*", "function", "web_search", "*weather*")),),
    "values": (SetField("temperature", 1), SetField("max_tokens", 3000), SetField("top_p", 1)),
    "less": (SetField("max_tokens", 500), SetField("temperature", 0)),
    "together": (
        ReplaceSystemText("e", "é"),
        AddSystem("Last."),
        AddUser("First."),
        KeepTools(("*e*",)),
        DropTools(("*x*",)),
        SetField("max_tokens", 2000),
    ),
}

NOTHING: tuple[Edit, ...] = (
    ReplaceSystemText("no such text in any prompt", ""),
    ReplaceSystemText(re.compile("no such (text)"), r"\1"),
    DropTools(("no_such_tool",)),
    KeepTools(("*",)),
)


def plain(request: Request) -> Request:
    """What a model sees: texts that follow one another are one with a blank line between, an empty
    text is none, and nobody's bookkeeping is shown."""
    choice = msgspec.structs.replace(request.tool_choice, wire=NO_EXTRAS)
    if choice.mode == "required" and len(choice.allowed) == 1:
        choice = msgspec.structs.replace(choice, mode="named", name=choice.allowed[0], allowed=())
    return msgspec.structs.replace(
        request,
        turns=tuple(_plain_turn(turn) for turn in request.turns if turn.parts),
        tools=tuple(_without_wire(tool) for tool in request.tools),
        tool_choice=choice,
        wire=NO_EXTRAS,
    )


def _without_wire(tool: Tool) -> Tool:
    return msgspec.structs.replace(tool, wire=NO_EXTRAS)


def _plain_turn(turn: Turn) -> Turn:
    parts: list[Part] = []
    for part in turn.parts:
        own: Any = msgspec.structs.replace(part, wire=NO_EXTRAS) if hasattr(part, "wire") else part
        last = parts[-1] if parts else None
        if own == Text(""):
            continue
        if isinstance(own, Text) and isinstance(last, Text):
            joined = f"{last.text}\n\n{own.text}"
            if own == Text(own.text):
                parts[-1] = msgspec.structs.replace(last, text=joined)
                continue
            if last == Text(last.text):
                parts[-1] = msgspec.structs.replace(own, text=joined)
                continue
        parts.append(own)
    return msgspec.structs.replace(turn, parts=tuple(parts))


def read(body: bytes, protocol: str) -> Request:
    document = decode(body)
    assert isinstance(document, dict)
    return CODECS[protocol].request_in(document, Losses())


def on_bytes(body: bytes, protocol: str, edits: Sequence[Edit], losses: Losses) -> bytes:
    return CODECS[protocol].editing.edited(body, edits, TARGETS[protocol][1], losses)


def protocol_of(path: Path) -> str:
    return path.stem.rpartition(".")[2]


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_to_edit_and_read_is_to_read_and_edit(path: Path, edits: Sequence[Edit]) -> None:
    protocol, body = protocol_of(path), path.read_bytes()
    of_bytes, of_request = Losses(), Losses()
    expected = edited(read(body, protocol), edits, of_request)
    if protocol == "anthropic":
        before, kept = read(body, protocol).tools, {tool.name for tool in expected.tools}
        expected = forgotten(expected, [tool.name for tool in before if tool.name not in kept])
        expected = still_declared(expected) if before else expected
    new = on_bytes(body, protocol, edits, of_bytes)
    assert of_bytes.fields == of_request.fields
    if expected.turns:
        assert plain(read(new, protocol)) == plain(expected)
    else:
        assert json.loads(new)["messages"] == []


JUNK: tuple[object, ...] = (
    7,
    None,
    "",
    "x",
    [],
    {},
    [7],
    {"a": 1},
    [[]],
    ["additional_tools"],
    {"type": 7},
    [None],
)
"""What no client sends, in the place of anything."""


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_a_body_of_any_shape_is_edited_or_refused(path: Path) -> None:
    chance = random.Random(path.stem)
    for _ in range(20):
        body = json.loads(path.read_bytes())
        place: Any = body
        for _ in range(chance.randint(0, 4)):
            inner = place[chance.choice(list(place) if isinstance(place, dict) else [0, -1])]
            if not inner or not isinstance(inner, dict | list):
                break
            place = inner
        at = chance.choice(list(place) if isinstance(place, dict) else [0, -1])
        place[at] = chance.choice(JUNK)
        for edits in (EDITS["together"], EDITS["drop all"], EDITS["another prompt"]):
            with suppress(InvalidRequest):
                json.loads(on_bytes(json.dumps(body).encode(), protocol_of(path), edits, Losses()))


def _odd(path: Path) -> bytes:
    """A recorded body in a spelling that no encoder of ours would choose."""
    return json.dumps(json.loads(path.read_bytes()), indent=3, separators=(" , ", ":  ")).encode()


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_an_edit_that_finds_nothing_leaves_every_byte(path: Path) -> None:
    assert on_bytes(_odd(path), protocol_of(path), NOTHING, Losses()) == _odd(path)


@pytest.mark.parametrize("edits", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_what_an_edit_does_not_mean_stays_byte_for_byte(path: Path, edits: Sequence[Edit]) -> None:
    body = _odd(path)
    new = on_bytes(body, protocol_of(path), edits, Losses())
    assert _respelled(_values(body), _values(new)) == []


def _values(body: bytes) -> dict[tuple[object, ...], bytes]:
    """The bytes of every value, by its place; an array's elements by what they are, not by where
    they stand."""
    out: dict[tuple[object, ...], bytes] = {}

    def walk(raw: bytes, place: tuple[object, ...]) -> None:
        out[place] = raw
        if raw.startswith(b"{"):
            for key, value in msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).items():
                walk(bytes(value), (*place, key))
        elif raw.startswith(b"["):
            for element in msgspec.json.decode(raw, type=list[msgspec.Raw]):
                walk(bytes(element), (*place, json.dumps(json.loads(bytes(element)))))

    walk(body, ())
    return out


def _respelled(
    old: dict[tuple[object, ...], bytes], new: dict[tuple[object, ...], bytes]
) -> list[tuple[object, ...]]:
    """The places of values that are the same and written otherwise."""
    return [
        place
        for place, raw in old.items()
        if place in new and new[place] != raw and json.loads(new[place]) == json.loads(raw)
    ]
