"""Keeps a key out of an answer that passes: it is ampcode.com's, and no client's."""

from __future__ import annotations

_SHORTEST = 8
"""A shorter text is no key, and would be found everywhere."""


class Mask:
    """Exchanges the key for as many stars, wherever the pieces are cut. Nothing is held back but
    the beginning of what may be the key."""

    def __init__(self, key: str) -> None:
        self._key = key.encode() if len(key) >= _SHORTEST else b""
        self._stars = b"*" * len(self._key)
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        if not self._key:
            return data
        data = (self._held + data).replace(self._key, self._stars)
        keep = next(
            (
                size
                for size in range(min(len(self._key) - 1, len(data)), 0, -1)
                if self._key.startswith(data[-size:])
            ),
            0,
        )
        self._held = data[len(data) - keep :]
        return data[: len(data) - keep]

    def finish(self) -> bytes:
        held, self._held = self._held, b""
        return held

    def text(self, value: str) -> str:
        """A whole text (a header, a message) without the key."""
        return value.replace(self._key.decode(), self._stars.decode()) if self._key else value
