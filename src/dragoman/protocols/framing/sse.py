"""Server-sent events, to the WHATWG HTML standard (section 9.2.6, living standard of 2026).

LF, CR and CRLF line ends (also cut between the two), multi-line data, a leading byte order mark,
comments, any cut inside a character. `retry` and `id` are read past: nobody here reconnects.
"""

from __future__ import annotations

import msgspec

_BOM = b"\xef\xbb\xbf"
_CR, _LF = b"\r\n"


class SseEvent(msgspec.Struct, frozen=True, gc=False):
    """`event` is "" when no event line was sent."""

    event: str
    data: bytes


class SseDecoder:
    """Bytes in at any cut, whole events out."""

    __slots__ = ("_data", "_event", "_held", "_skip_lf", "_started")

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._started = False
        self._skip_lf = False
        self._event = ""
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[SseEvent]:
        if not self._started:
            data = b"".join((*self._held, data))
            if len(data) < len(_BOM) and _BOM.startswith(data):
                self._held = [data]
                return []
            self._started = True
            data, self._held = data.removeprefix(_BOM), []
        if self._skip_lf and data:
            self._skip_lf = False
            data = data.removeprefix(b"\n")
        has_cr = _CR in data
        if not has_cr and _LF not in data:
            # A long line (an image) in many pieces is joined once, not at every piece.
            if data:
                self._held.append(data)
            return []
        if has_cr:
            # A CR at the very end may be half of a CRLF: it ends its line now, and an LF that
            # opens the next bytes is its other half.
            self._skip_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if self._held:
            data = b"".join((*self._held, data))
        lines = data.split(b"\n")
        last = lines.pop()
        self._held = [last] if last else []
        out: list[SseEvent] = []
        for line in lines:
            if line.startswith(b"data: "):
                self._data.append(line[6:])
            elif line:
                self._line(line)
            elif self._data:
                found = self._data
                whole = found[0] if len(found) == 1 else b"\n".join(found)
                out.append(SseEvent(self._event, whole))
                self._data = []
                self._event = ""
            else:
                self._event = ""
        return out

    def finish(self) -> list[SseEvent]:
        """The last event when the stream ends without its blank line. The standard discards it;
        model servers do end that way, and a lost terminal event would look like a cut."""
        return self.feed(b"\n\n") if self._held or self._data else []

    def _line(self, line: bytes) -> None:
        name, colon, value = line.partition(b":")
        if not name:
            return
        if colon and value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")


def sse_data(data: bytes) -> bytes:
    """One unnamed event."""
    return b"data: " + data + b"\n\n"


def sse_event(event: str, data: bytes) -> bytes:
    """One named event."""
    return b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
