"""Ollama's errors, both ways: `{"error": message}` with an HTTP status, and nothing else.

The kind is in the words, so a table of words tells it (https://docs.ollama.com/api/errors).
"""

from __future__ import annotations

from dragoman.errors import DragomanError, ErrorKind, UpstreamRefused, kind_of_status
from dragoman.neutral.json import Json, JsonObject, decode

_LONGEST_BODY = 2_000

_KIND_OF_WORDS = (
    ("context length", ErrorKind.CONTEXT_LENGTH),
    ("context size", ErrorKind.CONTEXT_LENGTH),
    ("context window", ErrorKind.CONTEXT_LENGTH),
    ("prompt too long", ErrorKind.CONTEXT_LENGTH),
    ("prompt is too long", ErrorKind.CONTEXT_LENGTH),
    ("input length exceeds", ErrorKind.CONTEXT_LENGTH),
    ("unauthorized", ErrorKind.AUTHENTICATION),
    ("server busy", ErrorKind.OVERLOADED),
    ("usage limit", ErrorKind.RATE_LIMIT),
)

_STATUS_OF_KIND = {
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONTEXT_LENGTH: 400,
    ErrorKind.AUTHENTICATION: 401,
    ErrorKind.OVERLOADED: 503,
    ErrorKind.RATE_LIMIT: 429,
}


def error_in(status: int, body: bytes) -> UpstreamRefused:
    """An error answer; a missing model is 404 and a full context is told apart, whatever status
    the server chose."""
    message = _message(body) or f"the upstream answered with status {status}"
    return refused(status, message, body)


def refused(status: int, message: str, body: bytes = b"") -> UpstreamRefused:
    kind = _kind_in_words(message)
    if kind is ErrorKind.NOT_FOUND or status < 400:
        status = _STATUS_OF_KIND.get(kind, 500) if kind else 500
    return UpstreamRefused(message, status=status, kind=kind or kind_of_status(status), body=body)


def error_text(value: Json) -> str:
    """The message of an `error` field: a string, or an object with one."""
    if isinstance(value, dict):
        value = value.get("message") or value.get("error")
    return value if isinstance(value, str) else ""


def error_out(error: DragomanError) -> tuple[int, JsonObject]:
    return error.status, {"error": error.message}


def _message(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    try:
        value = decode(body)
    except ValueError:
        return text[:_LONGEST_BODY]
    if isinstance(value, dict):
        found = error_text(value.get("error")) or error_text(value)
        if found:
            return found
    return text[:_LONGEST_BODY]


def _kind_in_words(message: str) -> ErrorKind | None:
    words = message.lower()
    if "model" in words and "not found" in words:
        return ErrorKind.NOT_FOUND
    for needle, kind in _KIND_OF_WORDS:
        if needle in words:
            return kind
    return None
