"""What Amp asks of its own server: threads, account, settings, and the pages people open there.
Answered here (`ampcode.control-plane`) by the gateway itself, or passed to ampcode.com.

The checks, in this order: somebody answers at all; no other origin; this machine only, by the
address of the connection and never by a header; the client key. Texts are those of CLIProxyAPI's
Amp module, which its users search for.
"""

from __future__ import annotations

import time

from dragoman.amp.paths import Kind, kind_of
from dragoman.errors import DragomanError, Forbidden, UnknownRoute
from dragoman.exchange.incoming import Outcome, Reply
from dragoman.protocols.ollama.codec import CODEC as PLAIN
from dragoman.server import admission, amp_local, amp_socket
from dragoman.server.amp_proxy import passed_on, shown_client_key
from dragoman.server.bodies import Receive, Send
from dragoman.server.call import HttpCall
from dragoman.server.respond import json_reply
from dragoman.server.routes import Route, outcome_of
from dragoman.server.ways import parted

NOT_AVAILABLE = "amp upstream proxy not available"
NOT_LOCAL = "Access denied: management routes restricted to localhost"


_ELSEWHERE = frozenset({"cross-site", "same-site"})
"""What a browser tells of a page of another origin, also where it sends no Origin (a picture). A
link to a page may stand anywhere."""


class NoUpstream(DragomanError):
    """503: Amp's own calls are to go to ampcode.com, whose address is not written."""

    status = 503


def find(call: HttpCall) -> Route | None:
    """The route of a path of Amp's own server; None for any other path."""
    kind = kind_of(call.path)
    return None if kind is None else _ROUTES[kind]


def admit(call: HttpCall, kind: Kind) -> bool:
    """Makes the checks; whether the caller has shown that it may act for the user. A page may be
    opened without.

    Raises:
        NoUpstream, Forbidden, Unauthenticated.
    """
    gateway = call.gateway
    amp = gateway.configured.amp
    if not amp.local and not amp.upstream:
        raise NoUpstream(NOT_AVAILABLE)
    foreign = call.header("sec-fetch-site") in _ELSEWHERE and kind is not Kind.PAGE
    if call.method == "OPTIONS" or foreign:
        raise Forbidden("requests from pages of other origins are not served")
    if amp.restricted and not call.loopback:
        raise Forbidden(NOT_LOCAL)
    if kind.needs_key or shown_client_key(call):
        admission.admit(call)
        return True
    return False


async def joined(call: HttpCall, receive: Receive, send: Send) -> bool:
    """Serves a WebSocket on a path of Amp's own server; False where the path is none of its."""
    kind = kind_of(call.path)
    if kind is None and (parts := parted(call.path)) is not None:
        kind = kind_of(parts[1])
        if kind is not None:
            call.way, call.path = parts
    if kind is None:
        return False
    outcome = _outcome(call)
    await receive()
    try:
        admitted = admit(call, kind)
        outcome.key, outcome.group = call.caller.name, call.caller.group
        upstream = call.gateway.configured.amp.upstream
        if upstream is None or call.gateway.configured.amp.local:
            raise UnknownRoute(f"{call.path} is no WebSocket here")
        key = await upstream.keys.of(shown_client_key(call)) if admitted else ""
        outcome.status = await amp_socket.joined(call, receive, send, upstream, key)
    except DragomanError as error:
        outcome.status, outcome.error = error.status, error.message
        told = json_reply({"error": error.message}, error.status)
        await amp_socket.refuse(send, told)
    finally:
        outcome.total_s = time.monotonic() - outcome.started_at
        call.gateway.log(outcome)
    return True


def _outcome(call: HttpCall) -> Outcome:
    call.further = lambda outcome: {"path": call.path}
    return outcome_of(call, "amp")


def _route(kind: Kind) -> Route:
    async def handle(call: HttpCall) -> Reply:
        call.outcome = _outcome(call)
        try:
            admitted = admit(call, kind)
            call.outcome.key, call.outcome.group = call.caller.name, call.caller.group
            if call.gateway.configured.amp.local:
                await call.read_body()
                return await amp_local.answer(call, admitted=admitted)
            amp = call.gateway.configured.amp
            assert amp.upstream is not None
            key = await amp.upstream.keys.of(shown_client_key(call)) if admitted else ""
            return await passed_on(call, amp.upstream, key, basic=kind is Kind.ACTORS)
        except DragomanError as error:
            call.outcome.error = error.message
            return json_reply({"error": error.message}, error.status)

    return Route(PLAIN, handle, open=True, streamed=True)


_ROUTES = {kind: _route(kind) for kind in Kind}
