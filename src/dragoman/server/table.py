"""Every route, found by the path alone.

A first segment `/openai`, `/anthropic`, `/gemini` or `/ollama` is optional and narrows the search
to that protocol.
"""

from __future__ import annotations

from dragoman.protocols.codec import Codec
from dragoman.server import (
    routes_anthropic,
    routes_gemini,
    routes_ollama,
    routes_openai,
    routes_plain,
)
from dragoman.server.call import HttpCall
from dragoman.server.routes import Route, Routes

# Gemini before OpenAI: its `/v1/models/{m}:{action}` lies inside what OpenAI passes unread.
_PROTOCOLS: dict[str, Routes] = {
    "gemini": routes_gemini.ROUTES,
    "openai": routes_openai.ROUTES,
    "anthropic": routes_anthropic.ROUTES,
    "ollama": routes_ollama.ROUTES,
}
_FIXED = {
    **routes_plain.FIXED,
    **{key: route for routes in _PROTOCOLS.values() for key, route in routes.fixed.items()},
}
_SHARED = routes_plain.SHARED


def find_route(call: HttpCall) -> Route | None:
    """The route of a call; takes an optional protocol prefix off its path."""
    path = call.path
    if path != "/" and path.endswith("/"):
        path = call.path = path.rstrip("/") or "/"
    key = (call.method, path)
    route = _SHARED.get(key)
    if route is not None:
        return route(call)
    found = _FIXED.get(key)
    if found is not None:
        return found
    head, _, rest = path[1:].partition("/")
    protocol = _PROTOCOLS.get(head)
    if protocol is not None:
        call.prefix = head
        call.path = "/" + rest
        own = (call.method, call.path)
        return _SHARED[own](call) if own in _SHARED else _in(protocol, call)
    for routes in _PROTOCOLS.values():
        found = routes.match(call.method, path)
        if found is not None:
            return found
    return None


def _in(routes: Routes, call: HttpCall) -> Route | None:
    own = routes.fixed.get((call.method, call.path))
    return own or routes.match(call.method, call.path)


def codec_of_path(path: str) -> Codec:
    """The protocol whose error shape a caller of this path expects, before its route is known."""
    head = path[1:].partition("/")[0]
    if head in _PROTOCOLS:
        return _PROTOCOLS[head].codec
    if path.startswith(("/v1/messages", "/api/hello")):
        return routes_anthropic.ROUTES.codec
    if path.startswith("/v1beta") or ":" in path:
        return routes_gemini.ROUTES.codec
    if path.startswith("/api/"):
        return routes_ollama.ROUTES.codec
    return routes_openai.ROUTES.codec
