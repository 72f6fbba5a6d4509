"""What a model's text turns out to be made of."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dragoman.toolcalls.text.offer import Offered


class Said(msgspec.Struct, frozen=True):
    text: str


class Called(msgspec.Struct, frozen=True):
    """A call, its input as the client is to get it, and the text it was read from ("" for the
    further calls of one text)."""

    tool: Offered
    input: str
    source: str


class Absorbed(msgspec.Struct, frozen=True):
    """Text that belongs to the call before it: blanks, wrappers' ends."""

    source: str


class Broken(msgspec.Struct, frozen=True):
    """A call that could not be read: its text up to the turn's end, and why."""

    text: str
    why: str


Piece: TypeAlias = Said | Called | Absorbed
