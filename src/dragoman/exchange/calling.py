"""A call of an upstream with what opens its account now. A token that the upstream does not take is
renewed, and the call made once more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

from dragoman.upstreams.hosts import Credential
from dragoman.upstreams.http import Answer, Call, HttpClient
from dragoman.upstreams.lines import Line
from dragoman.upstreams.shapes import Shape

_NOT_TAKEN = 401


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
    auth = await source.headers()
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
    opened = credential.opened_by(await source.headers())
    return Called(await send(call(opened)), opened)
