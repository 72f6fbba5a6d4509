"""Errors in Google's shape, both ways."""

from __future__ import annotations

import pytest

from dragoman.errors import (
    DragomanError,
    ErrorKind,
    InvalidRequest,
    TooLarge,
    UnknownModel,
    Unreachable,
    UpstreamRefused,
)
from dragoman.neutral.json import JsonObject, encode
from dragoman.protocols.gemini.errors import error_in, error_out

RETRY: JsonObject = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.5s"}


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (InvalidRequest("x"), 400, "INVALID_ARGUMENT"),
        (UnknownModel("x"), 404, "NOT_FOUND"),
        (TooLarge("x"), 413, "INVALID_ARGUMENT"),
        (Unreachable("x"), 503, "UNAVAILABLE"),
        (UpstreamRefused("x", status=402), 403, "PERMISSION_DENIED"),
        (UpstreamRefused("x", status=408), 504, "DEADLINE_EXCEEDED"),
        (UpstreamRefused("x", status=409), 409, "ABORTED"),
        (UpstreamRefused("x", status=422), 400, "INVALID_ARGUMENT"),
        (UpstreamRefused("x", status=499), 499, "CANCELLED"),
        (UpstreamRefused("x", status=529), 503, "UNAVAILABLE"),
        (UpstreamRefused("x", status=598), 500, "INTERNAL"),
        (DragomanError("x"), 500, "INTERNAL"),
    ],
)
def test_a_status_has_its_canonical_name(error: DragomanError, status: int, name: str) -> None:
    got, body = error_out(error)
    assert got == status
    violations = body["error"]
    assert isinstance(violations, dict)
    assert violations == {"code": status, "message": "x", "status": name, "details": []}


def test_a_wait_and_a_wrong_field_are_details() -> None:
    error = UpstreamRefused("slow", status=429, retry_after_s=3.5, param="contents")
    assert error_out(error) == (
        429,
        {
            "error": {
                "code": 429,
                "message": "slow",
                "status": "RESOURCE_EXHAUSTED",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.BadRequest",
                        "fieldViolations": [{"field": "contents", "description": "slow"}],
                    },
                    RETRY,
                ],
            }
        },
    )


def refusal(status: int, error: object) -> UpstreamRefused:
    return error_in(status, encode({"error": error}))  # type: ignore[dict-item] # odd on purpose


def test_an_upstreams_error_keeps_status_message_body_and_wait() -> None:
    wire: JsonObject = {
        "code": 429,
        "message": "Quota exceeded",
        "status": "RESOURCE_EXHAUSTED",
        "details": [5, {"retryDelay": 7}, RETRY],
    }
    body = encode([{"error": wire}])
    error = error_in(429, body)
    assert (error.status, error.kind, error.message) == (
        429,
        ErrorKind.RATE_LIMIT,
        "Quota exceeded",
    )
    assert (error.code, error.retry_after_s, error.body) == ("RESOURCE_EXHAUSTED", 3.5, body)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (
            {"message": "The input token count (9) exceeds the maximum number of tokens (8)"},
            ErrorKind.CONTEXT_LENGTH,
        ),
        (
            {
                "message": "m",
                "status": "INVALID_ARGUMENT",
                "details": [{"reason": "API_KEY_INVALID"}],
            },
            ErrorKind.AUTHENTICATION,
        ),
        ({"message": "m", "status": "FAILED_PRECONDITION"}, ErrorKind.BILLING),
        ({"message": "m", "status": "ODD"}, ErrorKind.INVALID),
        ({"message": "m", "status": 5}, ErrorKind.INVALID),
        ({"message": "m", "details": [{"retryDelay": "soons"}]}, ErrorKind.INVALID),
        ("m", ErrorKind.INVALID),
    ],
)
def test_what_went_wrong_is_told_by_name_reason_and_words(
    error: JsonObject | str, kind: ErrorKind
) -> None:
    got = refusal(400, error)
    assert got.kind == kind
    assert got.retry_after_s is None


def test_an_error_of_another_shape_gives_its_text() -> None:
    assert error_in(502, b"<html>Bad gateway</html>").message == "<html>Bad gateway</html>"
    assert error_in(500, b"").message == "the upstream answered 500"
    assert error_in(500, b"x" * 5000).message == "x" * 2000
    assert error_in(503, b'{"detail":"x"}').message == '{"detail":"x"}'
    assert refusal(403, {"message": ""}).message == "the upstream answered 403"
    assert refusal(403, {}).kind == ErrorKind.PERMISSION
