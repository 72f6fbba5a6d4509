"""Paths of a protocol that nobody here reads (images, audio, files, batches): passed to an upstream
of that protocol, unchanged but for the model's name."""

from __future__ import annotations

from dragoman.errors import UnknownRoute
from dragoman.exchange.incoming import Reply
from dragoman.exchange.model_places import Unread
from dragoman.protocols.codec import Codec
from dragoman.server.call import HttpCall
from dragoman.server.routes import Handler, incoming_of

_CLIMBS = frozenset({".", ".."})


def passing(codec: Codec, path: str) -> Handler:
    """A handler for one path below the base URL."""

    async def handle(call: HttpCall) -> Reply:
        if not _CLIMBS.isdisjoint(path.split("/")):
            raise UnknownRoute(f"{call.path} is not served here: it is no plain path")
        incoming = incoming_of(call, codec)
        assert call.outcome is not None
        unread = Unread(path, call.query, call.body, call.header("content-type"))
        side = call.gateway.exchange.side
        return await side.pass_on(incoming, call.method, unread, call.outcome)

    return handle
