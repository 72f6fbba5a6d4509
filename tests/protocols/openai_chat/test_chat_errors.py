"""Errors as Chat clients are told them, and as compatible hosts send them."""

from typing import Any

import pytest

from dragoman.errors import (
    DragomanError,
    ErrorKind,
    InvalidRequest,
    TimedOut,
    UnknownModel,
    UnknownRoute,
    UpstreamRefused,
)
from dragoman.protocols.openai_chat.codec import CODEC


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (InvalidRequest("x", param="model"), 400, "invalid_request_error", None),
        (DragomanError("x", status=401, kind=ErrorKind.AUTHENTICATION), 401,
         "authentication_error", "invalid_api_key"),
        (DragomanError("x", status=402, kind=ErrorKind.BILLING), 402,
         "insufficient_quota", "insufficient_quota"),
        (DragomanError("x", status=403, kind=ErrorKind.PERMISSION), 403,
         "permission_error", "permission_denied"),
        (UnknownModel("x"), 404, "invalid_request_error", "model_not_found"),
        (UnknownRoute("x"), 404, "invalid_request_error", "not_found"),
        (DragomanError("x", status=408, kind=ErrorKind.TIMEOUT), 408, "timeout", "timeout"),
        (TimedOut("x"), 504, "timeout", "timeout"),
        (DragomanError("x", status=409, kind=ErrorKind.CONFLICT), 409,
         "invalid_request_error", "conflict"),
        (DragomanError("x", status=413, kind=ErrorKind.TOO_LARGE), 413,
         "invalid_request_error", "request_too_large"),
        (DragomanError("x", status=422, kind=ErrorKind.UNPROCESSABLE), 422,
         "invalid_request_error", None),
        (UpstreamRefused("x", status=413, kind=ErrorKind.CONTEXT_LENGTH), 400,
         "invalid_request_error", "context_length_exceeded"),
        (UpstreamRefused("x", status=403, kind=ErrorKind.REFUSED), 400,
         "invalid_request_error", "content_filter"),
        (UpstreamRefused("x", status=429), 429, "rate_limit_error", "rate_limit_exceeded"),
        (UpstreamRefused("x", status=429, code="insufficient_quota"), 429,
         "rate_limit_error", "insufficient_quota"),
        (DragomanError("x"), 500, "server_error", "internal_server_error"),
        (DragomanError("x", status=502, kind=ErrorKind.BAD_GATEWAY), 502,
         "server_error", "bad_gateway"),
        (UpstreamRefused("x", status=529), 503, "server_error", "overloaded"),
        (UpstreamRefused("x", status=200, kind=ErrorKind.OVERLOADED), 503,
         "server_error", "overloaded"),
    ],
)  # fmt: skip
def test_errors_have_openais_shape(
    error: DragomanError, status: int, kind: str, code: str | None
) -> None:
    param = error.param
    assert CODEC.error_out(error) == (
        status,
        {"error": {"message": "x", "type": kind, "param": param, "code": code}},
    )


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (400, b'{"error":{"message":"m","type":"invalid_request_error","param":"p","code":"c"}}',
         (400, ErrorKind.INVALID, "m", "c", "p")),
        (401, b'{"error":{"message":"m","type":"invalid_request_error","code":"invalid_api_key"}}',
         (401, ErrorKind.AUTHENTICATION, "m", "invalid_api_key", None)),
        (404, b'{"error":"model not here"}',
         (404, ErrorKind.NOT_FOUND, "model not here", None, None)),
        (422, b'{"message":"m","param":5}', (422, ErrorKind.UNPROCESSABLE, "m", None, None)),
        (403, b'{"detail":"no"}', (403, ErrorKind.PERMISSION, "no", None, None)),
        (422, b'{"detail":[{"loc":["body"],"msg":"bad"}]}',
         (422, ErrorKind.UNPROCESSABLE, "bad", None, None)),
        (422, b'{"detail":["bad"]}', (422, ErrorKind.UNPROCESSABLE, "bad", None, None)),
        (400, b'{"error":{"message":{"a":1}}}', (400, ErrorKind.INVALID, '{"a":1}', None, None)),
        (500, b'{"error":{"message":"m","code":503}}',
         (503, ErrorKind.OVERLOADED, "m", None, None)),
        (200, b'{"error":{"message":"m","code":"503"}}',
         (503, ErrorKind.OVERLOADED, "m", None, None)),
        (200, b'{"code":429,"msg":"slow"}', (429, ErrorKind.RATE_LIMIT, "slow", None, None)),
        (400, b'[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]',
         (400, ErrorKind.INVALID, "m", None, None)),
        (500, b'{"error":{"message":"m","code":7}}', (500, ErrorKind.SERVER, "m", None, None)),
        (400, b'{"error":{"message":"m","code":"context_length_exceeded"}}',
         (400, ErrorKind.CONTEXT_LENGTH, "m", "context_length_exceeded", None)),
        (400, b'{"error":{"message":"This model\'s maximum context length is 8 tokens."}}',
         (400, ErrorKind.CONTEXT_LENGTH, "This model's maximum context length is 8 tokens.",
          None, None)),
        (400, b'{"error":{"message":"m","code":"content_filter"}}',
         (400, ErrorKind.REFUSED, "m", "content_filter", None)),
        (429, b'{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}',
         (429, ErrorKind.RATE_LIMIT, "m", "insufficient_quota", None)),
        (502, b'{"error":{"message":"Provider","metadata":{"raw":"deep"}}}',
         (502, ErrorKind.BAD_GATEWAY, "Provider: deep", None, None)),
        (502, b"<html><style>p {}</style><h1>502</h1>\n<p>Bad gateway</p></html>",
         (502, ErrorKind.BAD_GATEWAY, "502 Bad gateway", None, None)),
        (500, b"boom", (500, ErrorKind.SERVER, "boom", None, None)),
        (503, b"", (503, ErrorKind.OVERLOADED, "the upstream answered 503", None, None)),
        (418, b'{"error":{}}', (418, ErrorKind.INVALID, "the upstream answered 418", None, None)),
        (400, b'{"error":[]}', (400, ErrorKind.INVALID, "the upstream answered 400", None, None)),
        (529, b"5", (529, ErrorKind.OVERLOADED, "5", None, None)),
    ],
)  # fmt: skip
def test_every_shape_of_error_is_read(status: int, body: bytes, told: Any) -> None:
    error = CODEC.error_in(status, body)
    assert (error.status, error.kind, error.message, error.code, error.param) == told
    assert error.body == body


def test_a_long_page_is_cut() -> None:
    assert len(CODEC.error_in(500, b"<p>" + b"x" * 50000).message) == 2000
    long = b'{"error":{"message":"' + b"x" * 5000 + b'"}}'
    assert len(CODEC.error_in(500, long).message) == 2000
