"""Every route, found by the path alone.

First what the path says as it is: fixed paths, then those that carry a name; a first segment
`/openai`, `/anthropic`, `/gemini` or `/ollama` is optional and narrows the search to that protocol.
Where nothing is found, the path may begin with a group or compat mode (`ways.py`).
"""

from __future__ import annotations

from dragoman.protocols.codec import Codec
from dragoman.server import (
    routes_amp,
    routes_amp_control,
    routes_anthropic,
    routes_gemini,
    routes_logins,
    routes_metrics,
    routes_ollama,
    routes_openai,
    routes_plain,
)
from dragoman.server.call import HttpCall
from dragoman.server.routes import Route, Routes
from dragoman.server.ways import NO_WAY, parted

# Gemini before OpenAI: its `/v1/models/{m}:{action}` lies inside what OpenAI passes unread.
_PROTOCOLS: dict[str, Routes] = {
    "gemini": routes_gemini.ROUTES,
    "openai": routes_openai.ROUTES,
    "anthropic": routes_anthropic.ROUTES,
    "ollama": routes_ollama.ROUTES,
}
_FIXED = {
    **routes_plain.FIXED,
    **routes_metrics.FIXED,
    **{key: route for routes in _PROTOCOLS.values() for key, route in routes.fixed.items()},
}


def find_route(call: HttpCall) -> Route | None:
    """The route of a call; takes what stands in front of it off its path. HEAD is GET whose body
    is not sent. Who asks an open route shows no key and is told nothing of groups."""
    method = "GET" if call.method == "HEAD" else call.method
    path = call.path
    if path != "/" and path.endswith("/"):
        path = call.path = path.rstrip("/") or "/"
    found = _unprefixed(method, call)
    if found is not None:
        return found
    call.prefix, call.path = "", path
    # Not among the fixed: a group may have the name of a provider.
    found = routes_logins.FIXED.get((method, path))
    if found is not None:
        return found
    parts = parted(path)
    if parts is None:
        return None
    call.way, call.path = parts
    found = _unprefixed(method, call)
    if found is None or (found.open and not call.gateway.has_group(call.way.group)):
        call.way, call.prefix, call.path = NO_WAY, "", path
        return None
    return found


def _unprefixed(method: str, call: HttpCall) -> Route | None:
    path = call.path
    found = _FIXED.get((method, path)) or routes_plain.shared(method, call)
    if found is not None:
        return found
    head, _, rest = path[1:].partition("/")
    if path.startswith(routes_amp.ROOT):
        return routes_amp.find(method, call)
    protocol = _PROTOCOLS.get(head)
    if protocol is not None:
        call.prefix = head
        call.path = "/" + rest
        return (
            protocol.fixed.get((method, call.path))
            or routes_plain.shared(method, call)
            or protocol.match(method, call.path)
        )
    for routes in _PROTOCOLS.values():
        found = routes.match(method, path)
        if found is not None:
            return found
    return routes_amp_control.find(call)


def codec_of_path(path: str) -> Codec:
    """The protocol whose error shape a caller of this path expects, before its route is known."""
    head, _, rest = path[1:].partition("/")
    if head in _PROTOCOLS:
        return _PROTOCOLS[head].codec
    if path.startswith(("/v1/messages", "/api/hello")):
        return routes_anthropic.ROUTES.codec
    if path.startswith("/v1beta") or ":" in path:
        return routes_gemini.ROUTES.codec
    if path.startswith(routes_amp.ROOT):
        return routes_amp.codec_of(path)
    if path.startswith("/api/"):
        return routes_ollama.ROUTES.codec
    if rest and (parts := parted(path)) is not None:
        return codec_of_path(parts[1])
    return routes_openai.ROUTES.codec
