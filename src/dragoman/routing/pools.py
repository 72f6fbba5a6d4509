"""What the settings say of pools, as the request path reads it."""

from __future__ import annotations

from collections.abc import Callable

from dragoman.config.settings import Settings
from dragoman.routing.affinity import Affinity
from dragoman.routing.cooldowns import Cooldowns
from dragoman.routing.planner import PlanSettings, Pools
from dragoman.routing.strategies import Balance
from dragoman.storage.state import State


def pools_of(settings: Settings, state: State, chance: Callable[[], float]) -> Pools:
    """The pools' shared state; rests stay in memory where they are not to outlive the process."""
    routing = settings.routing
    lifetime_s = routing.session_affinity_ttl if routing.session_affinity else 0
    return Pools(
        Balance(chance),
        Cooldowns(state if settings.save_cooldown_status else State()),
        Affinity(state, lifetime_s),
    )


def plan_settings(settings: Settings) -> PlanSettings:
    return PlanSettings(
        settings.routing.strategy, settings.max_retry_credentials, settings.max_retry_interval
    )
