"""Whose turn it is among candidates that could all serve: one function for each strategy.

Turns are kept for each pair of model and credential, so that both rotate: two keys and two models
use all four pairs evenly. Higher priority is served first, whatever the strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from dragoman.routing.candidates import Candidate

_EXPLORED = 0.1
"""The share of requests that lowest-latency gives to whoever waited longest, to learn anew."""
_NEW_SHARE = 0.3
"""How much one measured latency counts in the moving average."""


class _Record(msgspec.Struct):
    """What is known of a pair; `saved` is its balance of weighted turns."""

    last_turn: int = 0
    saved: float = 0
    first_token_s: float | None = None


class Balance:
    """Remembers turns, requests in flight and latencies. `chance` gives numbers from 0 to 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self.chance = chance
        self._records: dict[str, _Record] = {}
        self._in_flight: dict[str, int] = {}
        self._turn = 0

    def copy(self) -> Balance:
        """The same as it is now, apart from this one, and without chance."""
        other = Balance(lambda: 1.0)
        other._records = {key: msgspec.structs.replace(one) for key, one in self._records.items()}
        other._in_flight = dict(self._in_flight)
        other._turn = self._turn
        return other

    def pick(self, strategy: str, ready: Sequence[Candidate]) -> Candidate:
        """Whose turn it is. `ready` is not empty."""
        if len(ready) == 1:
            return ready[0]
        first = max(one.credential.priority for one in ready)
        return _STRATEGIES[strategy](
            self, [one for one in ready if one.credential.priority == first]
        )

    def started(self, one: Candidate) -> None:
        self._turn += 1
        self._record(one).last_turn = self._turn
        self._in_flight[one.account] = self.in_flight(one) + 1

    def ended(self, one: Candidate) -> None:
        left = self.in_flight(one) - 1
        if left > 0:
            self._in_flight[one.account] = left
        else:
            self._in_flight.pop(one.account, None)

    def measured(self, one: Candidate, first_token_s: float) -> None:
        record = self._record(one)
        old = record.first_token_s
        step = 0 if old is None else (1 - _NEW_SHARE) * (old - first_token_s)
        record.first_token_s = first_token_s + step

    def in_flight(self, one: Candidate) -> int:
        return self._in_flight.get(one.account, 0)

    def _record(self, one: Candidate) -> _Record:
        record = self._records.get(one.key)
        if record is None:
            record = self._records[one.key] = _Record()
        return record

    def _longest_waiting(self, ready: Sequence[Candidate]) -> Candidate:
        return min(ready, key=lambda one: self._record(one).last_turn)

    def _weighted(self, ready: Sequence[Candidate]) -> Candidate:
        """Smooth: weights 2 and 1 give a b a, never a a b."""
        for one in ready:
            self._record(one).saved += one.credential.weight
        best = max(ready, key=lambda one: self._record(one).saved)
        self._record(best).saved -= sum(one.credential.weight for one in ready)
        return best

    def _fill_first(self, ready: Sequence[Candidate]) -> Candidate:
        return ready[0]

    def _least_busy(self, ready: Sequence[Candidate]) -> Candidate:
        return min(ready, key=lambda one: (self.in_flight(one), self._record(one).last_turn))

    def _lowest_latency(self, ready: Sequence[Candidate]) -> Candidate:
        if self.chance() < _EXPLORED:
            return self._longest_waiting(ready)
        return min(
            ready,
            key=lambda one: (self._record(one).first_token_s or 0, self._record(one).last_turn),
        )


_Strategy: TypeAlias = Callable[[Balance, Sequence[Candidate]], Candidate]
_STRATEGIES: dict[str, _Strategy] = {
    "round-robin": Balance._longest_waiting,  # noqa: SLF001
    "weighted-round-robin": Balance._weighted,  # noqa: SLF001
    "fill-first": Balance._fill_first,  # noqa: SLF001
    "least-busy": Balance._least_busy,  # noqa: SLF001
    "lowest-latency": Balance._lowest_latency,  # noqa: SLF001
}
