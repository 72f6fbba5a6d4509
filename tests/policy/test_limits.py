"""The sliding minute: what fits, what waits, and for how long."""

import pytest

from dragoman.policy.limits import Limits, Refused, Second, Window

NOW_S = 1000.5


def refused(limits: Limits, *seconds: tuple[int, int, int], under_way: int = 0, reserved: int = 0,
            wanted: int = 0, now_s: float = NOW_S) -> Refused | None:  # fmt: skip
    window = Window([Second(*one) for one in seconds], now_s)
    return window.refused(limits, under_way, reserved, wanted)


def test_without_limits_nothing_waits() -> None:
    assert not Limits().any
    assert Limits(concurrency=1).any
    assert refused(Limits(), (1000, 99, 10**9), under_way=99, reserved=10**9) is None


def test_requests_slide_out_of_the_minute_one_by_one() -> None:
    limits = Limits(rpm=3)
    used = [(950, 1, 0), (960, 1, 0), (999, 1, 0)]
    assert refused(limits, *used[:2]) is None
    assert refused(limits, *used) == Refused("3 requests a minute", 950 + 61 - NOW_S)
    assert refused(limits, *used, now_s=1010.9) is not None
    assert refused(limits, *used, now_s=1011.0) is None
    assert refused(Limits(rpm=1), *used) == Refused("1 requests a minute", 999 + 61 - NOW_S)


def test_a_second_that_has_almost_passed_is_still_waited_for_a_second() -> None:
    found = refused(Limits(rpm=1), (940, 1, 0), now_s=1000.9)
    assert found == Refused("1 requests a minute", 1.0)


def test_tokens_used_held_and_wanted_count_together() -> None:
    limits = Limits(tpm=100)
    assert refused(limits, (990, 1, 50), reserved=20, wanted=30) is None
    found = refused(limits, (980, 1, 30), (990, 1, 20), reserved=20, wanted=31)
    assert found == Refused("100 tokens a minute", 980 + 61 - NOW_S)
    found = refused(limits, reserved=80, wanted=21, under_way=1)
    assert found == Refused("100 tokens a minute", 1.0)


def test_a_request_larger_than_the_limit_begins_when_nothing_else_counts() -> None:
    limits = Limits(tpm=100)
    assert refused(limits, wanted=500) is None
    assert refused(limits, (990, 1, 1), wanted=500) == Refused(
        "100 tokens a minute", 990 + 61 - NOW_S
    )
    assert refused(limits, wanted=500, reserved=1) == Refused("100 tokens a minute", 1.0)


def test_requests_under_way_are_counted() -> None:
    limits = Limits(concurrency=2)
    assert refused(limits, under_way=1) is None
    assert refused(limits, under_way=2) == Refused("2 requests at the same time", 1.0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [(1000, 1, 5)]),
        ([(990, 2, 7)], [(990, 2, 7), (1000, 1, 5)]),
        ([(900, 2, 7), (1000, 2, 7)], [(1000, 3, 12)]),
        ([(939, 1, 1), (940, 1, 1)], [(940, 1, 1), (1000, 1, 5)]),
        ([(940, 1, 1), (1001, 9, 9)], [(940, 1, 1), (1000, 1, 5)]),
    ],
)
def test_use_is_added_to_the_second_and_old_seconds_fall_out(
    before: list[tuple[int, int, int]], after: list[tuple[int, int, int]]
) -> None:
    window = Window([Second(*one) for one in before], NOW_S).with_use(1, 5)
    assert [tuple(one) for one in window.seconds] == after
