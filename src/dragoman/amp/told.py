"""What the log and the counters say of a model request of Amp's: which way it went, and whether
that cost Amp credits."""

from __future__ import annotations

from dragoman.amp.upstream import NAME
from dragoman.exchange.incoming import Outcome
from dragoman.neutral.json import encode
from dragoman.observe.log import logger
from dragoman.observe.metrics import counter
from dragoman.reasoning.suffix import parse_suffix

_COSTS = {
    "LOCAL_PROVIDER": "free",
    "MODEL_MAPPING": "free",
    "AMP_CREDITS": "amp_credits",
    "NO_PROVIDER": "none",
}
_requests = counter(
    "amp_requests", "Model requests of Amp, by the way they went.", "route", "cost", "upstream"
)


def told(outcome: Outcome) -> dict[str, str]:
    """The log line's further fields; counts the request, and warns of spent credits with the line
    that would have avoided it."""
    route = _route(outcome)
    cost = _COSTS[route]
    _requests.labels(route, cost, outcome.upstream).inc()
    fields = {"route": route, "cost": cost}
    base = parse_suffix(outcome.model)[0]
    if route == "MODEL_MAPPING":
        fields["mapping"] = f"{base} -> {outcome.mapped}"
    if route == "AMP_CREDITS":
        fields["avoided_by"] = mapping_line(base)
        logger().warning(
            "this request spends Amp credits; to serve it with a model of your own, add to "
            f"ampcode.model-mappings: {mapping_line(base)}",
            id=outcome.id,
        )
    return fields


def _route(outcome: Outcome) -> str:
    if outcome.upstream == NAME:
        return "AMP_CREDITS"
    if not outcome.upstream and outcome.status >= 400:
        return "NO_PROVIDER"
    return "MODEL_MAPPING" if outcome.mapped else "LOCAL_PROVIDER"


def mapping_line(model: str) -> str:
    """The entry of `model-mappings` that would serve a model here."""
    return f"- {{from: {encode(model).decode()}, to: YOUR-MODEL}}"
