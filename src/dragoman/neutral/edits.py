"""What a policy changes in a request, as data.

Two interpreters do the same with them: `editing.py` on the neutral request, and each protocol's
`edits.py` on a client's bytes, of which only what is changed is written anew.

The system prompt is the protocol's top-level field where the request has it, else the system turns
that stand first; a system turn in mid-conversation is not the prompt.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from dragoman.neutral.requests import Number


class AddSystem(msgspec.Struct, frozen=True):
    """A text at the end of the system prompt, which begins with it where there is none."""

    text: str


class PutSystem(msgspec.Struct, frozen=True):
    """A text in place of the system prompt."""

    text: str


class AddUser(msgspec.Struct, frozen=True):
    """A text before the last words of the user. Tool results are no words of the user."""

    text: str


class ReplaceSystemText(msgspec.Struct, frozen=True):
    """What is found in the texts of the system prompt, each for itself, gives place to another.
    With a pattern, `replace` may name its groups (`\\1`, `\\g<name>`)."""

    find: str | re.Pattern[str]
    replace: str

    def applied(self, text: str) -> str:
        """An empty text stays."""
        if not text:
            return text
        if isinstance(self.find, str):
            return text.replace(self.find, self.replace)
        return self.find.sub(self.replace, text)


class DropTools(msgspec.Struct, frozen=True):
    """Tools of these names (wildcards) go."""

    names: tuple[str, ...]


class KeepTools(msgspec.Struct, frozen=True):
    """Only tools of these names (wildcards) stay."""

    names: tuple[str, ...]


class SetField(msgspec.Struct, frozen=True):
    """A sampling value, by its neutral name (`neutral.requests.Sampling`)."""

    field: str
    value: Number


Edit: TypeAlias = (
    AddSystem | PutSystem | AddUser | ReplaceSystemText | DropTools | KeepTools | SetField
)
