"""A text read as calls, for the tests: whole, in pieces, cut at any place."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from dragoman.neutral.json import JsonObject
from dragoman.neutral.requests import CustomTool, FunctionTool
from dragoman.toolcalls.text.dialects import forms_of
from dragoman.toolcalls.text.offer import Offer
from dragoman.toolcalls.text.pieces import Called, Piece, Said
from dragoman.toolcalls.text.reading import TextReader
from dragoman.toolcalls.text.steps import Ending

MARK = "k7f2q"
TEXT: JsonObject = {"type": "string"}
WRITE = FunctionTool(
    "Write",
    "Writes a file.",
    {
        "type": "object",
        "properties": {"path": TEXT, "content": TEXT, "mode": {"type": "integer"}},
        "required": ["path", "content"],
        "additionalProperties": False,
    },
)
READ = FunctionTool(
    "Read",
    "Reads a file.",
    {"type": "object", "properties": {"path": TEXT, "limit": {"type": "integer"}},
     "required": ["path"]},
)  # fmt: skip
FREE = FunctionTool("Think")
PATCH = CustomTool("apply_patch", "Patches files.")
OFFER = Offer([WRITE, READ, FREE, PATCH])


def reader(dialects: Sequence[str] = (), *, mends: bool = False) -> TextReader:
    return TextReader(OFFER, forms_of(MARK, dialects), mends=mends)


def read(text: str, *dialects: str, step: int = 0, ending: Ending = "end") -> list[Piece]:
    """The pieces, neighbouring prose joined; `step` characters at a time."""
    machine = reader(dialects)
    step = step or len(text) or 1
    found = [p for at in range(0, len(text), step) for p in machine.feed(text[at : at + step])]
    return joined(found + machine.finish(ending))


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Said) and out and isinstance(out[-1], Said):
            out[-1] = Said(out[-1].text + piece.text)
        else:
            out.append(piece)
    return out


def source(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text if isinstance(piece, Said) else piece.source for piece in pieces)


def prose(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Said))


def calls(pieces: Sequence[Piece]) -> list[tuple[str, Any]]:
    """(name, arguments) of each call; a free-form tool's text as it is."""
    return [
        (one.tool.name, one.input if one.tool.kind == "custom" else json.loads(one.input))
        for one in pieces
        if isinstance(one, Called)
    ]


def called(text: str, *dialects: str) -> list[tuple[str, Any]]:
    """The calls of a text, of which nothing is lost and nothing depends on its pieces."""
    whole = read(text, *dialects)
    assert source(whole) == text
    for step in (1, 3, 7):
        assert read(text, *dialects, step=step) == whole
    return calls(whole)


def forked(machine: TextReader) -> TextReader:
    """A reader in the same state; its parts that change are its own."""
    other = copy.copy(machine)
    other._prose = copy.copy(machine._prose)
    other._new, other._pending, other._out = [*machine._new], [*machine._pending], []
    return other


def at_every_cut(text: str) -> Iterator[tuple[int, list[Piece]]]:
    """What the text comes to when it is cut in two at each place. The beginning is read once, sign
    by sign, and the reader copied at each of them."""
    machine = reader()
    before: list[Piece] = []
    for at, sign in enumerate(text):
        other = forked(machine)
        yield at, joined([*before, *other.feed(text[at:]), *other.finish("end")])
        before += machine.feed(sign)
    yield len(text), joined([*before, *machine.finish("end")])
