"""In which order credentials are tried: higher priority first, weighted turns within a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Credential


class Rotation:
    """Round robin over each (host, model)'s credentials; a weight of 2 takes two turns of three
    against a weight of 1, spread evenly (smooth weighted round robin)."""

    def __init__(self) -> None:
        self._current: dict[tuple[str, str], dict[int, int]] = {}

    def attempts(self, targets: Sequence[Target]) -> Iterator[tuple[Target, Credential]]:
        """Every credential of every target once. A turn is spent only on what is really tried."""
        for target in targets:
            for credential in self._ordered(target):
                yield target, credential

    def _ordered(self, target: Target) -> Iterator[Credential]:
        credentials = target.host.credentials
        if len(credentials) == 1:
            yield credentials[0]
            return
        by_priority = sorted(credentials, key=lambda one: -one.priority)
        for _, bucket in groupby(by_priority, key=lambda one: one.priority):
            yield from self._turns(target, list(bucket))

    def _turns(self, target: Target, bucket: list[Credential]) -> Iterator[Credential]:
        current = self._current.setdefault((target.host.name, target.model), {})
        left = bucket
        while left:
            for credential in left:
                weight = max(credential.weight, 1)
                current[credential.index] = current.get(credential.index, 0) + weight
            best = max(left, key=lambda one: current[one.index])
            current[best.index] -= sum(max(one.weight, 1) for one in left)
            yield best
            left = [one for one in left if one is not best]
