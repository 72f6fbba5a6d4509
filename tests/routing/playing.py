"""A request played against a script of what each credential's attempts come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.routing.pooling import Clock, pools

from dragoman.errors import DragomanError, UpstreamFault, UpstreamRefused
from dragoman.routing.decisions import Exhausted, PlanSettings, Pools, Wait
from dragoman.routing.holding import Held
from dragoman.routing.planner import Planner
from dragoman.routing.resolution import Fallback, Resolution
from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Conduct

CALM = Conduct(rounds=0)


def refused(status: int, after_s: float | None = None) -> UpstreamRefused:
    return UpstreamRefused(f"says {status}", status=status, retry_after_s=after_s)


class Play:
    """One request's. `log` names its attempts, `strange` says which went without bare state."""

    def __init__(self, clock: Clock, shared: Pools, planner: Planner) -> None:
        self.clock = clock
        self.shared = shared
        self.planner = planner
        self.log: list[str] = []
        self.strange: list[bool] = []
        self.waits: list[float] = []

    def run(self, script: Mapping[str, Sequence[UpstreamFault | None]]) -> DragomanError | None:
        """Plays to the end: None on success, else the error. A script's last entry stays."""
        left = {name: list(entries) for name, entries in script.items()}
        while True:
            decision = self.planner.next(self.clock.now_s)
            if isinstance(decision, Exhausted):
                return decision.error
            if isinstance(decision, Wait):
                self.waits.append(round(decision.until_s - self.clock.now_s, 3))
                self.clock.now_s = decision.until_s
                continue
            name = decision.candidate.key
            self.log.append(name)
            self.strange.append(decision.strange)
            entries = left.get(name, [None])
            fault = entries.pop(0) if len(entries) > 1 else entries[0]
            self.shared.balance.ended(decision.candidate)
            if fault is None:
                self.planner.succeeded(decision, 0.1, self.clock.now_s)
                return None
            self.planner.failed(decision, fault, self.clock.now_s)


def play(
    *held: Target,
    chain: Sequence[Target] = (),
    fallbacks: Sequence[Fallback] = (),
    clock: Clock | None = None,
    shared: Pools | None = None,
    plan: PlanSettings = PlanSettings(),  # noqa: B008 - frozen
    session: str = "",
    pinned: str = "",
    state: Held | None = None,
) -> Play:
    clock = clock or Clock()
    shared = shared or pools(clock)
    resolution = Resolution("m", (held, *((one,) for one in chain)), fallbacks=tuple(fallbacks))
    planner = Planner(resolution, shared, plan, lambda: session, pinned, lambda: state)
    return Play(clock, shared, planner)
