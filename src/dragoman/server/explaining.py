"""What the gateway would do with a request: for the command and for `x-dragoman-explain`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dragoman.config.settings import Settings
from dragoman.exchange.explain import Situation, explained
from dragoman.exchange.explanation import Explanation
from dragoman.exchange.incoming import Incoming, Outcome
from dragoman.exchange.sending import job_of

if TYPE_CHECKING:
    from dragoman.server.gateway import Gateway

EXPLAIN = "x-dragoman-explain"


def explanation(gateway: Gateway, incoming: Incoming) -> Explanation:
    """
    Raises:
        InvalidRequest: the body is none, or names no model.
    """
    configured = gateway.configured
    options = configured.options
    outcome = Outcome(incoming.id, incoming.codec.name)
    situation = Situation(
        configured.names,
        configured.pools,
        configured.attempts.plan,
        options,
        time.time(),
        _disabled(configured.settings),
        tuple(up.name for up in configured.settings.all_upstreams if up.disabled),
    )
    job = job_of(incoming, outcome, options, gateway.exchange.remembered)
    return explained(job, situation)


def _disabled(settings: Settings) -> dict[str, list[str]]:
    """The labels of switched-off keys, by upstream."""
    return {
        upstream.name: [key.label or key.key.masked for key in upstream.keys if key.disabled]
        for upstream in settings.all_upstreams
    }
