"""What a route is, and how a path finds one: a table for fixed paths, then each protocol's own
reading of paths that carry a name. No pattern is tried for the paths that are called all day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from dragoman.exchange.incoming import Incoming, Outcome, Reply
from dragoman.protocols.codec import Codec
from dragoman.server.call import HttpCall
from dragoman.server.explaining import EXPLAIN, explanation
from dragoman.server.management import authorize

Handler = Callable[[HttpCall], Awaitable[Reply]]


class Route(NamedTuple):
    """`open`: needs no client key. `open_on_loopback`: needs none from this machine when
    `ollama-open-on-loopback` is on. `streamed`: the handler reads the body, as it comes. `free`:
    asks no model, so it does not count for a key's limits; nor does anything that is not posted."""

    codec: Codec
    handle: Handler
    open: bool = False
    open_on_loopback: bool = False
    streamed: bool = False
    free: bool = False


class Routes(NamedTuple):
    """One protocol's: fixed paths by (method, path), and a reader of the others."""

    codec: Codec
    fixed: dict[tuple[str, str], Route]
    match: Callable[[str, str], Route | None]


def no_match(method: str, path: str) -> Route | None:
    """For a protocol all of whose paths are fixed."""
    return None


def incoming_of(call: HttpCall, codec: Codec) -> Incoming:
    """The call as the exchange takes it; also opens its outcome."""
    call.outcome = outcome_of(call, codec.name)
    return Incoming(
        call.id,
        codec,
        call.headers,
        call.body,
        call.query,
        caller=call.caller,
        naming=call.naming,
    )


def outcome_of(call: HttpCall, protocol: str) -> Outcome:
    """The outcome of a call about which nothing is known but who asks."""
    return Outcome(
        call.id,
        protocol,
        call.caller.name,
        call.caller.group,
        started_at=call.started_at,
        further=call.further,
    )


async def generated(call: HttpCall, incoming: Incoming) -> Reply:
    """The answer to a request for text; to who asks so and has the management key, what would
    become of it instead."""
    if call.header(EXPLAIN) == "1":
        await authorize(call)
        return Reply(200, [], msgspec.json.encode(explanation(call.gateway, incoming)))
    assert call.outcome is not None
    return await call.gateway.exchange.generate(incoming, call.outcome)


def generating(codec: Codec, *, convert: bool = False) -> Handler:
    """A handler for requests for text whose model stands in the body."""

    async def handle(call: HttpCall) -> Reply:
        incoming = incoming_of(call, codec)
        if convert:
            incoming = msgspec.structs.replace(incoming, convert=True)
        return await generated(call, incoming)

    return handle
