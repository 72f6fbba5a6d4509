"""Patterns that also know how they begin, so that a text cut anywhere can be held back where it may
still become one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec


class Atom(msgspec.Struct, frozen=True):
    """A piece of a pattern; `begun` matches what it may look like while it is not whole."""

    whole: str
    begun: str


class Beginning(msgspec.Struct, frozen=True):
    """`whole` matches it, `begun` a text that ends before it is whole."""

    whole: re.Pattern[str]
    begun: re.Pattern[str]


def literal(text: str) -> list[Atom]:
    return [Atom(re.escape(sign), re.escape(sign)) for sign in text]


def atom(whole: str, begun: str | None = None) -> Atom:
    return Atom(whole, whole if begun is None else begun)


def beginning(*pieces: str | Atom) -> Beginning:
    """The pattern of these pieces in a row; a string stands for itself."""
    atoms: list[Atom] = []
    for piece in pieces:
        atoms += literal(piece) if isinstance(piece, str) else [piece]
    return Beginning(
        re.compile("".join(one.whole for one in atoms)), re.compile(_begun(atoms) + r"\Z")
    )


def _begun(atoms: Sequence[Atom]) -> str:
    out = ""
    for one in reversed(atoms):
        out = f"(?:{one.begun}{out})?"
    return out
