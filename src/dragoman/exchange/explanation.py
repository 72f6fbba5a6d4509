"""Why a request goes where it goes, as one record."""

from __future__ import annotations

import msgspec

from dragoman.neutral.losses import Loss
from dragoman.policy.payload import Change
from dragoman.routing.resolution import Step


class CredentialNow(msgspec.Struct, frozen=True):
    """`state`: ready, cooling, probing or disabled. `why`: why it is chosen, or why not."""

    label: str
    index: int | None
    state: str
    why: str
    priority: int = 0
    weight: int = 1
    chosen: bool = False
    until: str = ""


class TargetNow(msgspec.Struct, frozen=True):
    upstream: str
    protocol: str
    model: str
    thinking: str
    credentials: tuple[CredentialNow, ...]


class Chain(msgspec.Struct, frozen=True):
    """Pools in the order they are tried; `on`: the failures they are for, none = any request."""

    on: tuple[str, ...]
    pools: tuple[tuple[TargetNow, ...], ...]


class Asking(msgspec.Struct, frozen=True):
    """Who asks: the key by name ("" = none), the group that counts, and what the key opens (none =
    all)."""

    key: str
    group: str
    compat: bool
    groups: tuple[str, ...]
    models: tuple[str, ...]


class UpstreamRequest(msgspec.Struct, frozen=True):
    """Secrets are masked."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: msgspec.Raw


class Explanation(msgspec.Struct, frozen=True, rename="kebab"):
    """`decision`: what happens now, in words. `way`: passed, converted, or own (dragoman answers
    itself); empty where nobody can be asked. `policies`: what the group did to the request, in
    words. `error`: why there is no such request."""

    model: str
    protocol: str
    asking: Asking
    strategy: str
    session: bool
    steps: tuple[Step, ...]
    chains: tuple[Chain, ...]
    decision: str
    disabled_upstreams: tuple[str, ...] = ()
    upstream: str = ""
    way: str = ""
    because: str = ""
    losses: tuple[Loss, ...] = ()
    policies: tuple[str, ...] = ()
    payload_rules: tuple[Change, ...] = ()
    request: UpstreamRequest | None = None
    error: str = ""
