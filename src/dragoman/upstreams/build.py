"""Hosts out of settings: what the request path reads, computed once when they are loaded."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from dragoman.config.settings import Settings
from dragoman.config.upstreams import Key, ScopedError, Upstream
from dragoman.protocols.registry import CODECS
from dragoman.upstreams.hosts import (
    Conduct,
    Credential,
    ErrorRule,
    Host,
    auth_header,
    merged_headers,
)
from dragoman.upstreams.http import Deadlines

_DIRECT = frozenset({"direct", "none"})


def build_host(upstream: Upstream, settings: Settings) -> Host:
    """The host an upstream's settings describe."""
    timeouts = settings.timeouts_for(upstream)
    keys: list[Key | None] = [key for key in upstream.keys if not key.disabled]
    if not upstream.keys:
        keys = [None]
    return Host(
        name=upstream.name,
        codec=CODECS.get(upstream.protocol),
        base=upstream.endpoint.rstrip("/"),
        hostname=urlsplit(upstream.base_url).hostname or "",
        query=tuple(upstream.query.items()),
        credentials=tuple(
            _credential(index, key, upstream, settings) for index, key in enumerate(keys)
        ),
        deadlines=Deadlines(timeouts.connect, timeouts.first_byte, timeouts.idle, timeouts.total),
        request_usage=settings.usage_asked_of(upstream),
        words_per_second=upstream.words_per_second,
        conduct=_conduct(upstream, settings),
    )


def _conduct(upstream: Upstream, settings: Settings) -> Conduct:
    rounds = upstream.request_retry
    return Conduct(
        rounds=settings.request_retry if rounds is None or rounds < 0 else rounds,
        transient_s=settings.transient_cooldown_s,
        rules=error_rules(upstream.request_scoped_errors),
    )


def error_rules(written: Iterable[ScopedError]) -> tuple[ErrorRule, ...]:
    return tuple(
        ErrorRule(
            rule.action,
            rule.status,
            tuple(text.lower() for text in rule.match),
            tuple(re.compile(pattern) for pattern in rule.match_regexr),
        )
        for rule in written
    )


def _credential(index: int, key: Key | None, upstream: Upstream, settings: Settings) -> Credential:
    own: Mapping[str, str] = key.headers if key else {}
    secret = key.key.reveal() if key else ""
    proxy = settings.proxy_for(upstream, key.proxy_url if key else None)
    written = merged_headers(upstream.headers, own)
    return Credential(
        index=index,
        label=(key.label if key else "") or f"{upstream.name}#{index}",
        headers=merged_headers(auth_header(upstream.auth_header, secret), list(written)),
        copies=tuple(name for name, value in written if value.startswith("$")),
        proxy=proxy_of(proxy, upstream.base_url),
        weight=key.weight if key else 1,
        priority=upstream.priority_of(key) if key else upstream.priority,
        id=hashlib.blake2s(secret.encode(), digest_size=6).hexdigest() if secret else "",
        cools=not settings.cooling_disabled(upstream, key),
        websocket=upstream.websockets and upstream.protocol == "responses",
    )


def proxy_of(written: str | None, base_url: str) -> str:
    """The proxy to use: as written; "" for `direct`; the environment's when nothing is written."""
    if written is not None:
        return "" if written in _DIRECT else written
    parts = urlsplit(base_url)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return ""
    return getproxies().get(parts.scheme, "")
