"""Whose turn it is: each strategy over a table of candidates."""

from __future__ import annotations

from collections import Counter
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.pooling import key, pairs, target

from dragoman.routing.candidates import Candidate, candidates
from dragoman.routing.strategies import Balance

STRATEGIES = [
    "round-robin", "weighted-round-robin", "fill-first", "least-busy", "lowest-latency"
]  # fmt: skip


def order(strategy: str, ready: list[Candidate], times: int, balance: Balance) -> list[str]:
    """Who serves, request after request, each over before the next."""
    out = []
    for _ in range(times):
        one = balance.pick(strategy, ready)
        balance.started(one)
        balance.ended(one)
        out.append(f"{one.credential.index}{one.target.model}")
    return out


def test_a_pair_is_there_once_and_models_stand_outside() -> None:
    a, b = target("h", key(0), key(1), model="a"), target("h", key(0), key(1), model="b")
    found = candidates([[a, b, a], [target("g", key(0))]], weighted=False)
    assert [(one.key, one.rank) for one in found] == [
        ("h/0/a", 0), ("h/1/a", 0), ("h/0/b", 0), ("h/1/b", 0), ("g/0/m", 1)
    ]  # fmt: skip


def test_weight_0_is_out_under_weights_alone() -> None:
    held = target("h", key(0, weight=0), key(1))
    assert [one.index for one in pairs(held, weighted=True)] == [("h", 1)]
    assert [one.index for one in pairs(held)] == [("h", 0), ("h", 1)]


def test_two_keys_and_two_models_take_all_four_turns_with_keys_first() -> None:
    ready = pairs(target("h", key(0), key(1), model="a"), target("h", key(0), key(1), model="b"))
    assert order("round-robin", ready, 6, Balance(float)) == ["0a", "1a", "0b", "1b", "0a", "1a"]


@given(
    keys=st.integers(1, 6),
    models=st.integers(1, 4),
    strategy=st.sampled_from(["round-robin", "weighted-round-robin", "least-busy"]),
    times=st.integers(1, 60),
)
def test_equal_candidates_serve_equally_often(
    keys: int, models: int, strategy: str, times: int
) -> None:
    held = [key(index) for index in range(keys)]
    ready = pairs(*(target("h", *held, model=f"m{n}") for n in range(models)))
    counted = Counter(order(strategy, ready, times, Balance(float)))
    counts = [counted[f"{one.credential.index}{one.target.model}"] for one in ready]
    assert max(counts) - min(counts) <= 1


@given(weights=st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_weights_are_shares_of_the_turns(weights: list[int]) -> None:
    ready = pairs(target("h", *(key(i, weight) for i, weight in enumerate(weights))))
    counted = Counter(order("weighted-round-robin", ready, sum(weights), Balance(float)))
    assert counted == {f"{i}m": weight for i, weight in enumerate(weights)}


def test_weighted_turns_are_spread() -> None:
    ready = pairs(target("h", key(0, 2), key(1, 1)))
    assert order("weighted-round-robin", ready, 3, Balance(float)) == ["0m", "1m", "0m"]


def test_fill_first_stays_with_the_first() -> None:
    ready = pairs(target("h", key(0), key(1)))
    assert order("fill-first", ready, 3, Balance(float)) == ["0m", "0m", "0m"]


def test_least_busy_counts_what_is_in_flight_of_a_key_over_its_models() -> None:
    balance = Balance(float)
    first, second = pairs(target("h", key(0), key(1), model="a"))
    other = pairs(target("h", key(0), model="b"))[0]
    balance.started(other)
    balance.started(first)
    balance.started(second)
    assert balance.pick("least-busy", [first, second]) is second
    balance.ended(other)
    assert balance.in_flight(first) == 1
    assert balance.pick("least-busy", [first, second]) is first
    balance.ended(first)
    assert balance.in_flight(first) == 0


def test_lowest_latency_prefers_the_unknown_then_the_fastest() -> None:
    balance = Balance(lambda: 0.5)
    fast, slow = pairs(target("h", key(0), key(1)))
    balance.measured(fast, 0.1)
    assert balance.pick("lowest-latency", [fast, slow]) is slow
    balance.measured(slow, 2.0)
    assert balance.pick("lowest-latency", [fast, slow]) is fast


def test_the_average_moves_by_a_share_of_what_is_new() -> None:
    balance = Balance(lambda: 0.5)
    one, two = pairs(target("h", key(0), key(1)))
    balance.measured(one, 1.0)
    balance.measured(two, 1.25)
    balance.measured(one, 2.0)
    assert balance.pick("lowest-latency", [one, two]) is two
    balance.measured(two, 2.0)
    assert balance.pick("lowest-latency", [one, two]) is one


def test_lowest_latency_explores_now_and_then() -> None:
    chances = cycle([0.05, 0.5])
    balance = Balance(lambda: next(chances))
    fast, slow = pairs(target("h", key(0), key(1)))
    balance.measured(fast, 0.1)
    balance.measured(slow, 2.0)
    balance.started(fast)
    assert balance.pick("lowest-latency", [fast, slow]) is slow
    assert balance.pick("lowest-latency", [fast, slow]) is fast


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_higher_priority_goes_first_under_every_strategy(strategy: str) -> None:
    ready = pairs(target("h", key(0), key(1, priority=2), key(2, priority=1)))
    assert order(strategy, ready, 3, Balance(float)) == ["1m", "1m", "1m"]
    assert order(strategy, ready[:1], 1, Balance(float)) == ["0m"]
