"""Errors in both directions."""

import pytest

from dragoman.errors import (
    Broken,
    DragomanError,
    ErrorKind,
    InvalidRequest,
    TimedOut,
    TooLarge,
    Unauthenticated,
    UnknownModel,
    Unreachable,
    UpstreamRefused,
)
from dragoman.protocols.anthropic.errors import error_event, error_in, error_out


@pytest.mark.parametrize(
    ("error", "status", "word"),
    [
        (InvalidRequest("m"), 400, "invalid_request_error"),
        (Unauthenticated("m"), 401, "authentication_error"),
        (UpstreamRefused("m", status=402), 402, "billing_error"),
        (UpstreamRefused("m", status=403), 403, "permission_error"),
        (UnknownModel("m"), 404, "not_found_error"),
        (UpstreamRefused("m", status=408), 504, "timeout_error"),
        (UpstreamRefused("m", status=409), 409, "invalid_request_error"),
        (TooLarge("m"), 413, "request_too_large"),
        (UpstreamRefused("m", status=418), 400, "invalid_request_error"),
        (UpstreamRefused("m", status=422), 400, "invalid_request_error"),
        (UpstreamRefused("m", status=429), 429, "rate_limit_error"),
        (UpstreamRefused("m", status=500), 500, "api_error"),
        (Unreachable("m"), 500, "api_error"),
        (Broken("m"), 500, "api_error"),
        (UpstreamRefused("m", status=503), 529, "overloaded_error"),
        (TimedOut("m"), 504, "timeout_error"),
        (UpstreamRefused("m", status=529), 529, "overloaded_error"),
        (UpstreamRefused("m", status=400, kind=ErrorKind.REFUSED), 400, "invalid_request_error"),
    ],
)
def test_each_kind_has_its_status_and_word(error: DragomanError, status: int, word: str) -> None:
    told = {"type": "error", "error": {"type": word, "message": "m"}}
    assert error_out(error) == (status, {**told, "request_id": None})
    assert error_event(error) == told


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("too many tokens", "prompt is too long: too many tokens"),
        ("prompt is too long: 5 > 4", "prompt is too long: 5 > 4"),
    ],
)
def test_a_full_context_is_said_in_the_words_clients_look_for(message: str, told: str) -> None:
    error = UpstreamRefused(message, status=400, kind=ErrorKind.CONTEXT_LENGTH)
    assert error_event(error) == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": told},
    }


@pytest.mark.parametrize(
    ("status", "body", "message", "kind"),
    [
        (
            429,
            b'{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}',
            "slow",
            ErrorKind.RATE_LIMIT,
        ),
        (
            400,
            b'{"error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}',
            "prompt is too long: 9 > 8",
            ErrorKind.CONTEXT_LENGTH,
        ),
        (
            400,
            b'{"error":{"message":"input exceeds the Context Window"}}',
            "input exceeds the Context Window",
            ErrorKind.CONTEXT_LENGTH,
        ),
        (
            400,
            b'{"error":{"type":"invalid_request_error","message":"credit balance is too low"}}',
            "credit balance is too low",
            ErrorKind.BILLING,
        ),
        (400, b'{"error":{"type":"new","message":"x"}}', "x", ErrorKind.INVALID),
        (503, b"<html>busy</html>", "<html>busy</html>", ErrorKind.OVERLOADED),
        (500, b"", "the upstream answered 500 without saying why", ErrorKind.SERVER),
        (404, b'{"detail":"none"}', '{"detail":"none"}', ErrorKind.NOT_FOUND),
        (
            502,
            b'{"error":{"type":5}}',
            "the upstream answered with an error without saying why",
            ErrorKind.BAD_GATEWAY,
        ),
    ],
)
def test_an_upstreams_error_is_understood(
    status: int, body: bytes, message: str, kind: ErrorKind
) -> None:
    error = error_in(status, body)
    assert (error.status, error.message, error.kind, error.body) == (status, message, kind, body)


def test_an_unknown_body_is_shown_in_part() -> None:
    assert error_in(500, b"x" * 5000).message == "x" * 2000


def test_the_code_in_the_details_is_kept() -> None:
    body = b'{"error":{"type":"api_error","message":"m","details":{"error_code":"cut_off"}}}'
    assert error_in(500, body).code == "cut_off"
