"""What Amp asks of its own server: threads, account, settings, and the pages people open there.
Answered here (`ampcode.control-plane`) by the gateway itself, or passed to ampcode.com.

The checks, in this order: somebody answers at all; no other origin; this machine only, by the
address of the connection and never by a header; the client key. Texts are those of CLIProxyAPI's
Amp module, which its users search for.
"""

from __future__ import annotations

from dragoman.accounts.client_keys import shown_keys
from dragoman.amp.paths import Kind, kind_of
from dragoman.errors import DragomanError, Forbidden
from dragoman.exchange.incoming import Reply
from dragoman.protocols.ollama.codec import CODEC as PLAIN
from dragoman.server import admission, amp_local
from dragoman.server.call import HttpCall
from dragoman.server.respond import json_reply
from dragoman.server.routes import Route, outcome_of

NOT_AVAILABLE = "amp upstream proxy not available"
NOT_LOCAL = "Access denied: management routes restricted to localhost"


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
    if call.method == "OPTIONS":
        raise Forbidden("requests from pages of other origins are not served")
    if amp.restricted and not call.loopback:
        raise Forbidden(NOT_LOCAL)
    if kind.needs_key or gateway.keys.name_of(shown_keys(call.headers, call.query)) is not None:
        admission.admit(call)
        return True
    return False


def _route(kind: Kind) -> Route:
    async def handle(call: HttpCall) -> Reply:
        try:
            admitted = admit(call, kind)
            call.outcome = outcome_of(call, "amp")
            if call.gateway.configured.amp.local:
                await call.read_body()
                return await amp_local.answer(call, admitted=admitted)
            raise NoUpstream(NOT_AVAILABLE)
        except DragomanError as error:
            if call.outcome is not None:
                call.outcome.error = error.message
            return json_reply({"error": error.message}, error.status)

    return Route(PLAIN, handle, open=True, streamed=True)


_ROUTES = {kind: _route(kind) for kind in Kind}
