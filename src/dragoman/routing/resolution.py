"""What a name leads to: pools of targets in the order they are tried, and what follows failure."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dragoman.errors import ErrorKind
from dragoman.neutral.requests import ReasoningSettings
from dragoman.routing.served import Target

Pool: TypeAlias = tuple[Target, ...]
"""Targets that serve one name and may take turns."""


class Step(msgspec.Struct, frozen=True):
    """One turn of the way from a name to its targets: `kind` is the rule that decided (suffix,
    group alias, group wildcard, alias, wildcard, served, upstream, prefix, auto, mapping, default,
    unserved, resort), `name` what was asked for, `to` what it led to."""

    kind: str
    name: str
    to: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return f"{self.name} → {', '.join(self.to)}" if self.to else self.name


class Fallback(msgspec.Struct, frozen=True):
    """A chain for failures of these `kinds` (rate-limit, server, timeout, context-length, refused,
    auth): its pools are tried when those before it are exhausted."""

    kinds: frozenset[str]
    pools: tuple[Pool, ...]


class Resolution(msgspec.Struct, frozen=True):
    """`pools`: one for each name of a chain, in order; never empty, none of them empty.
    `thinking`: what the asked name's suffix says. A target's own `thinking` is the one to apply:
    a name of a chain may have a suffix of its own."""

    name: str
    pools: tuple[Pool, ...]
    thinking: ReasoningSettings | None = None
    fallbacks: tuple[Fallback, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def targets(self) -> Pool:
        """All pools' targets in order, without the chains for failures."""
        return tuple(target for pool in self.pools for target in pool)


_CAUSES = {
    ErrorKind.RATE_LIMIT: "rate-limit",
    ErrorKind.OVERLOADED: "server",
    ErrorKind.SERVER: "server",
    ErrorKind.BAD_GATEWAY: "server",
    ErrorKind.NOT_FOUND: "server",
    ErrorKind.TIMEOUT: "timeout",
    ErrorKind.CONTEXT_LENGTH: "context-length",
    ErrorKind.TOO_LARGE: "context-length",
    ErrorKind.REFUSED: "refused",
    ErrorKind.AUTHENTICATION: "auth",
    ErrorKind.PERMISSION: "auth",
    ErrorKind.BILLING: "auth",
}


CAUSES = frozenset(_CAUSES.values())
"""Every failure that another model might mend."""


def cause_of(kind: ErrorKind) -> str | None:
    """A failure in the words of `fallbacks: on:`; None for one that no other model would mend."""
    return _CAUSES.get(kind)


def chains_for(resolution: Resolution, kind: ErrorKind) -> tuple[Pool, ...]:
    """The pools to go on with after a failure of this kind, each once."""
    cause = cause_of(kind)
    found: list[Pool] = []
    for fallback in resolution.fallbacks:
        if cause in fallback.kinds:
            found += [pool for pool in fallback.pools if pool not in found]
    return tuple(found)
