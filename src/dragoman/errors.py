"""Every failure a client can be told of, as one tree, and the kinds the protocols' tables map.

DragomanError
├── RequestFault          the client's request is at fault; no other upstream would do better
│   ├── InvalidRequest    400, names the field
│   ├── Unauthenticated   401
│   ├── Forbidden         403
│   ├── UnknownModel      404, names the nearest
│   ├── UnknownGroup      404, names those the key may use
│   ├── UnknownRoute      404
│   ├── TooLarge          413
│   ├── RateLimited       429, the client key's own limit
│   ├── ContextTooLong    400, longer than its group allows
│   └── LossRefused       400, `strict-conversion` and something could not be carried
└── UpstreamFault         the upstream is at fault, or says the client is
    ├── UpstreamRefused   it answered with an error
    ├── Unreachable       no connection (refused, DNS, TLS)
    ├── TimedOut          a deadline passed
    ├── Broken            what it sent is no answer (garbage, cut short, wrong content type)
    │   └── HungUp        a kept connection ended without an answer, as hosts end idle ones
    └── PoolExhausted     every credential rests or has failed

`message` is public: it reaches the client. `detail` is for the log only.
Rendering into a protocol's own shape happens once, at the edge (`protocols/<p>/errors.py`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ErrorKind(StrEnum):
    """What went wrong, in the words every protocol's error table is keyed by."""

    INVALID = "invalid"
    AUTHENTICATION = "authentication"
    BILLING = "billing"
    PERMISSION = "permission"
    NOT_FOUND = "not-found"
    TIMEOUT = "timeout"
    CONFLICT = "conflict"
    TOO_LARGE = "too-large"
    UNPROCESSABLE = "unprocessable"
    CONTEXT_LENGTH = "context-length"
    REFUSED = "refused"
    RATE_LIMIT = "rate-limit"
    SERVER = "server"
    BAD_GATEWAY = "bad-gateway"
    OVERLOADED = "overloaded"


KIND_OF_STATUS = {
    400: ErrorKind.INVALID,
    401: ErrorKind.AUTHENTICATION,
    402: ErrorKind.BILLING,
    403: ErrorKind.PERMISSION,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.TIMEOUT,
    409: ErrorKind.CONFLICT,
    413: ErrorKind.TOO_LARGE,
    422: ErrorKind.UNPROCESSABLE,
    429: ErrorKind.RATE_LIMIT,
    500: ErrorKind.SERVER,
    502: ErrorKind.BAD_GATEWAY,
    503: ErrorKind.OVERLOADED,
    504: ErrorKind.TIMEOUT,
    529: ErrorKind.OVERLOADED,
}


def kind_of_status(status: int) -> ErrorKind:
    """The kind a bare HTTP status stands for; unknown ones fall to their class."""
    if status in KIND_OF_STATUS:
        return KIND_OF_STATUS[status]
    return ErrorKind.SERVER if status >= 500 else ErrorKind.INVALID


class DragomanError(Exception):
    """A failure with everything the edge needs to render it."""

    status = 500
    kind = ErrorKind.SERVER

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        kind: ErrorKind | None = None,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = self.status if status is None else status
        self.kind = self.kind if kind is None else kind
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s
        self.detail = detail


class RequestFault(DragomanError):
    """The client's request is at fault; trying elsewhere would not help."""

    status = 400
    kind = ErrorKind.INVALID


class InvalidRequest(RequestFault):
    """400: the body or a parameter is wrong; `param` is the path of the field."""


class Unauthenticated(RequestFault):
    """401: no client key, or an unknown one."""

    status = 401
    kind = ErrorKind.AUTHENTICATION


class Forbidden(RequestFault):
    """403: a known caller, or a browser page of another origin, may not do this."""

    status = 403
    kind = ErrorKind.PERMISSION


class UnknownModel(RequestFault):
    """404: no upstream serves the model."""

    status = 404
    kind = ErrorKind.NOT_FOUND


class UnknownGroup(RequestFault):
    """404: there is no such group."""

    status = 404
    kind = ErrorKind.NOT_FOUND


class UnknownRoute(RequestFault):
    """404: the path is none of ours."""

    status = 404
    kind = ErrorKind.NOT_FOUND


class TooLarge(RequestFault):
    """413: the body passes `max-body-mb`."""

    status = 413
    kind = ErrorKind.TOO_LARGE


class ContextTooLong(RequestFault):
    """400: the conversation is longer than `max-context` of its group allows."""

    kind = ErrorKind.CONTEXT_LENGTH


class RateLimited(RequestFault):
    """429: the client key has used up what it may for now; `retry_after_s` says how long."""

    status = 429
    kind = ErrorKind.RATE_LIMIT


class LossRefused(RequestFault):
    """400: `strict-conversion` is on and these fields could not be carried."""

    def __init__(self, fields: Sequence[str], target: str) -> None:
        super().__init__(
            f"strict-conversion: {', '.join(fields)} cannot be carried to {target}; "
            "remove the field or set strict-conversion: false",
            code="conversion_loss",
        )


class UpstreamFault(DragomanError):
    """The upstream failed, or refused the request."""

    status = 502
    kind = ErrorKind.BAD_GATEWAY


class UpstreamRefused(UpstreamFault):
    """The upstream answered with an error status or an error event; `body` is what it sent, in the
    shape of `protocol` ("" = not known), with `headers`."""

    protocol: str = ""
    headers: Sequence[tuple[str, str]] = ()

    def __init__(
        self,
        message: str,
        *,
        status: int,
        kind: ErrorKind | None = None,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(
            message,
            status=status,
            kind=kind or kind_of_status(status),
            code=code,
            param=param,
            retry_after_s=retry_after_s,
        )
        self.body = body


class Unreachable(UpstreamFault):
    """502: no connection to the upstream (refused, DNS, TLS)."""


class TimedOut(UpstreamFault):
    """504: a deadline passed (connect, first byte, idle, total)."""

    status = 504
    kind = ErrorKind.TIMEOUT


class Broken(UpstreamFault):
    """502: what the upstream sent is no answer, or its stream was cut."""


class HungUp(Broken):
    """502: a connection kept from an earlier request ended before anything was answered. Most often
    the host had just given it up, and never saw the request: no fault of the account."""


class PoolExhausted(UpstreamFault):
    """429 or 503: every credential of the model rests or has failed; names them by label."""

    status = 503
    kind = ErrorKind.OVERLOADED
