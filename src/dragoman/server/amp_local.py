"""Amp's own calls where the gateway answers them itself."""

from __future__ import annotations

from dragoman.errors import UnknownRoute
from dragoman.exchange.incoming import Reply
from dragoman.server.call import HttpCall


async def answer(call: HttpCall, *, admitted: bool) -> Reply:
    """The answer to a call whose checks are made and whose body is read. `admitted`: the caller has
    a client key (or needs none); else it has opened a page.

    Raises:
        DragomanError: told in Amp's shape.
    """
    raise UnknownRoute(f"{call.method} {call.path} is not served here")
