"""What each failure means, as tables."""

from __future__ import annotations

import re

import pytest

from dragoman.errors import (
    Broken,
    ErrorKind,
    HungUp,
    TimedOut,
    Unreachable,
    UpstreamFault,
    UpstreamRefused,
)
from dragoman.routing.resets import Told, reset_told, seconds_until
from dragoman.routing.verdicts import Verdict, verdict_of
from dragoman.upstreams.hosts import Conduct, ErrorRule

NOW_S = 1_780_000_000.0
USUAL = Conduct()


def refused(
    status: int,
    *headers: tuple[str, str],
    body: bytes = b"",
    code: str | None = None,
    after_s: float | None = None,
) -> UpstreamRefused:
    error = UpstreamRefused("no", status=status, code=code, body=body, retry_after_s=after_s)
    error.headers = headers
    return error


def said(message: str) -> UpstreamRefused:
    return UpstreamRefused(message, status=400)


OF_STATE = Verdict(stop=False, state=True)
TRANSIENT = Verdict(stop=False, reason="transient", rest_s=60)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (refused(400), Verdict(stop=True)),
        (refused(401), Verdict(stop=False, reason="auth", rest_s=1800, whole=True)),
        (refused(402), Verdict(stop=False, reason="auth", rest_s=1800, whole=True)),
        (refused(403), Verdict(stop=False, reason="auth", rest_s=1800)),
        (refused(404), Verdict(stop=False, reason="missing", rest_s=43_200)),
        (refused(400, code="model_not_supported"), Verdict(False, "missing", 43_200)),
        (refused(400, code="invalid_encrypted_content"), Verdict(stop=False, state=True)),
        (said("messages.1.content.0: Invalid `signature` in `thinking` block"), OF_STATE),
        (said("Thought signature is not valid"), OF_STATE),
        (said("Corrupted thought signature."), OF_STATE),
        (said("The encrypted content rs_1 could not be verified. Reason: …"), OF_STATE),
        (said("thinking.budget_tokens: too small"), Verdict(stop=True)),
        (refused(408), TRANSIENT),
        (refused(409), Verdict(stop=True)),
        (refused(413), Verdict(stop=True)),
        (refused(422), Verdict(stop=True)),
        (refused(429), Verdict(stop=False, reason="quota", rest_s=None)),
        (refused(429, after_s=7), Verdict(stop=False, reason="quota", rest_s=7)),
        (refused(500), TRANSIENT),
        (refused(502), TRANSIENT),
        (refused(503), TRANSIENT),
        (refused(503, after_s=9), Verdict(stop=False, reason="transient", rest_s=9)),
        (refused(529), TRANSIENT),
        (refused(403, ("cf-mitigated", "challenge")), TRANSIENT),
        (Unreachable("refused"), TRANSIENT),
        (TimedOut("late"), TRANSIENT),
        (Broken("garbage"), TRANSIENT),
        (HungUp("gone"), Verdict(stop=False, reason="transient", rest_s=0)),
    ],
)
def test_a_failure_has_its_verdict(error: UpstreamFault, verdict: Verdict) -> None:
    assert verdict_of(error, USUAL, NOW_S) == verdict


def test_without_transient_rests_none_is_begun_whatever_the_host_asks_for() -> None:
    calm = Conduct(transient_s=0)
    assert verdict_of(refused(503, after_s=9), calm, NOW_S).rest_s == 0
    assert verdict_of(refused(403, ("cf-mitigated", "challenge")), calm, NOW_S).rest_s == 10


def test_a_subscriptions_window_rests_the_whole_account() -> None:
    headers = [
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-unified-reset", str(int(NOW_S) + 500)),
    ]
    for after_s in (None, 3.0):
        found = verdict_of(refused(429, *headers, after_s=after_s), USUAL, NOW_S)
        assert found == Verdict(stop=False, reason="quota", rest_s=500, whole=True)


WINDOW = "anthropic-ratelimit-unified"


@pytest.mark.parametrize(
    ("rejected", "told"),
    [
        ({"5h": 500, "7d": None}, Told(500, whole=True)),
        ({"5h": 500, "7d": 9000}, Told(9000, whole=True)),
        ({"5h": None, "7d_oi": 7000}, Told(7000, whole=False)),
        ({"7d": 9000, "7d_oi": 12_000}, Told(9000, whole=True)),
        ({}, Told(40, whole=True)),
    ],
)
def test_the_window_that_is_used_up_says_what_rests_and_how_long(
    rejected: dict[str, float | None], told: Told
) -> None:
    headers = [(f"{WINDOW}-status", "rejected"), (f"{WINDOW}-reset", str(NOW_S + 40))]
    for name, after_s in rejected.items():
        headers.append((f"{WINDOW}-{name}-status", "rejected" if after_s else "allowed"))
        headers.append((f"{WINDOW}-{name}-reset", str(NOW_S + (after_s or 1))))
    found = reset_told(headers, b"", NOW_S)
    assert found is not None
    assert found.whole is told.whole
    assert found.after_s == pytest.approx(told.after_s)


def test_a_window_without_its_own_reset_ends_with_the_general_one() -> None:
    headers = [(f"{WINDOW}-status", "rejected"), (f"{WINDOW}-7d_oi-status", "rejected")]
    assert reset_told(headers, b"", NOW_S) is None
    general = (f"{WINDOW}-reset", str(NOW_S + 40))
    assert reset_told([*headers, general], b"", NOW_S) == Told(40, whole=False)


@pytest.mark.parametrize("code", ["pass_through_only", "stream_incomplete"])
def test_what_no_account_is_to_blame_for_rests_none(code: str) -> None:
    error = UpstreamFault("no", status=403, kind=ErrorKind.PERMISSION, code=code)
    assert verdict_of(error, USUAL, NOW_S) == Verdict(stop=False)


def test_retry_after_is_believed_before_the_reset_of_one_limit() -> None:
    headers = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")]
    assert verdict_of(refused(429, *headers), USUAL, NOW_S).rest_s == 360
    assert verdict_of(refused(429, *headers, after_s=2), USUAL, NOW_S).rest_s == 2


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5),
        ("-5", 0),
        ("1.5", 1.5),
        (str(NOW_S + 30), 30),
        (str((NOW_S + 30) * 1000), 30),
        (str(NOW_S - 30), 0),
        ("6m0s", 360),
        ("1d2h3m4.5s", 93_784.5),
        ("20ms", 0.02),
        ("2026-05-28T20:26:50Z", 10),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_a_reset_is_read_in_every_form(value: str, seconds: float | None) -> None:
    found = seconds_until(value, NOW_S)
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("headers", "body", "told"),
    [
        ({}, b"", None),
        ({"anthropic-ratelimit-unified-status": "rejected"}, b"", None),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "9",
            },
            b"",
            Told(9),
        ),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "8"}, b"", Told(8)),
        ({"x-ratelimit-remaining": "4", "x-ratelimit-reset": "8"}, b"", None),
        ({"x-ratelimit-remaining": "0"}, b"", None),
        ({}, b'{"error":{"resets_in_seconds":70,"resets_at":1}}', Told(70, whole=True)),
        ({}, b'{"error":{"resets_at":1780000050}}', Told(50, whole=True)),
        ({}, b'{"error":{"resets_at":"?"}}', None),
        ({}, b'{"error":"resets_at"}', None),
        ({}, b"resets_at no JSON", None),
    ],
)  # fmt: skip
def test_a_provider_tells_its_reset(
    headers: dict[str, str], body: bytes, told: Told | None
) -> None:
    assert reset_told(list(headers.items()), body, NOW_S) == told


def rules(*given: ErrorRule) -> Conduct:
    return Conduct(rules=given)


@pytest.mark.parametrize(
    ("rule", "error", "verdict"),
    [
        (ErrorRule("stop", 500), refused(500), Verdict(stop=True)),
        (ErrorRule("stop", 500), refused(502), TRANSIENT),
        (ErrorRule("continue", 400), refused(400), Verdict(stop=False)),
        (
            ErrorRule("continue-and-cooldown", 400, texts=("Quota",)),
            refused(400, body=b"out of QUOTA"),
            Verdict(stop=True),
        ),
        (ErrorRule("continue-and-cooldown", 400, texts=("quota",)),
         refused(400, body=b"out of QUOTA"), TRANSIENT),
        (ErrorRule("continue-and-cooldown", texts=("quota",)), Broken("Quota"), TRANSIENT),
        (ErrorRule("stop-and-cooldown", patterns=(re.compile("o{2}ps"),)),
         refused(429, body=b"oops"), Verdict(stop=True, reason="quota", rest_s=None)),
        (ErrorRule("stop", patterns=(re.compile("x"),)), refused(500), TRANSIENT),
    ],
)  # fmt: skip
def test_a_rule_changes_what_an_error_means(
    rule: ErrorRule, error: UpstreamFault, verdict: Verdict
) -> None:
    assert verdict_of(error, rules(rule), NOW_S) == verdict


def test_the_first_rule_that_fits_decides() -> None:
    conduct = rules(ErrorRule("stop", 503), ErrorRule("continue", 503))
    assert verdict_of(refused(503), conduct, NOW_S) == Verdict(stop=True)
