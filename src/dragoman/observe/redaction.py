"""Secrets taken out of text before it is written: those that are known, and what looks like one.

It works in slices, so that a thread that redacts a long text lets others run. A secret is found
where it stands in one piece; a model that spells one out over several events of a stream is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dragoman.neutral.json import encode

GONE = b"***"
_SHORTEST = 8
_SLICE = 64 * 1024
_ENDS = re.compile(rb"[\s\"'\\,;<>]")
"""No secret holds one of these, so a slice may end behind it."""

_LOOKS: tuple[tuple[bytes, re.Pattern[bytes]], ...] = tuple(
    (start, re.compile(pattern))
    for start, pattern in (
        (b"earer ", rb"(?<=[Bb]earer )[\w.~+/=-]{12,}"),
        (b"sk-", rb"\bsk-[\w-]{16,}"),
        (b"AIza", rb"\bAIza[\w-]{30,}"),
        (b"ya29.", rb"\bya29\.[\w-]{20,}"),
        (b"gh", rb"\bgh[pousr]_\w{30,}"),
        (b"github_pat_", rb"\bgithub_pat_\w{30,}"),
        (b"xox", rb"\bxox[abprs]-[\w-]{10,}"),
        (b"AKIA", rb"\bAKIA[A-Z0-9]{16}\b"),
        (b"eyJ", rb"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    )
)
"""Keys of well-known services by their own beginnings, bearer tokens, and signed tokens."""


class Redactor:
    """`secrets`: those of the configuration. What is shorter than eight characters is none that
    could be told from a word."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found: dict[bytes, None] = {}
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                found[secret.encode()] = None
                found[encode(secret)[1:-1]] = None
        self._known = sorted(found, key=len, reverse=True)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The text without secrets, slice by slice."""
        at = 0
        while at < len(data):
            end = _slice_end(data, at)
            yield self._redacted(data[at:end])
            at = end

    def redacted(self, data: bytes) -> bytes:
        return b"".join(self.pieces(data))

    def _redacted(self, data: bytes) -> bytes:
        for secret in self._known:
            if secret in data:
                data = data.replace(secret, GONE)
        for start, pattern in _LOOKS:
            if start in data:
                data = pattern.sub(GONE, data)
        return data


def _slice_end(data: bytes, at: int) -> int:
    """Behind a sign that ends words; a run without one (an image) is not cut."""
    if len(data) - at <= _SLICE:
        return len(data)
    found = _ENDS.search(data, at + _SLICE)
    return len(data) if found is None else found.end()
