"""What of a request goes on to Amp's own server, and what of its answer comes back.

Up: all headers but those of the connection, of proxies before us, of the caller's credentials, and
those that tell who called from where. Back: all but the connection's and what would open the
gateway to other pages (CORS); redirects and cookies turned from ampcode.com to the gateway.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from dragoman.exchange.headers import HOP_BY_HOP, SECRET_QUERY
from dragoman.upstreams.http import Headers

_CREDENTIALS = frozenset({"authorization", "x-api-key", "x-goog-api-key", "api-key"})
_TRACES = frozenset(
    "x-real-ip forwarded via x-title http-referer referer priority accept-encoding "
    "x-stainless-lang x-stainless-package-version x-stainless-os x-stainless-arch "
    "x-stainless-runtime x-stainless-runtime-version "
    "sec-fetch-mode sec-fetch-site sec-fetch-dest".split()
)
_TRACE_PREFIXES = ("x-forwarded-", "sec-ch-ua")
_OURS = frozenset({"host", "content-length", "expect", "http2-settings", "x-management-key"})
_OUR_PREFIXES = ("x-dragoman-", "sec-websocket-")
_NEVER_BACK = HOP_BY_HOP | frozenset(
    "content-length content-encoding date server alt-svc strict-transport-security".split()
)
_NEVER_BACK_PREFIXES = ("access-control-", "x-dragoman-")
_DOMAIN = re.compile(r";\s*domain=[^;]*", re.IGNORECASE)
_SECURE = re.compile(r";\s*secure(?=\s*(?:;|$))", re.IGNORECASE)
_SAME_SITE_NONE = re.compile(r"(;\s*samesite=)none", re.IGNORECASE)
_NEED_SECURE = ("__host-", "__secure-")


def is_trace(name: str) -> bool:
    """Whether a header tells where the caller stands, which is nothing to Amp's server."""
    return name in _TRACES or name.startswith(_TRACE_PREFIXES)


def up(headers: Headers, origin: str, is_client: Callable[[str], bool], *, basic: bool) -> Headers:
    """The caller's headers for Amp's server, without a key. `basic`: a user and password, which is
    no client key of ours, goes on (the actors' socket)."""
    named = {
        word.strip().lower()
        for name, value in headers
        if name == "connection"
        for word in value.split(",")
    }
    kept: Headers = []
    for name, value in headers:
        if name in HOP_BY_HOP or name in named or name in _OURS or is_trace(name):
            continue
        if name.startswith(_OUR_PREFIXES) or is_client(_bare(value)):
            continue
        if name in _CREDENTIALS and not (basic and value[:6].lower() == "basic "):
            continue
        kept.append((name, origin) if name == "origin" else (name, value))
    return kept


def _bare(value: str) -> str:
    return value[7:].strip() if value[:7].lower() == "bearer " else value.strip()


def query(text: str, is_client: Callable[[str], bool]) -> str:
    """The query without the caller's key; a value that only stands under the same name stays."""
    return "&".join(
        pair
        for pair in text.split("&")
        if not (
            unquote_plus(pair.partition("=")[0]) in SECRET_QUERY
            and is_client(unquote_plus(pair.partition("=")[2]))
        )
    )


def back(headers: Headers, origin: str, *, secure: bool) -> Headers:
    """The answer's headers for the caller; `secure`: it is spoken to by TLS."""
    kept: Headers = []
    for name, value in headers:
        if name in _NEVER_BACK or name.startswith(_NEVER_BACK_PREFIXES):
            continue
        if name in ("location", "content-location") and _is_below(value, origin):
            kept.append((name, value[len(origin) :] or "/"))
        elif name == "set-cookie":
            kept.append((name, _cookie(value, secure=secure)))
        else:
            kept.append((name, value))
    return kept


def _is_below(url: str, origin: str) -> bool:
    return url.startswith(origin) and url[len(origin) : len(origin) + 1] in ("", "/", "?", "#")


def _cookie(value: str, *, secure: bool) -> str:
    """A cookie as this gateway's: a browser would not take another host's, nor keep a secure one
    from a page without TLS."""
    value = _DOMAIN.sub("", value)
    if not secure and not value.lower().startswith(_NEED_SECURE):
        value = _SAME_SITE_NONE.sub(r"\1Lax", _SECURE.sub("", value))
    return value
