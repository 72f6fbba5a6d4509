"""Rests: how long, for how much, and what ends them."""

from __future__ import annotations

import pytest
from tests.routing.pooling import Clock, key, pairs, target

from dragoman.routing.cooldowns import Cooldowns, Rest
from dragoman.routing.verdicts import Verdict
from dragoman.storage.state import State

QUOTA = Verdict(stop=False, reason="quota", rest_s=None)
SHAKEN = Verdict(stop=False, reason="transient", rest_s=60)
DEAD = Verdict(stop=False, reason="auth", rest_s=1800, whole=True)


def ends(cooldowns: Cooldowns, clock: Clock) -> list[float | None]:
    """How long each model of one key still rests."""
    rests = [cooldowns.rest(one) for one in TWO_MODELS]
    return [None if rest is None else rest.end_s - clock.now_s for rest in rests]


TWO_MODELS = pairs(target("h", key(0), model="a"), target("h", key(0), model="b"))


def test_limits_that_nobody_told_double_one_step_for_each_window() -> None:
    clock = Clock()
    cooldowns = Cooldowns(State(None, clock))
    one = TWO_MODELS[0]
    lengths = []
    for _ in range(13):
        cooldowns.failed(one, QUOTA, 429, clock.now_s)
        cooldowns.failed(one, QUOTA, 429, clock.now_s)
        rest = cooldowns.rest(one)
        assert rest is not None
        lengths.append(rest.until_s - clock.now_s)
        clock.now_s = rest.until_s
    assert lengths == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1800, 1800]


def test_a_rest_is_for_one_model_or_for_the_whole_account() -> None:
    clock = Clock()
    cooldowns = Cooldowns(State(None, clock))
    cooldowns.failed(TWO_MODELS[0], SHAKEN, 500, clock.now_s)
    assert ends(cooldowns, clock) == [60, None]
    cooldowns.failed(TWO_MODELS[0], DEAD, 401, clock.now_s)
    assert ends(cooldowns, clock) == [1800, 1800]
    merged = cooldowns.rest(TWO_MODELS[0])
    assert merged is not None
    assert (merged.shaken_until_s, merged.reason, merged.status) == (1060, "auth", 401)
    assert (merged.reason_at(2000), merged.reason_at(2800)) == ("auth", "transient")


@pytest.mark.parametrize(
    "verdict", [Verdict(stop=True), Verdict(stop=False, reason="transient", rest_s=0)]
)
def test_a_fault_of_the_request_rests_nobody(verdict: Verdict) -> None:
    cooldowns = Cooldowns(State(None, Clock()))
    cooldowns.failed(TWO_MODELS[0], verdict, 400, 1000)
    assert cooldowns.rest(TWO_MODELS[0]) is None


def test_a_credential_that_does_not_cool_never_rests() -> None:
    cooldowns = Cooldowns(State(None, Clock()))
    one = pairs(target("h", key(0, cools=False)))[0]
    cooldowns.failed(one, SHAKEN, 500, 1000)
    assert cooldowns.rest(one) is None


def test_a_shorter_failure_does_not_cut_a_longer_rest() -> None:
    clock = Clock()
    cooldowns = Cooldowns(State(None, clock))
    one = TWO_MODELS[0]
    told = Verdict(stop=False, reason="quota", rest_s=500)
    cooldowns.failed(one, told, 429, clock.now_s)
    cooldowns.failed(one, Verdict(stop=False, reason="quota", rest_s=5), 429, clock.now_s)
    cooldowns.failed(one, SHAKEN, 503, clock.now_s)
    assert cooldowns.rest(one) == Rest(1000, 503, "quota", 1500, 1060, 0)


def test_success_clears_what_began_before_the_attempt_and_nothing_later() -> None:
    clock = Clock()
    cooldowns = Cooldowns(State(None, clock))
    one = TWO_MODELS[0]
    cooldowns.failed(one, SHAKEN, 503, 1000)
    cooldowns.failed(one, DEAD, 401, 1000)
    cooldowns.succeeded(one, 999)
    assert cooldowns.rest(one) is not None
    cooldowns.succeeded(one, 1000)
    assert cooldowns.rest(one) is None


def test_a_rest_is_kept_by_whoever_keeps_the_state_and_forgotten_long_after() -> None:
    clock = Clock()
    state = State(None, clock)
    Cooldowns(state).failed(TWO_MODELS[0], SHAKEN, 503, clock.now_s)
    clock.now_s += 60 + 3599
    assert Cooldowns(state).rest(TWO_MODELS[0]) is not None
    clock.now_s += 1
    assert Cooldowns(state).rest(TWO_MODELS[0]) is None


def test_an_account_is_reset_with_all_its_models() -> None:
    clock = Clock()
    cooldowns = Cooldowns(State(None, clock))
    other = pairs(target("h", key(1)))[0]
    cooldowns.clear("h/0")
    for one in (*TWO_MODELS, other):
        cooldowns.failed(one, SHAKEN, 503, clock.now_s)
    cooldowns.failed(TWO_MODELS[0], DEAD, 401, clock.now_s)
    cooldowns.clear("h/0")
    assert ends(cooldowns, clock) == [None, None]
    assert cooldowns.rest(other) is not None


def test_a_probe_is_for_the_pair_or_for_the_account_that_rested() -> None:
    clock = Clock()
    cooldowns = Cooldowns(State(None, clock))
    first, second = TWO_MODELS
    place = cooldowns.begin_probe(first)
    assert (cooldowns.probing(first), cooldowns.probing(second)) == (True, False)
    cooldowns.end_probe(place)
    cooldowns.failed(first, DEAD, 401, clock.now_s)
    place = cooldowns.begin_probe(first)
    assert (cooldowns.probing(first), cooldowns.probing(second)) == (True, True)
    cooldowns.end_probe(place)
    assert not cooldowns.probing(second)
