"""Hosts, credentials and candidates of the routing tests."""

from __future__ import annotations

from collections.abc import Callable

from dragoman.neutral.listings import ModelEntry
from dragoman.routing.affinity import Affinity
from dragoman.routing.candidates import Candidate, candidates
from dragoman.routing.cooldowns import Cooldowns
from dragoman.routing.decisions import Pools
from dragoman.routing.served import Target
from dragoman.routing.strategies import Balance
from dragoman.storage.state import State
from dragoman.upstreams.hosts import Conduct, Credential, Host
from dragoman.upstreams.http import Deadlines


def key(index: int, weight: int = 1, priority: int = 0, *, cools: bool = True) -> Credential:
    label = f"account {index}"
    return Credential(index, label, (), weight=weight, priority=priority, cools=cools)


def target(
    name: str, *credentials: Credential, model: str = "m", conduct: Conduct | None = None
) -> Target:
    host = Host(name, None, "", "", (), credentials, Deadlines(), conduct=conduct or Conduct())
    return Target(host, model, model, ModelEntry(model))


def pairs(*targets: Target, weighted: bool = False) -> list[Candidate]:
    """The candidates of one pool."""
    return list(candidates([targets], weighted=weighted))


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def pools(clock: Clock, chance: Callable[[], float] = lambda: 0.5, affinity_s: float = 0) -> Pools:
    state = State(None, clock)
    return Pools(Balance(chance), Cooldowns(state), Affinity(state, affinity_s))
