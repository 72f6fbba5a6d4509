"""One model's page, in a protocol's shape."""

from __future__ import annotations

from collections.abc import Callable

from dragoman.exchange.incoming import Reply
from dragoman.exchange.resolving import resolved
from dragoman.neutral.listings import ModelEntry
from dragoman.protocols.codec import Codec
from dragoman.server.call import HttpCall
from dragoman.server.respond import json_reply
from dragoman.server.routes import Handler


def entry_of(call: HttpCall, name: str) -> ModelEntry:
    """What is served under a name.

    Raises:
        UnknownModel, UnknownGroup, Forbidden.
    """
    caller, model = call.caller.inside(name)
    for entry in call.gateway.entries(caller):
        if entry.id in (model, f"{model}:latest"):
            return entry
    return resolved(call.gateway.names, caller, model, call.naming).pools[0][0].entry


def page(name: str, codec_of: Callable[[HttpCall], Codec]) -> Handler:
    """A handler that shows one model."""

    async def handle(call: HttpCall) -> Reply:
        return json_reply(codec_of(call).model_out(entry_of(call, name)))

    return handle
