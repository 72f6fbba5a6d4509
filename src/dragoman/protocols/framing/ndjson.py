"""Newline-delimited JSON (Ollama's streams): one document a line, blank lines ignored."""

from __future__ import annotations


class NdjsonDecoder:
    """Bytes in at any cut, whole lines out."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        self._held.append(data)
        if b"\n" not in data:
            # A long line (an image) in many pieces is joined once, not at every piece.
            return []
        lines = b"".join(self._held).split(b"\n")
        self._held = [lines.pop()]
        return [line for raw in lines if (line := raw.strip())]

    def finish(self) -> list[bytes]:
        """The last line when the stream ends without a line end."""
        return self.feed(b"\n")
