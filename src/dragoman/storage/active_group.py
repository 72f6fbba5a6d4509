"""The group that `/switch` means. The last change wins, wherever it was made: a choice holds until
another is made or the configuration's `active-group` is written anew."""

from __future__ import annotations

from collections.abc import Container

import msgspec

ACTIVE_GROUP = "active-group"
"""What it is shared as (`Shared`)."""


class _Choice(msgspec.Struct, frozen=True):
    """`instead_of`: what the configuration said when it was made."""

    name: str
    instead_of: str


_DECODER = msgspec.json.Decoder(_Choice)


def chosen(name: str, written: str) -> bytes:
    """A choice, to be shared."""
    return msgspec.json.encode(_Choice(name, written))


def active_group(shared: bytes, written: str, known: Container[str]) -> str:
    """The group in force. `shared`: the last choice, if any; `written`: the configuration's."""
    if not shared:
        return written
    choice = _DECODER.decode(shared)
    return choice.name if choice.instead_of == written and choice.name in known else written
