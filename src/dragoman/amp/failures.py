"""A Responses stream that fails, as Amp's clients notice it.

The CLI (0.0.1777897475) takes `response.failed` for an end like any other and then waits for ever;
what ends its turn is an `error` event (API reference, "Streaming events"). So one is put before it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from dragoman.neutral.json import JsonObject, encode, object_of

_FAILED = b"response.failed"


class Failures:
    """Bytes in, bytes out, at any cut. Whole lines pass at once; an event of a failed response is
    held until it is whole."""

    def __init__(self) -> None:
        self._line = b""
        self._event: bytes | None = None

    def feed(self, data: bytes) -> bytes:
        text = self._line + data
        whole = text.rfind(b"\n") + 1
        self._line = text[whole:]
        if self._event is None and _FAILED not in text[:whole]:
            return text[:whole]
        return b"".join(self._read(line) for line in text[:whole].splitlines(keepends=True))

    def finish(self) -> bytes:
        """What is left where the stream ends without a last line break."""
        held, self._event = self._event or b"", None
        return held + self._line

    def _read(self, line: bytes) -> bytes:
        if self._event is None:
            if line.partition(b":")[2].strip() != _FAILED:
                return line
            self._event = line
            return b""
        self._event += line
        if line.strip():
            return b""
        event, self._event = self._event, None
        return _error(event) + event


def _error(event: bytes) -> bytes:
    """The `error` event that says what a `response.failed` says."""
    lines = [line.partition(b":") for line in event.splitlines()]
    data = b"\n".join(rest.strip() for name, _, rest in lines if name == b"data")
    failed = object_of(data.decode("utf-8", "replace")) or {}
    response = failed.get("response")
    error = response.get("error") if isinstance(response, dict) else None
    told: JsonObject = error if isinstance(error, dict) else {}
    document: JsonObject = {
        "type": "error",
        "code": told.get("code"),
        "message": told.get("message"),
        "param": None,
        "sequence_number": failed.get("sequence_number"),
    }
    return b"event: error\ndata: " + encode(document) + b"\n\n"


async def told_failures(body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """A stream's body with its failures told so. It is begun: closing it closes the body."""
    told = _told(body)
    await anext(told)
    return told


async def _told(body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    failures = Failures()
    try:
        yield b""
        async for data in body:
            if ready := failures.feed(data):
                yield ready
        if rest := failures.finish():
            yield rest
    finally:
        await body.aclose()
