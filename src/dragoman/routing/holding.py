"""Reasoning state that only the account which made it can read: which candidate is that account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from dragoman.routing.candidates import Candidate, mark_of


class Held(msgspec.Struct, frozen=True):
    """The state a request carries. `mark` names the account that made its last; "" = it does not
    say, so it is the one that the conversation is bound to. `waits`: the model is in the middle of
    its work (it waits for results of its calls), so that its thoughts are worth waiting for."""

    mark: str = ""
    waits: bool = False


FindHeld: TypeAlias = Callable[[], Held | None]


def no_state() -> Held | None:
    """For requests that carry none."""
    return None


class Holder:
    """The account that a request's state belongs to, for one plan. `owner` is "" where nobody
    knows: then everybody may be given the state."""

    def __init__(self, find: FindHeld) -> None:
        self._find = find
        self._held: Held | None = None
        self._found = False
        self.owner = ""

    def look(self, among: Sequence[Candidate], bound: str | None) -> None:
        """Finds the owner; `bound`: the key of the candidate the conversation is bound to."""
        held = self.held
        if held is None:
            return
        if not held.mark:
            self.owner = bound or ""
            return
        own = (one.key for one in among if mark_of(one.account) == held.mark)
        self.owner = next(own, "")

    @property
    def held(self) -> Held | None:
        if not self._found:
            self._found = True
            self._held = self._find()
        return self._held

    @property
    def waits(self) -> bool:
        return bool(self.owner) and self._held is not None and self._held.waits

    def owns(self, one: Candidate) -> bool:
        """Whether this account made the state."""
        return self.owner.startswith(one.account + "/")

    def is_strange(self, one: Candidate) -> bool:
        """Whether another account than this is known to have made it."""
        return bool(self.owner) and not self.owns(one)
