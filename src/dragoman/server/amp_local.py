"""Amp's own calls where the gateway answers them itself."""

from __future__ import annotations

from dragoman.amp.control import Asked
from dragoman.exchange.incoming import Reply
from dragoman.server.call import HttpCall


async def answer(call: HttpCall, *, admitted: bool) -> Reply:
    """The answer to a call whose checks are made and whose body is read. `admitted`: the caller has
    a client key (or needs none); else it has opened a page."""
    keys = call.gateway.keys

    def known(key: str) -> str | None:
        if keys.any:
            return keys.owner_of([key])
        return "" if call.loopback else None

    owner = call.caller.owner if admitted else None
    asked = Asked(call.method, call.path, call.query, call.body, owner, known)
    return await call.gateway.amp_control.answer(asked)
