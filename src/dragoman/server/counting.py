"""Token counts, of the request as its group makes it: the upstream's own where it counts in the
client's protocol, else an estimate, which says so in `x-dragoman-estimate`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import msgspec

from dragoman.errors import UpstreamFault
from dragoman.exchange.incoming import Incoming, Reply
from dragoman.exchange.policies import Policed
from dragoman.exchange.resolving import resolved
from dragoman.neutral.estimate import request_tokens
from dragoman.neutral.json import Fields, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import Request
from dragoman.protocols.codec import Codec
from dragoman.server.call import HttpCall
from dragoman.server.respond import json_reply
from dragoman.server.routes import Handler, incoming_of


def counting(
    codec: Codec,
    path: str,
    read: Callable[[JsonObject, Losses], Request],
    shown: Callable[[int], JsonObject],
    *,
    model: str = "",
) -> Handler:
    """A handler that counts. `path` is the upstream's, below its base URL."""

    async def handle(call: HttpCall) -> Reply:
        body = call.json()
        name = model or Fields(body).needed_text("model")
        request = read({**body, "model": name}, Losses())
        caller, plain = call.caller.inside(name)
        incoming = incoming_of(call, codec)
        resolution = resolved(call.gateway.names, caller, plain, incoming.naming)
        assert call.outcome is not None
        if model:
            incoming = msgspec.structs.replace(incoming, model=model, in_url=True)
        call.outcome.group, call.outcome.model = caller.group, plain
        asked: Incoming | None = incoming
        policy = call.gateway.options.policies.get(caller.group)
        if policy is not None:
            policed = Policed(policy, plain)
            request, asked = policed.unaimed(request), policed.counted(incoming)
        reply = None
        if asked is not None:
            with suppress(UpstreamFault):
                reply = await call.gateway.exchange.side.count(asked, name, path)
        if reply is not None:
            call.outcome.upstream = resolution.targets[0].host.name
            return reply
        return json_reply(shown(request_tokens(request)), 200, [("x-dragoman-estimate", "true")])

    return handle
