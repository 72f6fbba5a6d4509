"""Upstream answers that are no answers, and accounts that give none."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from dragoman.errors import (
    Broken,
    DragomanError,
    ErrorKind,
    InvalidRequest,
    PoolExhausted,
    UnknownModel,
    UpstreamFault,
)
from dragoman.protocols.codec import Codec
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.hosts import Credential, Host

_SHORTEST_SECRET = 8
_NOT_FOUND = "previous_response_not_found"
_OF_THE_ACCOUNT = frozenset(
    {
        ErrorKind.AUTHENTICATION,
        ErrorKind.BILLING,
        ErrorKind.PERMISSION,
        ErrorKind.NOT_FOUND,
        ErrorKind.TIMEOUT,
        ErrorKind.RATE_LIMIT,
        ErrorKind.SERVER,
        ErrorKind.BAD_GATEWAY,
        ErrorKind.OVERLOADED,
    }
)
"""Failures of one account, which another need not share."""


async def refusal(
    answer: Answer, codec: Codec, host: Host, credential: Credential
) -> UpstreamFault:
    """The error an upstream's status and body stand for; reads the body to its end. A host that
    repeats the key it was shown does not get it past here."""
    body = _without_secrets(await answer.read_all(), credential)
    if answer.status < 400:
        return Broken(
            f"upstream {host.name} answered with status {answer.status}; check its base-url",
            detail=answer.header("location"),
        )
    error = codec.error_in(answer.status, body)
    error.protocol = codec.name
    error.headers = answer.headers
    if error.retry_after_s is None:
        error.retry_after_s = retry_after_s(answer.header("retry-after"))
    if host.shape is not None and host.shape.refusal is not None:
        return host.shape.refusal(error)
    return error


def _without_secrets(body: bytes, credential: Credential) -> bytes:
    for _, value in credential.headers:
        secret = value.removeprefix("Bearer ").encode()
        if len(secret) >= _SHORTEST_SECRET and secret in body:
            body = body.replace(secret, b"***")
    return body


def retry_after_s(value: str, now_s: float | None = None) -> float | None:
    """A Retry-After header in seconds from now: a number, or an HTTP date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value).timestamp()
    except ValueError:
        return None
    return max(at - (time.time() if now_s is None else now_s), 0.0)


def web_page(answer: Answer, codec: Codec, upstream: str) -> Broken | None:
    """The fault of a 200 answer that is a web page; None for any other."""
    if answer.header("content-type").startswith("text/html"):
        return Broken(
            f"upstream {upstream} answered with a web page instead of a {codec.name} answer; "
            "check its base-url"
        )
    return None


def account_is_out(error: DragomanError) -> bool:
    """Whether another account might answer what the only one that may has not."""
    if isinstance(error, UpstreamFault):
        return error.kind in _OF_THE_ACCOUNT or error.code == _NOT_FOUND
    return isinstance(error, UnknownModel)


def kept_elsewhere(error: DragomanError) -> DragomanError:
    """What is told of a conversation that only an account knows which cannot answer."""
    if error.code == _NOT_FOUND:
        return error
    todo = "send the whole conversation as input instead"
    if isinstance(error, UnknownModel):
        return InvalidRequest(
            "the account that keeps the response of previous_response_id does not serve this model "
            f"any more; {todo}",
            code=_NOT_FOUND,
            param="previous_response_id",
        )
    return PoolExhausted(
        f"{error.message}. That account alone keeps the response of previous_response_id: {todo}, "
        "or try again later",
        status=error.status,
        kind=error.kind,
        code=error.code,
        retry_after_s=error.retry_after_s,
    )
