"""Errors in Google's shape, both ways.

{"error": {code, message, status, details}}, https://ai.google.dev/gemini-api/docs/troubleshooting
and https://cloud.google.com/apis/design/errors (google.rpc.Status, RetryInfo, BadRequest).
"""

from __future__ import annotations

from dragoman.errors import DragomanError, ErrorKind, UpstreamRefused, kind_of_status
from dragoman.neutral.json import Json, JsonObject, decode

_MAX_MESSAGE = 2000

_OUT = {
    400: (400, "INVALID_ARGUMENT"),
    401: (401, "UNAUTHENTICATED"),
    402: (403, "PERMISSION_DENIED"),
    403: (403, "PERMISSION_DENIED"),
    404: (404, "NOT_FOUND"),
    408: (504, "DEADLINE_EXCEEDED"),
    409: (409, "ABORTED"),
    413: (413, "INVALID_ARGUMENT"),
    429: (429, "RESOURCE_EXHAUSTED"),
    499: (499, "CANCELLED"),
    500: (500, "INTERNAL"),
    502: (503, "UNAVAILABLE"),
    503: (503, "UNAVAILABLE"),
    504: (504, "DEADLINE_EXCEEDED"),
    529: (503, "UNAVAILABLE"),
}

_KINDS = {
    "INVALID_ARGUMENT": ErrorKind.INVALID,
    "OUT_OF_RANGE": ErrorKind.INVALID,
    "FAILED_PRECONDITION": ErrorKind.BILLING,
    "UNAUTHENTICATED": ErrorKind.AUTHENTICATION,
    "PERMISSION_DENIED": ErrorKind.PERMISSION,
    "NOT_FOUND": ErrorKind.NOT_FOUND,
    "ABORTED": ErrorKind.CONFLICT,
    "ALREADY_EXISTS": ErrorKind.CONFLICT,
    "RESOURCE_EXHAUSTED": ErrorKind.RATE_LIMIT,
    "INTERNAL": ErrorKind.SERVER,
    "UNKNOWN": ErrorKind.SERVER,
    "UNAVAILABLE": ErrorKind.OVERLOADED,
    "DEADLINE_EXCEEDED": ErrorKind.TIMEOUT,
}

_CONTEXT_WORDS = ("exceeds the maximum number of tokens", "input token count")


def error_out(error: DragomanError) -> tuple[int, JsonObject]:
    """The status and body of any failure."""
    fallback = (500, "INTERNAL") if error.status >= 500 else (400, "INVALID_ARGUMENT")
    status, name = _OUT.get(error.status, fallback)
    details: list[Json] = []
    if error.param:
        violation: JsonObject = {"field": error.param, "description": error.message}
        details.append(
            {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
        )
    if error.retry_after_s is not None:
        details.append(
            {
                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                "retryDelay": f"{error.retry_after_s:g}s",
            }
        )
    body: JsonObject = {
        "code": status,
        "message": error.message,
        "status": name,
        "details": details,
    }
    return status, {"error": body}


def error_in(status: int, body: bytes) -> UpstreamRefused:
    """An upstream's error answer; other shapes give their text as the message."""
    try:
        value = decode(body)
    except ValueError:
        value = None
    error = error_of(value, status, body)
    if error is not None:
        return error
    text = body.decode("utf-8", "replace").strip()[:_MAX_MESSAGE]
    return UpstreamRefused(text or f"the upstream answered {status}", status=status, body=body)


def error_of(value: Json, status: int, body: bytes) -> UpstreamRefused | None:
    """The error object in a JSON answer, or None when there is none. `status` 0 = an answer whose
    own status says nothing (a stream begun with 200): the object's code stands for it."""
    if isinstance(value, list) and value:
        value = value[0]
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, str):
        error = {"message": error}
    if not isinstance(error, dict):
        return None
    code, name, message = error.get("code"), error.get("status"), error.get("message")
    if not status:
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
    details = error.get("details")
    shown = message if isinstance(message, str) and message else f"the upstream answered {status}"
    return UpstreamRefused(
        shown[:_MAX_MESSAGE],
        status=status,
        kind=_kind(status, name, shown, details),
        code=name if isinstance(name, str) else None,
        retry_after_s=_retry_after(details),
        body=body,
    )


def _kind(status: int, name: Json, message: str, details: Json) -> ErrorKind:
    lowered = message.lower()
    if any(words in lowered for words in _CONTEXT_WORDS):
        return ErrorKind.CONTEXT_LENGTH
    if any(d.get("reason") == "API_KEY_INVALID" for d in _objects(details)):
        return ErrorKind.AUTHENTICATION
    return _KINDS.get(name if isinstance(name, str) else "", kind_of_status(status))


def _retry_after(details: Json) -> float | None:
    for detail in _objects(details):
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and delay.endswith("s"):
            try:
                return float(delay[:-1])
            except ValueError:
                return None
    return None


def _objects(value: Json) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
