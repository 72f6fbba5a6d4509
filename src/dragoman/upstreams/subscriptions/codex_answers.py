"""What comes back from the Codex host: always a stream, with status 200 whatever it holds.

An error in it becomes the error it means, as long as nothing of the answer has been read. A stream
that just stops is no fault of the account's. `response.completed` comes without the output there:
it is filled in from the items that were done.
"""

from __future__ import annotations

import msgspec

from dragoman.errors import ErrorKind, UpstreamFault, UpstreamRefused
from dragoman.neutral.json import Json, JsonObject, decode, encode
from dragoman.protocols.openai_responses.errors import error_in
from dragoman.upstreams.subscriptions.frames import Frames, data_of

_DONE = b"response.output_item.done"
_CONTENT = (b".delta", _DONE)
_ENDS = frozenset({"response.completed", "response.incomplete", "response.done"})
_ERRORS = frozenset({"error", "response.failed"})
_INTERESTING = (_DONE, b"response.completed", b"response.incomplete", b"response.done", b"error")

_STATUS = {
    "usage_limit_reached": 429,
    "usage_not_included": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "context_length_exceeded": 400,
    "context_too_large": 400,
    "invalid_prompt": 400,
    "invalid_request_error": 400,
    "invalid_encrypted_content": 400,
    "thinking_signature_invalid": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "token_expired": 401,
    "token_invalidated": 401,
    "server_is_overloaded": 503,
    "slow_down": 503,
}
_WORDS = {"at capacity": 429, "context window": 400, "context length": 400}


class _Event(msgspec.Struct):
    type: str = ""
    item: msgspec.Raw = msgspec.Raw()
    output_index: int = 0
    response: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    code: object = None
    message: object = None
    status: object = None


_EVENT = msgspec.json.Decoder(_Event)


class Watched(Frames):
    """A stream for who asked for one: its bytes, with the output in its last event."""

    def __init__(self) -> None:
        super().__init__(self._frame, self._finished)
        self._items: dict[int, msgspec.Raw] = {}
        self._begun = False
        self._ended = False

    def _frame(self, frame: bytes) -> bytes:
        if not any(mark in frame for mark in _INTERESTING):
            self._begun = self._begun or b".delta" in frame
            return frame
        event = _read(frame)
        if event is None:
            return frame
        if event.type == "response.output_item.done":
            self._begun = True
            self._items[event.output_index] = event.item
        elif event.type in _ENDS:
            self._ended = True
            return _with_output(frame, event, self._items)
        elif event.type in _ERRORS:
            self._ended = True
            if not self._begun:
                raise fault_of(event)
        return frame

    def _finished(self) -> bytes:
        if not self._ended:
            raise cut_short()
        return b""


class Gathered(Frames):
    """The same stream as one response object, for who asked for no stream."""

    def __init__(self) -> None:
        super().__init__(self._frame, self._finished)
        self._items: dict[int, msgspec.Raw] = {}
        self._response = b""

    def _frame(self, frame: bytes) -> bytes:
        event = _read(frame)
        if event is None:
            return b""
        if event.type == "response.output_item.done":
            self._items[event.output_index] = event.item
        elif event.type in _ENDS:
            self._response = _filled(bytes(event.response), self._items)
        elif event.type in _ERRORS:
            raise fault_of(event)
        return b""

    def _finished(self) -> bytes:
        if not self._response:
            raise cut_short()
        return self._response


def cut_short() -> UpstreamFault:
    return UpstreamFault(
        "the upstream's stream was cut before response.completed",
        status=408,
        kind=ErrorKind.TIMEOUT,
        code="stream_incomplete",
    )


def fault_of(event: _Event) -> UpstreamRefused:
    """The error of an `error` or `response.failed` event as if it had come with its status."""
    error = _error_of(event)
    status = event.status if isinstance(event.status, int) and event.status >= 400 else None
    words = str(error.get("message", "")).lower()
    for name in ("code", "type"):
        status = status or _STATUS.get(str(error.get(name)))
    status = status or next((found for word, found in _WORDS.items() if word in words), 502)
    return error_in(status, encode({"error": error}))


def _error_of(event: _Event) -> JsonObject:
    found: Json = decode(event.error) if event.error else None
    if not isinstance(found, dict) and event.response:
        response = decode(event.response)
        found = response.get("error") if isinstance(response, dict) else None
    if isinstance(found, dict):
        return found
    told = event.message if isinstance(event.message, str) else ""
    code = event.code if isinstance(event.code, str) else None
    return {"code": code, "message": told or "the upstream failed without saying why"}


def _read(frame: bytes) -> _Event | None:
    try:
        return _EVENT.decode(data_of(frame))
    except msgspec.MsgspecError:
        return None


def _with_output(frame: bytes, event: _Event, items: dict[int, msgspec.Raw]) -> bytes:
    before = bytes(event.response)
    after = _filled(before, items)
    return frame if after is before else frame.replace(before, after, 1)


def _filled(response: bytes, items: dict[int, msgspec.Raw]) -> bytes:
    """A response object with the items that were done, where its own output is empty."""
    if not items or not response:
        return response
    fields = msgspec.json.decode(response, type=dict[str, msgspec.Raw])
    if bytes(fields.get("output", b"[]")) not in (b"[]", b"null"):
        return response
    done = msgspec.json.encode([items[at] for at in sorted(items)])
    return msgspec.json.encode({**fields, "output": msgspec.Raw(done)})
