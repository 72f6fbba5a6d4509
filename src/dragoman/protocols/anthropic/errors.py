"""Errors, both ways: what an upstream's error body means, and what a Messages client is told.

platform.claude.com/docs/en/api/errors (2023-06-01). `fail` of the stream uses the same table.
"""

from __future__ import annotations

from dragoman.errors import DragomanError, ErrorKind, UpstreamRefused, kind_of_status
from dragoman.neutral.json import JsonObject, decode
from dragoman.protocols.anthropic.wire import object_at

_OUT: dict[ErrorKind, tuple[int, str]] = {
    ErrorKind.INVALID: (400, "invalid_request_error"),
    ErrorKind.AUTHENTICATION: (401, "authentication_error"),
    ErrorKind.BILLING: (402, "billing_error"),
    ErrorKind.PERMISSION: (403, "permission_error"),
    ErrorKind.NOT_FOUND: (404, "not_found_error"),
    ErrorKind.TIMEOUT: (504, "timeout_error"),
    ErrorKind.CONFLICT: (409, "invalid_request_error"),
    ErrorKind.TOO_LARGE: (413, "request_too_large"),
    ErrorKind.UNPROCESSABLE: (400, "invalid_request_error"),
    ErrorKind.CONTEXT_LENGTH: (400, "invalid_request_error"),
    ErrorKind.REFUSED: (400, "invalid_request_error"),
    ErrorKind.RATE_LIMIT: (429, "rate_limit_error"),
    ErrorKind.SERVER: (500, "api_error"),
    ErrorKind.BAD_GATEWAY: (500, "api_error"),
    ErrorKind.OVERLOADED: (529, "overloaded_error"),
}

_IN: dict[str, tuple[int, ErrorKind]] = {
    "invalid_request_error": (400, ErrorKind.INVALID),
    "authentication_error": (401, ErrorKind.AUTHENTICATION),
    "billing_error": (402, ErrorKind.BILLING),
    "permission_error": (403, ErrorKind.PERMISSION),
    "not_found_error": (404, ErrorKind.NOT_FOUND),
    "conflict_error": (409, ErrorKind.CONFLICT),
    "request_too_large": (413, ErrorKind.TOO_LARGE),
    "rate_limit_error": (429, ErrorKind.RATE_LIMIT),
    "api_error": (500, ErrorKind.SERVER),
    "timeout_error": (504, ErrorKind.TIMEOUT),
    "overloaded_error": (529, ErrorKind.OVERLOADED),
}

_TELLING: tuple[tuple[str, ErrorKind], ...] = (
    ("prompt is too long", ErrorKind.CONTEXT_LENGTH),
    ("context window", ErrorKind.CONTEXT_LENGTH),
    ("context limit", ErrorKind.CONTEXT_LENGTH),
    ("credit balance is too low", ErrorKind.BILLING),
)
"""Words in a plain invalid_request_error that say what it really is."""

_TOO_LONG = "prompt is too long"
_SHOWN = 2000


def error_out(error: DragomanError) -> tuple[int, JsonObject]:
    status, body = _told(error)
    body["request_id"] = None
    return status, body


def error_event(error: DragomanError) -> JsonObject:
    """The data of a stream's `error` event."""
    return _told(error)[1]


def error_in(status: int, body: bytes) -> UpstreamRefused:
    """What an error status with this body says."""
    try:
        whole = decode(body)
    except ValueError:
        whole = None
    error = object_at(whole, "error") if isinstance(whole, dict) else None
    if error is None:
        text = body[:_SHOWN].decode("utf-8", "replace").strip()
        message = text or f"the upstream answered {status} without saying why"
        return UpstreamRefused(message, status=status, body=body)
    return refused(error, status, body)


def refused(error: JsonObject, status: int | None = None, body: bytes = b"") -> UpstreamRefused:
    """What an `error` object says; in a stream, where no status comes with it, its type tells."""
    given = error.get("type")
    word = given if isinstance(given, str) else ""
    known, kind = _IN.get(word, (500, None))
    status = known if status is None else status
    message = error.get("message")
    if not isinstance(message, str) or not message:
        message = f"the upstream answered with {word or 'an error'} without saying why"
    kind = kind or kind_of_status(status)
    if kind is ErrorKind.INVALID:
        lower = message.lower()
        kind = next((found for words, found in _TELLING if words in lower), kind)
    code = (object_at(error, "details") or {}).get("error_code")
    return UpstreamRefused(
        message, status=status, kind=kind, code=code if isinstance(code, str) else None, body=body
    )


def _told(error: DragomanError) -> tuple[int, JsonObject]:
    status, word = _OUT[error.kind]
    message = error.message
    if error.kind is ErrorKind.CONTEXT_LENGTH and not message.startswith(_TOO_LONG):
        message = f"{_TOO_LONG}: {message}"
    return status, {"type": "error", "error": {"type": word, "message": message}}
