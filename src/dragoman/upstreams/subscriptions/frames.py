"""Server-sent events of a host, one whole frame at a time, for shapes that change or read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


class Frames:
    """A `Change` that hands every frame to `each` and reads what that makes of it; `end` is asked
    for the last words."""

    def __init__(
        self, each: Callable[[bytes], bytes], end: Callable[[], bytes] = lambda: b""
    ) -> None:
        self._each = each
        self._end = end
        self._tail = b""

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._each(frame) for frame in self._whole(data))

    def finish(self) -> bytes:
        rest, self._tail = self._tail, b""
        return (self._each(rest) if rest.strip() else b"") + self._end()

    def _whole(self, data: bytes) -> Iterator[bytes]:
        data = self._tail + data
        at = 0
        for match in _BLANK_LINE.finditer(data):
            yield data[at : match.end()]
            at = match.end()
        self._tail = data[at:]


def data_of(frame: bytes) -> bytes:
    """The JSON in a frame, of all its data lines; b"" where there is none."""
    lines = [line[5:].strip() for line in frame.splitlines() if line.startswith(b"data:")]
    return b"\n".join(lines)
