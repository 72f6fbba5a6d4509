"""Embeddings, in every protocol that has them."""

from __future__ import annotations

import msgspec

from dragoman.exchange.incoming import Reply
from dragoman.protocols.codec import Codec
from dragoman.server.call import HttpCall
from dragoman.server.routes import Handler, incoming_of


def embedding(codec: Codec, *, model: str = "") -> Handler:
    """A handler for one protocol; `model` when the path names it."""

    async def handle(call: HttpCall) -> Reply:
        incoming = incoming_of(call, codec)
        if model:
            incoming = msgspec.structs.replace(incoming, model=model, in_url=True)
        assert call.outcome is not None
        return await call.gateway.exchange.side.embed(incoming, call.outcome)

    return handle
