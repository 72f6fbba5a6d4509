import pytest

from dragoman.errors import (
    Broken,
    DragomanError,
    ErrorKind,
    Forbidden,
    InvalidRequest,
    LossRefused,
    RequestFault,
    TimedOut,
    TooLarge,
    Unauthenticated,
    UnknownModel,
    UnknownRoute,
    Unreachable,
    UpstreamFault,
    UpstreamRefused,
    kind_of_status,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ErrorKind.INVALID),
        (401, ErrorKind.AUTHENTICATION),
        (402, ErrorKind.BILLING),
        (403, ErrorKind.PERMISSION),
        (404, ErrorKind.NOT_FOUND),
        (408, ErrorKind.TIMEOUT),
        (409, ErrorKind.CONFLICT),
        (413, ErrorKind.TOO_LARGE),
        (418, ErrorKind.INVALID),
        (422, ErrorKind.UNPROCESSABLE),
        (429, ErrorKind.RATE_LIMIT),
        (500, ErrorKind.SERVER),
        (502, ErrorKind.BAD_GATEWAY),
        (503, ErrorKind.OVERLOADED),
        (504, ErrorKind.TIMEOUT),
        (520, ErrorKind.SERVER),
        (529, ErrorKind.OVERLOADED),
    ],
)
def test_a_status_stands_for_a_kind_and_an_unknown_one_for_its_class(
    status: int, kind: ErrorKind
) -> None:
    assert kind_of_status(status) is kind


@pytest.mark.parametrize(
    ("error", "family", "status", "kind"),
    [
        (InvalidRequest("m"), RequestFault, 400, ErrorKind.INVALID),
        (Unauthenticated("m"), RequestFault, 401, ErrorKind.AUTHENTICATION),
        (Forbidden("m"), RequestFault, 403, ErrorKind.PERMISSION),
        (UnknownModel("m"), RequestFault, 404, ErrorKind.NOT_FOUND),
        (UnknownRoute("m"), RequestFault, 404, ErrorKind.NOT_FOUND),
        (TooLarge("m"), RequestFault, 413, ErrorKind.TOO_LARGE),
        (Unreachable("m"), UpstreamFault, 502, ErrorKind.BAD_GATEWAY),
        (TimedOut("m"), UpstreamFault, 504, ErrorKind.TIMEOUT),
        (Broken("m"), UpstreamFault, 502, ErrorKind.BAD_GATEWAY),
        (DragomanError("m"), DragomanError, 500, ErrorKind.SERVER),
    ],
)
def test_each_failure_has_its_family_status_and_kind(
    error: DragomanError, family: type[DragomanError], status: int, kind: ErrorKind
) -> None:
    assert isinstance(error, family)
    assert (error.status, error.kind, error.message, str(error)) == (status, kind, "m", "m")
    assert (error.code, error.param, error.retry_after_s, error.detail) == (None, None, None, "")


def test_what_is_given_beats_what_the_class_says() -> None:
    error = InvalidRequest(
        "m",
        status=422,
        kind=ErrorKind.UNPROCESSABLE,
        code="c",
        param="p",
        retry_after_s=1.5,
        detail="d",
    )

    assert (error.status, error.kind, error.code) == (422, ErrorKind.UNPROCESSABLE, "c")
    assert (error.param, error.retry_after_s, error.detail) == ("p", 1.5, "d")
    assert InvalidRequest.status == 400


def test_an_upstreams_refusal_keeps_what_it_sent() -> None:
    plain = UpstreamRefused("no", status=429, retry_after_s=2.0, body=b"{}")
    told = UpstreamRefused("long", status=400, kind=ErrorKind.CONTEXT_LENGTH, code="c", param="p")

    assert (plain.status, plain.kind, plain.retry_after_s, plain.body) == (
        429,
        ErrorKind.RATE_LIMIT,
        2.0,
        b"{}",
    )
    assert (told.kind, told.code, told.param, told.body) == (
        ErrorKind.CONTEXT_LENGTH,
        "c",
        "p",
        b"",
    )


def test_a_refused_loss_names_the_fields_the_target_and_the_way_out() -> None:
    error = LossRefused(["seed", "n"], "anthropic")

    assert error.status == 400
    assert error.code == "conversion_loss"
    assert error.message == (
        "strict-conversion: seed, n cannot be carried to anthropic; "
        "remove the field or set strict-conversion: false"
    )
