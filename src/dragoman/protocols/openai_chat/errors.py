"""Errors, both ways: `{"error": {message, type, param, code}}`.

https://platform.openai.com/docs/guides/error-codes (November 2026). What compatible hosts answer is
read far more widely than what is written: bare strings, `message`, `detail`, HTML pages, numeric
codes that are the real status.
"""

from __future__ import annotations

import re

from dragoman.errors import DragomanError, ErrorKind, UnknownModel, UpstreamRefused, kind_of_status
from dragoman.neutral.json import Json, JsonObject, decode, encode_text

_OUT: dict[ErrorKind, tuple[int, str, str | None]] = {
    ErrorKind.INVALID: (400, "invalid_request_error", None),
    ErrorKind.AUTHENTICATION: (401, "authentication_error", "invalid_api_key"),
    ErrorKind.BILLING: (402, "insufficient_quota", "insufficient_quota"),
    ErrorKind.PERMISSION: (403, "permission_error", "permission_denied"),
    ErrorKind.NOT_FOUND: (404, "invalid_request_error", "not_found"),
    ErrorKind.TIMEOUT: (504, "timeout", "timeout"),
    ErrorKind.CONFLICT: (409, "invalid_request_error", "conflict"),
    ErrorKind.TOO_LARGE: (413, "invalid_request_error", "request_too_large"),
    ErrorKind.UNPROCESSABLE: (422, "invalid_request_error", None),
    ErrorKind.CONTEXT_LENGTH: (400, "invalid_request_error", "context_length_exceeded"),
    ErrorKind.REFUSED: (400, "invalid_request_error", "content_filter"),
    ErrorKind.RATE_LIMIT: (429, "rate_limit_error", "rate_limit_exceeded"),
    ErrorKind.SERVER: (500, "server_error", "internal_server_error"),
    ErrorKind.BAD_GATEWAY: (502, "server_error", "bad_gateway"),
    ErrorKind.OVERLOADED: (503, "server_error", "overloaded"),
}
"""Kind → status, type, code."""

_STATUS_OUT = {529: 503}
_FIXED_STATUS = frozenset({ErrorKind.CONTEXT_LENGTH, ErrorKind.REFUSED})

_KIND_OF_CODE: dict[str, ErrorKind] = {
    "context_length_exceeded": ErrorKind.CONTEXT_LENGTH,
    "content_filter": ErrorKind.REFUSED,
    "content_policy_violation": ErrorKind.REFUSED,
    "ResponsibleAIPolicyViolation": ErrorKind.REFUSED,
    "insufficient_quota": ErrorKind.RATE_LIMIT,
    "rate_limit_exceeded": ErrorKind.RATE_LIMIT,
    "rate_limit_error": ErrorKind.RATE_LIMIT,
    "invalid_api_key": ErrorKind.AUTHENTICATION,
    "authentication_error": ErrorKind.AUTHENTICATION,
    "permission_error": ErrorKind.PERMISSION,
    "model_not_found": ErrorKind.NOT_FOUND,
    "invalid_request_error": ErrorKind.INVALID,
    "overloaded_error": ErrorKind.OVERLOADED,
    "server_error": ErrorKind.SERVER,
}
"""Codes and types that tell more than a status."""

_STATUS_OF_KIND = {
    kind: 503 if kind is ErrorKind.OVERLOADED else status for kind, (status, _, _) in _OUT.items()
}

_LENGTH_WORDS = (
    "maximum context length",
    "context length exceeded",
    "context window",
    "exceeds the available context size",
    "prompt is too long",
    "context_length_exceeded",
)

_LONGEST_MESSAGE = 2000

_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def error_out(error: DragomanError) -> tuple[int, JsonObject]:
    """The status and body a Chat client is told."""
    status, kind, code = _OUT[error.kind]
    if error.kind not in _FIXED_STATUS and 400 <= error.status <= 599:
        status = _STATUS_OUT.get(error.status, error.status)
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


def error_in(status: int, body: bytes) -> UpstreamRefused:
    """An upstream's error answer, whatever it looks like."""
    try:
        value = decode(body)
    except ValueError:
        value = None
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        return error_of(value, status, body)
    return _refused(status, _plain(body) or f"the upstream answered {status}", body)


def error_of(value: JsonObject, status: int, body: bytes = b"") -> UpstreamRefused:
    """An error object, from an answer or out of a stream (where `status` is 200)."""
    error = value.get("error", value)
    fields: JsonObject = error if isinstance(error, dict) else {}
    message = _message(error) or _message(value) or f"the upstream answered {status}"
    code, kind = fields.get("code", value.get("code")), fields.get("type")
    status = _status(status, code, fields.get("status", value.get("status")))
    text_code = code if isinstance(code, str) and not code.isdigit() else None
    param = fields.get("param")
    return _refused(
        status,
        message,
        body,
        code=text_code,
        kind=_kind(text_code, kind if status < 400 else None, message),
        param=param if isinstance(param, str) else None,
    )


def _refused(
    status: int,
    message: str,
    body: bytes,
    *,
    code: str | None = None,
    kind: ErrorKind | None = None,
    param: str | None = None,
) -> UpstreamRefused:
    if kind is None:
        kind = kind_of_status(status) if status >= 400 else ErrorKind.SERVER
    if status < 400:
        status = _STATUS_OF_KIND[kind]
    message = message[:_LONGEST_MESSAGE]
    return UpstreamRefused(message, status=status, kind=kind, code=code, param=param, body=body)


def _status(status: int, *codes: Json) -> int:
    """The status that a numeric code gives, where the answer's own says nothing better."""
    if status < 400 or status == 500:
        for code in codes:
            number = int(code) if isinstance(code, str) and code.isdigit() else code
            if isinstance(number, int) and 400 <= number <= 599:
                return number
    return status


def _kind(code: str | None, kind: Json, message: str) -> ErrorKind | None:
    """What the error says of itself, by code and text, and in a stream by type; None leaves it to
    the status."""
    if code in _KIND_OF_CODE:
        return _KIND_OF_CODE[code]
    lower = message.lower()
    if any(words in lower for words in _LENGTH_WORDS):
        return ErrorKind.CONTEXT_LENGTH
    return _KIND_OF_CODE.get(kind) if isinstance(kind, str) else None


def _message(value: Json) -> str:
    """The readable text of an error, wherever the host put it."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return ""
    message = next((value[key] for key in ("message", "detail", "msg") if value.get(key)), "")
    if isinstance(message, list) and message:
        first = message[0]
        message = first.get("msg", "") if isinstance(first, dict) else first
    text = message if isinstance(message, str) else encode_text(message)
    raw = value.get("metadata")
    inner = raw.get("raw") if isinstance(raw, dict) else None
    return f"{text}: {inner}" if text and isinstance(inner, str) and inner not in text else text


def _plain(body: bytes) -> str:
    """A body that is no JSON, as short text without markup."""
    text = _TAGS.sub(" ", body[: 8 * _LONGEST_MESSAGE].decode("utf-8", "replace"))
    return " ".join(text.split())[:_LONGEST_MESSAGE]
