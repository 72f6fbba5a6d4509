"""Which headers cross the gateway, in each direction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote_plus

from dragoman.upstreams.http import Headers

HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    "transfer-encoding upgrade".split()
)
_NEVER_UPSTREAM = HOP_BY_HOP | frozenset(
    "host content-length content-encoding content-type accept-encoding cookie cookie2 expect "
    "authorization x-api-key x-goog-api-key api-key x-management-key "
    "forwarded via x-real-ip true-client-ip cf-connecting-ip x-client-ip x-cluster-client-ip "
    "fastly-client-ip x-original-host x-original-forwarded-for http2-settings".split()
)
_NEVER_UPSTREAM_PREFIXES = ("x-forwarded-", "x-dragoman-", "sec-websocket-", "x-amp-")
"""`x-amp-`: which device and installation asks, which Amp's clients tell their own server alone."""

_BACK = frozenset(
    "x-request-id request-id apim-request-id x-amzn-requestid x-goog-request-id x-ms-request-id "
    "retry-after retry-after-ms openai-processing-ms ratelimit".split()
)
_BACK_PREFIXES = ("x-ratelimit-", "ratelimit-", "anthropic-ratelimit-")
_NEVER_BACK = HOP_BY_HOP | frozenset(
    "content-length content-encoding content-type set-cookie set-cookie2 date server alt-svc "
    "strict-transport-security".split()
)
_NEVER_BACK_PREFIXES = ("access-control-", "x-dragoman-")

SECRET_QUERY = frozenset({"key", "auth_token"})

BETAS_REFUSED = ("aiplatform.googleapis.com",)
"""Hosts of the Anthropic protocol that refuse `anthropic-beta`: Vertex AI takes betas in the body
(docs.cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude, 2026)."""


def same_protocol(
    headers: Headers, hostname: str, withheld: frozenset[str] = frozenset()
) -> Headers:
    """The client's headers for an upstream of its own protocol: all but the connection's, the
    credentials, ours, and what the host is not to see."""
    drops_betas = hostname.endswith(BETAS_REFUSED)
    named = _named_by_connection(headers)
    return [
        (name, value)
        for name, value in headers
        if name not in _NEVER_UPSTREAM
        and not name.startswith(_NEVER_UPSTREAM_PREFIXES)
        and name not in named
        and name not in withheld
        and not (drops_betas and name == "anthropic-beta")
    ]


def with_defaults(headers: Headers, defaults: Iterable[tuple[str, str]]) -> Headers:
    """The headers, and those of a protocol's own that the client left out (anthropic-version)."""
    given = {name for name, _ in headers}
    return [*headers, *(pair for pair in defaults if pair[0] not in given)]


def forwarded_query(query: str) -> str:
    """The client's query without its keys."""
    return "&".join(
        pair
        for pair in query.split("&")
        if unquote_plus(pair.partition("=")[0]) not in SECRET_QUERY
    )


def _named_by_connection(headers: Headers) -> frozenset[str]:
    """Further headers of this connection alone (RFC 9110, 7.6.1)."""
    return frozenset(
        word.strip().lower()
        for name, value in headers
        if name == "connection"
        for word in value.split(",")
    )


def back(headers: Headers, *, everything: bool) -> Headers:
    """The upstream's headers for the client: request ids, rate limits, Retry-After; with
    `everything` all but the connection's."""
    if everything:
        return [
            (name, value)
            for name, value in headers
            if name not in _NEVER_BACK and not name.startswith(_NEVER_BACK_PREFIXES)
        ]
    return [
        (name, value) for name, value in headers if name in _BACK or name.startswith(_BACK_PREFIXES)
    ]


def set_header(headers: Headers, extra: Mapping[str, str]) -> Headers:
    """Headers with these added, each over any of its name."""
    return [pair for pair in headers if pair[0] not in extra] + list(extra.items())
