"""Errors, both ways.

Documentation: platform.openai.com/docs/guides/error-codes, and the error objects inside streams
(`response.failed`, `error`), state of November 2026.
"""

from __future__ import annotations

from dragoman.errors import (
    DragomanError,
    ErrorKind,
    UnknownModel,
    UpstreamRefused,
    kind_of_status,
)
from dragoman.neutral.json import Json, JsonObject, decode

_MAX_UNKNOWN = 2000

_SHAPES: dict[ErrorKind, tuple[int, str, str | None]] = {
    ErrorKind.INVALID: (400, "invalid_request_error", None),
    ErrorKind.AUTHENTICATION: (401, "authentication_error", "invalid_api_key"),
    ErrorKind.BILLING: (402, "billing_error", "insufficient_quota"),
    ErrorKind.PERMISSION: (403, "permission_error", None),
    ErrorKind.NOT_FOUND: (404, "invalid_request_error", None),
    ErrorKind.TIMEOUT: (504, "timeout", "timeout"),
    ErrorKind.CONFLICT: (409, "invalid_request_error", None),
    ErrorKind.TOO_LARGE: (413, "invalid_request_error", None),
    ErrorKind.UNPROCESSABLE: (422, "invalid_request_error", None),
    ErrorKind.CONTEXT_LENGTH: (400, "invalid_request_error", "context_length_exceeded"),
    ErrorKind.REFUSED: (400, "invalid_request_error", "content_policy_violation"),
    ErrorKind.RATE_LIMIT: (429, "rate_limit_error", "rate_limit_exceeded"),
    ErrorKind.SERVER: (500, "server_error", "internal_server_error"),
    ErrorKind.BAD_GATEWAY: (502, "server_error", "bad_gateway"),
    ErrorKind.OVERLOADED: (503, "server_error", "server_is_overloaded"),
}
"""Kind → (status when the error's own is not of this protocol, type, code)."""

_FOREIGN_STATUS = {529: 503}

_STREAM_CODES = {
    ErrorKind.RATE_LIMIT: "rate_limit_exceeded",
    ErrorKind.CONTEXT_LENGTH: "context_length_exceeded",
    ErrorKind.BILLING: "insufficient_quota",
    ErrorKind.OVERLOADED: "server_is_overloaded",
    ErrorKind.INVALID: "invalid_prompt",
    ErrorKind.REFUSED: "invalid_prompt",
}
"""The codes clients act on in `response.failed`; all others are "server_error"."""

_CODES: dict[str, tuple[int, ErrorKind]] = {
    "usage_limit_reached": (429, ErrorKind.RATE_LIMIT),
    "usage_not_included": (429, ErrorKind.RATE_LIMIT),
    "rate_limit_exceeded": (429, ErrorKind.RATE_LIMIT),
    "rate_limit_error": (429, ErrorKind.RATE_LIMIT),
    "insufficient_quota": (429, ErrorKind.BILLING),
    "context_length_exceeded": (400, ErrorKind.CONTEXT_LENGTH),
    "server_is_overloaded": (503, ErrorKind.OVERLOADED),
    "slow_down": (503, ErrorKind.OVERLOADED),
    "overloaded_error": (503, ErrorKind.OVERLOADED),
    "invalid_prompt": (400, ErrorKind.INVALID),
    "invalid_request_error": (400, ErrorKind.INVALID),
    "model_not_found": (404, ErrorKind.NOT_FOUND),
    "invalid_api_key": (401, ErrorKind.AUTHENTICATION),
    "authentication_error": (401, ErrorKind.AUTHENTICATION),
    "content_policy_violation": (400, ErrorKind.REFUSED),
    "server_error": (502, ErrorKind.BAD_GATEWAY),
}
"""What an upstream's `code` (else its `type`) stands for, in a stream without a status."""

_CONTEXT_WORDS = ("context length", "context window", "maximum context", "too many tokens")


def error_out(error: DragomanError) -> tuple[int, JsonObject]:
    """The status and body a client is told."""
    status, kind, code = _SHAPES[error.kind]
    if error.status == 408 or kind_of_status(error.status) == error.kind:
        status = _FOREIGN_STATUS.get(error.status, error.status)
    if isinstance(error, UnknownModel):
        code = "model_not_found"
    return status, {
        "error": {
            "message": error.message,
            "type": kind,
            "param": error.param,
            "code": error.code or code,
        }
    }


def failure(error: DragomanError) -> JsonObject:
    """The `error` of a `response.failed`."""
    return {"code": _STREAM_CODES.get(error.kind, "server_error"), "message": error.message}


def error_in(status: int, body: bytes) -> UpstreamRefused:
    """An upstream's error answer: `{"error": …}`, `{"detail": …}`, `{"message": …}`, or text."""
    found = _error_object(body)
    if found is None:
        text = body[: _MAX_UNKNOWN * 4].decode("utf-8", "replace").strip()[:_MAX_UNKNOWN]
        return UpstreamRefused(text or f"HTTP {status}", status=status, body=body)
    message, code = _message(found), _code(found)
    known = _CODES.get(code or "")
    kind = known[1] if known and known[1] in _SHARPER else kind_of_status(status)
    if status in {400, 413} and _names_context(message):
        kind = ErrorKind.CONTEXT_LENGTH
    param = found.get("param")
    return UpstreamRefused(
        message[:_MAX_UNKNOWN] or f"HTTP {status}",
        status=status,
        kind=kind,
        code=code,
        param=param if isinstance(param, str) else None,
        retry_after_s=_retry_after(found),
        body=body,
    )


_SHARPER = frozenset({ErrorKind.CONTEXT_LENGTH, ErrorKind.BILLING, ErrorKind.REFUSED})
"""Kinds a code tells more exactly than the status beside it."""


def stream_error(error: Json, status: object = None) -> UpstreamRefused:
    """The error object of a `response.failed` or an `error` event inside a 200 answer."""
    found = error if isinstance(error, dict) else {}
    code = _code(found)
    message = _message(found) or code or "the upstream failed without saying why"
    known, kind = _CODES.get(code or "", (502, ErrorKind.BAD_GATEWAY))
    if isinstance(status, int) and status >= 400:
        known = status
        kind = kind if code in _CODES else kind_of_status(status)
    if _names_context(message) and code not in _CODES:
        known, kind = 400, ErrorKind.CONTEXT_LENGTH
    return UpstreamRefused(
        message[:_MAX_UNKNOWN],
        status=known,
        kind=kind,
        code=code,
        retry_after_s=_retry_after(found),
    )


def _error_object(body: bytes) -> JsonObject | None:
    try:
        value = decode(body)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    error = value.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str):
        return {**value, "message": error}
    detail = value.get("detail")
    if isinstance(detail, dict):
        return detail
    if isinstance(detail, str):
        return {**value, "message": detail}
    return value if isinstance(value.get("message"), str) else None


def _message(error: JsonObject) -> str:
    message = error.get("message")
    return message if isinstance(message, str) else ""


def _code(error: JsonObject) -> str | None:
    for key in ("code", "type"):
        value = error.get(key)
        if isinstance(value, str) and value:
            return value
    return None


def _retry_after(error: JsonObject) -> float | None:
    seconds = error.get("resets_in_seconds")
    return float(seconds) if isinstance(seconds, int) else None


def _names_context(message: str) -> bool:
    lowered = message.lower()
    return any(words in lowered for words in _CONTEXT_WORDS)
