"""JSON objects and arrays in their bytes while edits change them.

What nobody changed stays byte for byte, in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import Json, decode
from dragoman.protocols.framing.splice import Spans

_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_GAP = re.compile(rb"[ \t\r\n]*")


def decoded(raw: bytes, path: str) -> Json:
    """
    Raises:
        InvalidRequest: a number in it is out of range, or it is nested too deeply.
    """
    try:
        return decode(raw)
    except ValueError as error:
        raise InvalidRequest(f"{path}: {error}", param=path) from None


class Draft:
    """An object's values. `name` folds the spellings of a key into one (proto JSON); of two that
    mean the same the last one holds."""

    def __init__(self, body: bytes, name: Callable[[str], str] = str) -> None:
        """
        Raises:
            InvalidRequest: not a JSON object.
        """
        self._spans = Spans(body)
        self._changes: dict[str, bytes | None] = {}
        self._keys = {name(key): key for key in self._spans.raw}

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    @property
    def empty(self) -> bool:
        return not any(key in self for key in self._keys)

    def names(self) -> list[str]:
        return list(self._keys)

    def get(self, key: str) -> bytes | None:
        """A value as it is now; None when it is absent or null."""
        own = self._keys.get(key, key)
        if own in self._changes:
            return self._changes[own]
        raw = self._spans.raw.get(own)
        return None if raw is None or bytes(raw) == b"null" else bytes(raw)

    def put(self, key: str, value: bytes | None) -> None:
        """None takes the key out."""
        own = self._keys.setdefault(key, key)
        self._changes[own] = value

    def body(self) -> bytes:
        """
        Raises:
            InvalidRequest: a key stands twice.
        """
        return self._spans.replaced(self._changes) if self._changes else self._spans.body


Element: TypeAlias = bytes | tuple[int, bytes]
"""A new element, or one of the array's own by its index, as it is now."""


class Items:
    """An array's elements."""

    def __init__(self, body: bytes, path: str) -> None:
        """
        Raises:
            InvalidRequest: not a JSON array; `path` names it.
        """
        try:
            self.raw = [bytes(raw) for raw in _RAW_LIST.decode(body)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InvalidRequest(f"{path}: expected an array", param=path) from None
        self._body = body

    def own(self, start: int = 0, end: int | None = None) -> Sequence[Element]:
        """The elements from one index to another, as they are."""
        return list(enumerate(self.raw))[start:end]

    def rebuilt(self, elements: Sequence[Element]) -> bytes:
        """The array with these elements. Its own keep the space around them, changed or not."""
        spaces = self._spaces()
        pieces = []
        for element in elements:
            if isinstance(element, bytes):
                pieces.append(element)
                continue
            index, value = element
            before, after = spaces[index]
            pieces.append(before + value + after)
        return b"[" + b",".join(pieces) + b"]"

    def _spaces(self) -> list[tuple[bytes, bytes]]:
        """What stands between each element and the commas or brackets around it."""
        out = []
        at = self._body.index(b"[") + 1
        for raw in self.raw:
            before = _gap(self._body, at)
            at += len(before) + len(raw)
            after = _gap(self._body, at)
            at += len(after) + 1
            out.append((before, after))
        return out


def _gap(body: bytes, at: int) -> bytes:
    found = _GAP.match(body, at)
    assert found is not None
    return found[0]
