"""What the planner decides, and what it decides by: records alone."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dragoman.errors import DragomanError
from dragoman.routing.affinity import Affinity
from dragoman.routing.candidates import Candidate
from dragoman.routing.cooldowns import Cooldowns
from dragoman.routing.strategies import Balance


class PlanSettings(msgspec.Struct, frozen=True):
    """`further_rounds`: beside those of the hosts."""

    strategy: str = "round-robin"
    max_credentials: int = 0
    max_wait_s: float = 30
    further_rounds: int = 0

    def with_rounds(self, count: int) -> PlanSettings:
        return msgspec.structs.replace(self, further_rounds=count) if count else self


class Pools(msgspec.Struct, frozen=True):
    """What all requests share."""

    balance: Balance
    cooldowns: Cooldowns
    affinity: Affinity

    def copy(self, session: str) -> Pools:
        """As they are now, for looking ahead: what is planned with them changes nothing."""
        return Pools(self.balance.copy(), self.cooldowns.copy(), self.affinity.copy(session))


class Try(msgspec.Struct, frozen=True, eq=False):
    """`probe`: the place at which this attempt is the only one, after a rest. `strange`: the
    request's bare reasoning state is not for this account."""

    candidate: Candidate
    started_s: float
    probe: str = ""
    strange: bool = False


class Wait(msgspec.Struct, frozen=True):
    until_s: float


class Exhausted(msgspec.Struct, frozen=True):
    error: DragomanError


Decision: TypeAlias = Try | Wait | Exhausted
