"""A request to an upstream as it may be shown: without keys, in headers or the address."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from dragoman.config.secrets import Secret
from dragoman.upstreams.hosts import Credential
from dragoman.upstreams.http import Headers

_SECRET_NAME = re.compile(
    r"key|token|secret|auth|cookie|passw|credential|signature|^sig$", re.IGNORECASE
)
_HARMLESS = frozenset(
    "accept anthropic-beta anthropic-version content-type http-referer openai-beta user-agent "
    "x-title".split()
)
"""Headers of a credential that are shown; what others hold, the user alone knows."""


def masked_headers(headers: Headers, credential: Credential) -> Headers:
    own = {name for name, _ in credential.headers} - _HARMLESS
    return [
        (name, Secret(value).masked if name in own or _SECRET_NAME.search(name) else value)
        for name, value in headers
    ]


def masked_url(url: str) -> str:
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if not any(_SECRET_NAME.search(name) for name, _ in pairs):
        return url
    shown = [
        f"{quote(name)}={Secret(value).masked if _SECRET_NAME.search(name) else quote(value)}"
        for name, value in pairs
    ]
    return urlunsplit(parts._replace(query="&".join(shown)))
