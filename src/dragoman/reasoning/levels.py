"""Levels and budgets of thinking, and what each stands for in the other's terms.

The numbers are CLIProxyAPI's, which its users have tuned their clients to.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

LADDER = ("minimal", "low", "medium", "high", "xhigh", "max")
"""Levels that think, least first."""

AUTO_BUDGET = -1

_BUDGETS = {
    "none": 0,
    "auto": AUTO_BUDGET,
    "minimal": 512,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 32768,
    "max": 128000,
}
_CEILINGS = ((512, "minimal"), (1024, "low"), (8192, "medium"), (24576, "high"))


class Thinking(msgspec.Struct, frozen=True):
    """What a model allows. `levels` in the ladder's order, () = it takes budgets only; `min` and
    `max` bound a budget, both 0 = it takes levels only; neither = it does not think at all."""

    min: int = 0
    max: int = 0
    zero_allowed: bool = False
    dynamic_allowed: bool = False
    levels: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        return not self.max and not self.levels


NO_THINKING = Thinking(zero_allowed=True)


def budget_of(level: str) -> int | None:
    """The tokens a level stands for: 0 none, -1 the model's own choice. None: no such level."""
    return _BUDGETS.get(level.lower())


def level_of(budget: int) -> str:
    """The level whose budget this is, or the next above."""
    if budget == 0:
        return "none"
    if budget < 0:
        return "auto"
    return next((level for ceiling, level in _CEILINGS if budget <= ceiling), "xhigh")


def nearest(level: str, allowed: Sequence[str]) -> str:
    """The allowed level nearest to this one on the ladder, of two equally near the lower."""
    if level in allowed or level not in LADDER:
        return level if level in allowed else nearest("medium", allowed)
    wanted = LADDER.index(level)
    rungs = sorted(LADDER.index(a) for a in allowed if a in LADDER)
    return LADDER[min(rungs, key=lambda rung: abs(rung - wanted))] if rungs else level
