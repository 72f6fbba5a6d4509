"""A WebSocket of Amp's newer clients (`/actors/…`) joined with one to Amp's own server: messages,
subprotocols and close codes, both ways."""

from __future__ import annotations

import asyncio
from typing import cast

from dragoman.amp import crossing
from dragoman.amp.keys import key_headers
from dragoman.amp.masked import Mask
from dragoman.amp.upstream import NAME, AmpUpstream
from dragoman.errors import UpstreamFault
from dragoman.exchange.headers import set_header
from dragoman.exchange.incoming import Reply
from dragoman.observe.log import logger
from dragoman.server.amp_proxy import address, unreachable
from dragoman.server.bodies import Message, Receive, Send
from dragoman.server.call import HttpCall
from dragoman.upstreams.sockets import Closed, Refused, Socket, open_socket

_NO_STATUS, _ABNORMAL = 1005, 1006
_GOING_AWAY, _INTERNAL = 1001, 1011
"""What stands for an end that a close frame may not tell (RFC 6455, 7.4.1)."""


async def joined(
    call: HttpCall, receive: Receive, send: Send, upstream: AmpUpstream, key: str
) -> int:
    """Serves the WebSocket to its end, once its opening is received; the handshake's status."""
    own = crossing.up(call.headers, upstream.origin, call.gateway.keys.knows, basic=True)
    url = "ws" + address(call, upstream).removeprefix("http")
    try:
        socket = await open_socket(
            NAME,
            url,
            set_header(own, dict(key_headers(key))),
            call.subprotocols,
            proxy=upstream.proxy,
            largest=call.gateway.max_body,
            timeout_s=upstream.deadlines.first_byte,
        )
    except Refused as refused:
        headers = crossing.back(refused.headers, upstream.origin, secure=call.scheme == "wss")
        mask = Mask(key)
        body = mask.feed(refused.body) + mask.finish()
        shown = [(name, mask.text(value)) for name, value in headers]
        await refuse(send, Reply(refused.status, shown, body))
        return refused.status
    except UpstreamFault as error:
        logger().warning("Amp's server cannot be reached", id=call.id, reason=error.message)
        await refuse(send, unreachable())
        return 502
    await send({"type": "websocket.accept", "subprotocol": socket.subprotocol})
    await _relayed(receive, send, socket, key)
    return 101


async def refuse(send: Send, reply: Reply) -> None:
    """Answers a handshake with an ordinary answer."""
    assert isinstance(reply.body, bytes)
    headers = reply.headers or [("content-type", "application/json")]
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "websocket.http.response.start", "status": reply.status, "headers": pairs})
    await send({"type": "websocket.http.response.body", "body": reply.body})


async def _relayed(receive: Receive, send: Send, socket: Socket, key: str) -> None:
    up = asyncio.create_task(_up(receive, socket))
    down = asyncio.create_task(_down(socket, send, key))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            up.result()
        else:
            down.result()
    finally:
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
        await socket.close()


async def _up(receive: Receive, socket: Socket) -> None:
    while True:
        message: Message = await receive()
        if message["type"] == "websocket.disconnect":
            code = cast("int", message.get("code") or _NO_STATUS)
            code = {_NO_STATUS: 1000, _ABNORMAL: _GOING_AWAY}.get(code, code)
            await socket.close(code, cast("str", message.get("reason") or ""))
            return
        data = message.get("text")
        await socket.send(cast("str | bytes", message.get("bytes") if data is None else data))


async def _down(socket: Socket, send: Send, key: str) -> None:
    mask = Mask(key)
    while True:
        frame = await socket.receive()
        if isinstance(frame, Closed):
            code = {_NO_STATUS: 1000, _ABNORMAL: _INTERNAL}.get(frame.code, frame.code)
            await send({"type": "websocket.close", "code": code, "reason": frame.reason})
            return
        if isinstance(frame, str):
            await send({"type": "websocket.send", "text": mask.text(frame)})
        else:
            await send({"type": "websocket.send", "bytes": mask.feed(frame) + mask.finish()})
