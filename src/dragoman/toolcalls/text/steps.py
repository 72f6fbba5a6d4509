"""What reading a call's body can come to, so far."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from dragoman.neutral.json import JsonObject

Ending: TypeAlias = Literal["end", "more", "cut"]
"""How the text ended: with its turn, with other content behind it, or before its time."""


class Asked(msgspec.Struct, frozen=True):
    """A call as it was written. `texts`: the arguments' values are bare text; `free` is a call's
    free text, which has no arguments."""

    name: str
    arguments: JsonObject
    texts: bool = False
    free: str | None = None


class Read(msgspec.Struct, frozen=True):
    """Calls, and where they end."""

    calls: tuple[Asked, ...]
    end: int


class Unread(msgspec.Struct, frozen=True):
    """No call: up to `end` it is text. `why` is for the model, "" where it never was a call."""

    end: int
    why: str = ""


class Wait(msgspec.Struct, frozen=True):
    """Nothing is decided before `need` is found behind `start`, or the text ends. What is found
    ends with one of `signs` ("" = any), so that most of a long value need not be searched."""

    need: re.Pattern[str]
    start: int
    signs: str = ""


Step: TypeAlias = Read | Unread | Wait

UNFINISHED = "it was not finished"
