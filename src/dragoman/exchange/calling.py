"""A call of an upstream with what opens its account now. A token that the upstream does not take is
renewed, and the call made once more."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from dragoman.errors import UpstreamFault
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.hosts import Credential, TokenSource
from dragoman.upstreams.http import Call, Headers, HttpClient
from dragoman.upstreams.lines import Line
from dragoman.upstreams.shapes import Shape

_NOT_TAKEN = 401
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


Send = Callable[[Call], Awaitable[Answer]]
"""What makes a call."""


class Called(NamedTuple):
    """`credential` holds the headers that were sent, so that they can be kept out of messages."""

    answer: Answer
    credential: Credential


async def called(
    http: HttpClient,
    credential: Credential,
    call: Callable[[Credential], Call],
    shape: Shape | None = None,
    line: Line | None = None,
    heard: Callable[[Send], Send] | None = None,
) -> Called:
    """The answer, unread; whoever takes it closes it. What its headers tell of the account's limits
    is noted. `line`: the client's own WebSocket, for accounts that have one upstream too.
    `heard`: notes the calls.

    Raises:
        UpstreamFault: there is none, or the account cannot be opened.
    """
    send: Send = http.send
    if line is not None and credential.websocket:
        send = partial(line.send, account=credential.id)
    if heard is not None:
        send = heard(send)
    found = await _called(send, credential, call)
    if shape is not None and shape.told is not None:
        shape.told(credential.id, found.answer.headers)
    return found


async def _called(send: Send, credential: Credential, call: Callable[[Credential], Call]) -> Called:
    source = credential.source
    if source is None:
        return Called(await send(call(credential)), credential)
    auth = await _opening(source)
    opened = credential.opened_by(auth)
    answer = await send(call(opened))
    if answer.status != _NOT_TAKEN:
        return Called(answer, opened)
    try:
        renewed = await source.refused(auth)
    except BaseException:
        answer.close()
        raise
    if not renewed:
        return Called(answer, opened)
    answer.close()
    opened = credential.opened_by(await _opening(source))
    return Called(await send(call(opened)), opened)


async def _opening(source: TokenSource) -> Headers:
    """The headers that open an account. Why it cannot be opened is told without its address, which
    is nothing for whoever uses it; the log has it all."""
    try:
        return await source.headers()
    except UpstreamFault as error:
        shown = _ADDRESS.sub("…", error.message)
        if shown != error.message:
            error.detail = error.detail or error.message
            error.message = shown
        raise
