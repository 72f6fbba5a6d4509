"""A JSON object as a map of raw top-level values, and changes to single ones in place.

Everything that is not changed stays byte for byte, in order: prompt caches live on this.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import msgspec

from dragoman.errors import InvalidRequest

_RAW_MAP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KEY = re.compile(rb'[ \t\r\n]*,?[ \t\r\n]*("(?:[^"\\]|\\.)*")[ \t\r\n]*:[ \t\r\n]*')
_CLOSE = re.compile(rb"[ \t\r\n]*\}")
_TOKEN = re.compile(rb'("(?:[^"\\]|\\.)*")([ \t\r\n]*:)?|[{}\[\]]')
_COMMA = re.compile(rb"^([ \t\r\n]*),")
_DEPTH = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}


class Spans:
    """Where each top-level value of one JSON object stands in its bytes."""

    __slots__ = ("_positions", "body", "raw")

    def __init__(self, body: bytes) -> None:
        """
        Raises:
            InvalidRequest: not a JSON object.
        """
        try:
            self.raw: dict[str, msgspec.Raw] = _RAW_MAP.decode(body)
        except msgspec.ValidationError:
            raise InvalidRequest("the body must be a JSON object") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidRequest(f"the body is not valid JSON: {error}") from None
        self.body = body
        self._positions: dict[str, tuple[int, int]] | None = None

    def value(self, key: str) -> object:
        """A top-level value, decoded; None when absent.

        Raises:
            InvalidRequest: it is nested too deeply, or not UTF-8.
        """
        raw = self.raw.get(key)
        try:
            return None if raw is None else msgspec.json.decode(raw)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(f"{key}: not valid JSON: {error}", param=key) from None

    def positions(self) -> dict[str, tuple[int, int]]:
        """Start and end of each value.

        Raises:
            InvalidRequest: a key stands twice: which one holds is anybody's guess.
        """
        if self._positions is not None:
            return self._positions
        body = self.body
        at = body.index(b"{") + 1
        out: dict[str, tuple[int, int]] = {}
        for _ in range(len(self.raw)):
            match = _KEY.match(body, at)
            if match is None:
                raise self._twice()
            key = msgspec.json.decode(match[1], type=str)
            value = bytes(self.raw[key])
            start = match.end()
            at = start + len(value)
            if key in out or not body.startswith(value, start):
                raise self._twice()
            out[key] = (start, at)
        if not _CLOSE.match(body, at):
            raise self._twice()
        self._positions = out
        return out

    def replaced(self, changes: Mapping[str, bytes | None]) -> bytes:
        """The bytes with these keys' values exchanged, or the key gone where there is None; a key
        that is not there is added at the end.

        Raises:
            InvalidRequest: a key stands twice.
        """
        body = self.body
        at = body.index(b"{") + 1
        pieces = [body[:at]]
        for key, (start, end) in self.positions().items():
            value = changes.get(key, b"")
            if value is not None:
                lead = body[at:start]
                pieces.append(lead if len(pieces) > 1 else _COMMA.sub(rb"\1", lead, count=1))
                pieces.append(value or body[start:end])
            at = end
        for key, value in changes.items():
            if key not in self.raw and value is not None:
                comma = b"," if len(pieces) > 1 else b""
                pieces += (comma, msgspec.json.encode(key), b":", value)
        pieces.append(body[at:])
        return b"".join(pieces)

    def _twice(self) -> InvalidRequest:
        """Names the key that stands twice."""
        depth = 0
        keys: Counter[str] = Counter()
        for match in _TOKEN.finditer(self.body):
            depth += _DEPTH.get(match[0], 0)
            if depth == 1 and match[2]:
                keys[msgspec.json.decode(match[1], type=str)] += 1
        key = keys.most_common(1)[0][0]
        return InvalidRequest(f'the key "{key}" stands twice in the body', param=key)


def replaced_at(body: bytes, path: tuple[str, ...], value: bytes) -> bytes:
    """The object's bytes with the value at this path exchanged; unchanged when the path is not
    there or is no object."""
    try:
        spans = Spans(body)
        places = spans.positions()
    except InvalidRequest:
        return body
    if path[0] not in places:
        return body
    start, end = places[path[0]]
    inner = value if len(path) == 1 else replaced_at(body[start:end], path[1:], value)
    return body[:start] + inner + body[end:]
