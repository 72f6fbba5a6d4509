"""The order of the runs. Rounds are interleaved, so that whatever else the machine does meets all
alike, and every ratio is taken within its round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from bench.load import Lane, Run, check, run
from bench.processes import Field, Member
from bench.scenarios import CHAT_PATH, SCENARIOS, UPSTREAM_BODIES, Scenario, Traffic

SHARE_OF_MAXIMUM = 0.3


class Plan(NamedTuple):
    """How long it all takes."""

    rounds: int = 5
    seconds: float = 2
    latency_rounds: int = 3
    latency_seconds: float = 1


QUICK = Plan(rounds=3, seconds=1, latency_rounds=1, latency_seconds=1)


class Round(msgspec.Struct, frozen=True):
    """One scenario once, beside both nginx with its traffic."""

    nginx: Run
    tuned: Run
    dragoman: Run


class Paced(msgspec.Struct, frozen=True):
    """One scenario at 30 % of its maximum, beside the bare nginx and no proxy at all."""

    direct: Run
    nginx: Run
    dragoman: Run


class Figures(msgspec.Struct, frozen=True):
    """All that was measured of a scenario."""

    scenario: str
    floor: float
    rounds: list[Round]
    paced: list[Paced]


class Lanes:
    """Every way a request can go, bodies written to `folder`."""

    def __init__(self, field: Field, folder: Path) -> None:
        self._field = field
        self.scenarios: dict[str, Lane] = {}
        self._plain: dict[tuple[str, Traffic], Lane] = {}
        for number, scenario in enumerate(SCENARIOS):
            body = folder / f"client-{number}.json"
            body.write_bytes(scenario.body)
            self.scenarios[scenario.name] = Lane(
                f"dragoman, {scenario.name}", field.dragoman, scenario.path, body, scenario.proof
            )
        proofs = {scenario.traffic: scenario.proof for scenario in SCENARIOS}
        for number, (traffic, data) in enumerate(UPSTREAM_BODIES.items()):
            body = folder / f"upstream-{number}.json"
            body.write_bytes(data)
            for member in (field.host, field.nginx, field.tuned):
                name = f"{member.name}, {traffic}"
                lane = Lane(name, member, CHAT_PATH, body, proofs[traffic])
                self._plain[member.name, traffic] = lane

    def plain(self, member: Member, traffic: Traffic) -> Lane:
        """The upstream's traffic through a process that passes it as it is."""
        return self._plain[member.name, traffic]

    def all(self) -> Iterator[Lane]:
        yield from self._plain.values()
        yield from self.scenarios.values()


def measured(field: Field, folder: Path, plan: Plan, tell: Callable[[str], None]) -> list[Figures]:
    """Everything, one after the other.

    Raises:
        Failed: a request failed.
    """
    lanes = Lanes(field, folder)
    tell("one request each, and a warm-up")
    for lane in lanes.all():
        check(lane)
        run(lane, 1, pinned=field.pinned)
    rounds: dict[str, list[Round]] = {scenario.name: [] for scenario in SCENARIOS}
    for number in range(plan.rounds):
        tell(f"round {number + 1} of {plan.rounds}: as much as goes through")
        for name, one in _round(lanes, field, plan, backwards=number % 2 == 1).items():
            rounds[name].append(one)
    paced: dict[str, list[Paced]] = {scenario.name: [] for scenario in SCENARIOS}
    for number in range(plan.latency_rounds):
        tell(f"round {number + 1} of {plan.latency_rounds}: at 30 % of each maximum")
        for scenario in SCENARIOS:
            most = sorted(one.dragoman.requests_s for one in rounds[scenario.name])
            rate = SHARE_OF_MAXIMUM * most[len(most) // 2]
            paced[scenario.name].append(_paced(lanes, field, plan, scenario, rate))
    return [
        Figures(scenario.name, scenario.floor, rounds[scenario.name], paced[scenario.name])
        for scenario in SCENARIOS
    ]


def _round(lanes: Lanes, field: Field, plan: Plan, *, backwards: bool) -> dict[str, Round]:
    """Each traffic's lanes one after the other; every second time in the other order."""
    out: dict[str, Round] = {}
    for traffic in UPSTREAM_BODIES:
        names = [scenario.name for scenario in SCENARIOS if scenario.traffic == traffic]
        nginx, tuned = lanes.plain(field.nginx, traffic), lanes.plain(field.tuned, traffic)
        order = [nginx, tuned, *(lanes.scenarios[name] for name in names)]
        runs = {
            lane.name: run(lane, plan.seconds, pinned=field.pinned)
            for lane in (reversed(order) if backwards else order)
        }
        for name in names:
            own = runs[lanes.scenarios[name].name]
            out[name] = Round(runs[nginx.name], runs[tuned.name], own)
    return out


def _paced(lanes: Lanes, field: Field, plan: Plan, scenario: Scenario, rate: float) -> Paced:
    direct, nginx, dragoman = (
        run(lane, plan.latency_seconds, pinned=field.pinned, rate=rate)
        for lane in (
            lanes.plain(field.host, scenario.traffic),
            lanes.plain(field.nginx, scenario.traffic),
            lanes.scenarios[scenario.name],
        )
    )
    return Paced(direct, nginx, dragoman)
