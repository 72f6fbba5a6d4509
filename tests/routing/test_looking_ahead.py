"""Pools looked at ahead of time: a plan over copies is the one that requests would get, and leaves
no trace."""

from __future__ import annotations

import pytest
from tests.routing.pooling import Clock, key, pairs, pools, target

from dragoman.routing.decisions import PlanSettings, Pools, Try
from dragoman.routing.planner import Planner
from dragoman.routing.resolution import Resolution
from dragoman.routing.verdicts import Verdict

SESSION = "conversation"
ALL = target("host", key(0), key(1), key(2))


def planned(place: Pools, strategy: str = "round-robin", now_s: float = 1000.0) -> int:
    resolution = Resolution("m", ((ALL,),))
    plan = Planner(resolution, place, PlanSettings(strategy), lambda: SESSION)
    decision = plan.next(now_s)
    assert isinstance(decision, Try)
    return decision.candidate.credential.index


@pytest.mark.parametrize(
    "strategy",
    ["round-robin", "weighted-round-robin", "fill-first", "least-busy", "lowest-latency"],
)
def test_a_copy_tells_whose_turn_it_is_however_often_it_is_asked(strategy: str) -> None:
    place = pools(Clock())
    for _ in range(7):
        ahead = {planned(place.copy(SESSION), strategy) for _ in range(3)}
        assert ahead == {planned(place, strategy)}


def test_a_copy_knows_the_binding_and_the_rests_and_changes_neither() -> None:
    clock = Clock()
    place = pools(clock, affinity_s=3600)
    first, second, _ = pairs(ALL)
    place.affinity.used(SESSION, second, clock.now_s)
    assert planned(place.copy(SESSION)) == 1
    rest = Verdict(stop=False, reason="quota", rest_s=600.0)
    place.cooldowns.failed(second, rest, 429, clock.now_s)
    assert planned(place.copy(SESSION)) == 0
    assert place.affinity.bound(SESSION) == second.key
    assert planned(place) == 0
    assert place.affinity.bound(SESSION) is None
    clock.now_s += 601
    assert place.copy(SESSION).cooldowns.begin_probe(second) == second.key
    assert not place.cooldowns.probing(second)
    place.cooldowns.begin_probe(second)
    assert place.copy(SESSION).cooldowns.probing(second)
    assert not place.cooldowns.probing(first)
