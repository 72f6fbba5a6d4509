"""Counters in Prometheus' words: what `GET /metrics` shows (text format 0.0.4 and OpenMetrics 1.0,
https://prometheus.io/docs/instrumenting/exposition_formats/).

One registry a process. A request costs a few increments when it ends, nothing for each chunk. No
label holds a key, an e-mail or a client's text: upstreams, protocols and statuses come from the
configuration and from tables, models only after an upstream has served them.
Other parts add their own with `counter`, `gauge` and `histogram`, once, at import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from dragoman.neutral.usage import Usage

REGISTRY = CollectorRegistry()
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_MODELS_SHOWN = 1000
OTHER = "other"
"""Stands for every model past the thousandth: a host that serves whatever it is asked for must not
fill the memory with names."""

disable_created_metrics()  # type: ignore[no-untyped-call]
ProcessCollector(registry=REGISTRY)


def counter(name: str, told: str, *labels: str) -> Counter:
    """A counter of this process, shown as `dragoman_NAME_total`."""
    return Counter(f"dragoman_{name}", told, labels, registry=REGISTRY)


def gauge(name: str, told: str, *labels: str) -> Gauge:
    return Gauge(f"dragoman_{name}", told, labels, registry=REGISTRY)


def histogram(name: str, told: str, *labels: str, buckets: Sequence[float] = _SECONDS) -> Histogram:
    return Histogram(f"dragoman_{name}", told, labels, registry=REGISTRY, buckets=buckets)


# What every request counts is looked up by a cache: the library's own look-up takes a lock.
IN_FLIGHT = gauge("requests_in_flight", "Requests that are being served.")
_requests = cache(
    counter("requests", "Requests that ended.", "protocol", "upstream", "status").labels
)
_seconds = cache(
    histogram("request_seconds", "From arrival to end.", "protocol", "upstream").labels
)
_first = cache(
    histogram("first_token_seconds", "From arrival to a stream's first content.", "upstream").labels
)
_tries = cache(
    histogram(
        "request_attempts", "Attempts a request took.", "protocol", buckets=(1, 2, 3, 5, 10, 20)
    ).labels
)
_attempts = cache(
    counter("attempts", "Attempts at upstreams, by what came of them.", "upstream", "result").labels
)
_broken = counter("broken_off", "Answers that failed after they had begun.", "upstream", "result")
_cooldowns = counter("cooldowns", "Rests that a failure began.", "upstream", "reason")
_cooling = gauge("cooling", "Pairs of credential and model that rest now.", "upstream")
_losses = counter("losses", "Fields that could not be carried.", "protocol", "upstream")
_tokens = cache(
    counter("tokens", "Tokens as upstreams counted them.", "upstream", "model", "kind").labels
)
_KINDS = {
    "tokens_in": "in",
    "tokens_out": "out",
    "cache_read": "cache-read",
    "cache_write": "cache-write",
    "reasoning": "reasoning",
}
_shown: set[str] = set()


def ended(
    protocol: str,
    upstream: str,
    status: int,
    *,
    attempts: int = 0,
    seconds: float = 0,
    first_token_s: float | None = None,
    losses: int = 0,
) -> None:
    """One finished request; `upstream` is "" where none was asked."""
    _requests(protocol, upstream, status).inc()
    _seconds(protocol, upstream).observe(seconds)
    if attempts:
        _tries(protocol).observe(attempts)
    if first_token_s is not None:
        _first(upstream).observe(first_token_s)
    if losses:
        _losses.labels(protocol, upstream).inc(losses)


def used(upstream: str, model: str, usage: Usage) -> None:
    """What a served request read and wrote."""
    if model not in _shown:
        if len(_shown) >= _MODELS_SHOWN:
            model = OTHER
        _shown.add(model)
    for field, kind in _KINDS.items():
        count = getattr(usage, field)
        if count:
            _tokens(upstream, model, kind).inc(count)


def attempted(upstream: str, result: str) -> None:
    """One attempt: `ok`, or the kind of its failure."""
    _attempts(upstream, result).inc()


def broken_off(upstream: str, result: str) -> None:
    """An answer that failed after it had begun: its attempt had counted as `ok`."""
    _broken.labels(upstream, result).inc()


def cooled(upstream: str, reason: str) -> None:
    """A failure began a credential's rest."""
    _cooldowns.labels(upstream, reason).inc()


def cooling(now: Mapping[str, int]) -> None:
    """Who rests, by upstream: told when somebody looks."""
    _cooling.clear()
    for upstream, count in now.items():
        _cooling.labels(upstream).set(count)


def exposition(accept: str) -> tuple[bytes, str]:
    """Everything in the format that `accept` asks for, and its content type."""
    encode, content_type = choose_encoder(accept)
    return encode(REGISTRY), content_type
