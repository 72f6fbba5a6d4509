"""What the settings say of pools, as the request path reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dragoman.config.settings import Settings
from dragoman.routing.affinity import Affinity
from dragoman.routing.candidates import account_of
from dragoman.routing.cooldowns import Cooldowns
from dragoman.routing.decisions import PlanSettings, Pools
from dragoman.routing.strategies import Balance
from dragoman.storage.state import State
from dragoman.upstreams.hosts import Host


def pools_of(settings: Settings, state: State, chance: Callable[[], float]) -> Pools:
    """The pools' shared state; rests stay in memory where they are not to outlive the process."""
    routing = settings.routing
    lifetime_s = routing.session_affinity_ttl if routing.session_affinity else 0
    return Pools(
        Balance(chance),
        Cooldowns(state if settings.save_cooldown_status else State()),
        Affinity(state, lifetime_s),
    )


def pools_after(pools: Pools, before: Settings, settings: Settings, state: State) -> Pools:
    """The pools under other settings: turns, rests and bindings go on."""
    fresh = pools_of(settings, state, float)
    same = settings.save_cooldown_status == before.save_cooldown_status
    return Pools(pools.balance, pools.cooldowns if same else fresh.cooldowns, fresh.affinity)


def forget_changed(cooldowns: Cooldowns, before: Iterable[Host], after: Iterable[Host]) -> None:
    """Ends the rests of credentials that are now sent elsewhere, or in another way: what made
    them rest may be what the user has just mended."""
    known = _ways(before)
    for account, way in _ways(after).items():
        if known.get(account, way) != way:
            cooldowns.clear(account)


def _ways(hosts: Iterable[Host]) -> dict[str, tuple[object, ...]]:
    return {
        account_of(host, one): (host.base, host.query, one.headers, one.proxy)
        for host in hosts
        for one in host.credentials
    }


def plan_settings(settings: Settings) -> PlanSettings:
    return PlanSettings(
        settings.routing.strategy, settings.max_retry_credentials, settings.max_retry_interval
    )
