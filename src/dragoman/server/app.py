"""The ASGI application: guard, key, route, reply; and every failure in the caller's protocol."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable

from dragoman import __version__
from dragoman.errors import DragomanError, UnknownRoute
from dragoman.exchange.incoming import Reply
from dragoman.observe import metrics
from dragoman.observe.log import logger
from dragoman.protocols.codec import Codec
from dragoman.server import management, routes_amp_control, websocket
from dragoman.server.admission import admit
from dragoman.server.bodies import ClientLeft, Message, Receive, Send
from dragoman.server.call import HttpCall, Scope
from dragoman.server.error_replies import error_reply
from dragoman.server.gateway import Gateway
from dragoman.server.inbox import Inbox
from dragoman.server.respond import send_reply, until_left
from dragoman.server.routes import Route, outcome_of
from dragoman.server.table import codec_of_path, find_route

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class App:
    """One gateway behind ASGI. Opens and closes it with the server's lifespan."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self._http(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = HttpCall(scope, receive, self.gateway, "req_" + secrets.token_hex(8))
        sender = _Sender(send, call.id)
        codec = codec_of_path(call.path)
        try:
            self.gateway.guard.check(call.header("host"), call.header("origin"))
            if management.is_management(call.path):
                await send_reply(sender, await management.answer(call))
                return
            route = find_route(call)
            if route is None:
                raise UnknownRoute(f"{call.method} {call.path} is not served here")
            codec = route.codec
            if not route.open:
                call.outcome = outcome_of(call, codec.name)
                admit(call, without_key=self._needs_no_key(call, route))
                call.outcome = outcome_of(call, codec.name)
            left = receive
            if route.streamed:
                call.inbox = Inbox(receive)
                left = call.inbox.left
            else:
                await call.read_body()
            if call.method == "POST" and not route.free:
                call.use = self.gateway.limiter.begin(call.key, call.body)
            with metrics.IN_FLIGHT.track_inprogress():
                await until_left(left, lambda: _answer(route, call, sender))
        except ClientLeft:
            sender.status = websocket.CLIENT_LEFT
        except DragomanError as error:
            await self._fail(error, codec, call, sender)
        except Exception as error:  # noqa: BLE001 - the last line of defence of a request
            logger().error("request failed", id=call.id, exc_info=error)
            await self._fail(DragomanError("internal error"), codec, call, sender)
        finally:
            self._settle(call, sender.status)

    def _needs_no_key(self, call: HttpCall, route: Route) -> bool:
        return (
            route.open_on_loopback
            and call.loopback
            and self.gateway.settings.ollama_open_on_loopback
        )

    async def _fail(
        self, error: DragomanError, codec: Codec, call: HttpCall, sender: _Sender
    ) -> None:
        if call.outcome is None:
            call.outcome = outcome_of(call, codec.name)
        call.outcome.error = error.message
        if error.detail:
            logger().debug("failure", id=call.id, detail=error.detail)
        if not sender.started:
            await send_reply(sender, error_reply(error, codec))

    def _settle(self, call: HttpCall, status: int) -> None:
        outcome = call.outcome
        if outcome is None:
            return
        outcome.status = outcome.status or status
        outcome.total_s = time.monotonic() - outcome.started_at
        call.use.end(outcome)
        self.gateway.log(outcome)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.gateway.open()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.gateway.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = HttpCall(scope, receive, self.gateway, "ws_" + secrets.token_hex(8))
        try:
            self.gateway.guard.check(call.header("host"), call.header("origin"))
            if await routes_amp_control.joined(call, receive, send):
                return
            way = websocket.way_of(call.path)
            if way is None:
                raise UnknownRoute(f"{call.path} is no WebSocket here")
            call.way = way
            admit(call)
        except DragomanError as error:
            await websocket.refuse(receive, send, error)
            return
        await websocket.Connection(call, receive, send).serve()


class _Sender:
    """`send` that adds our own headers and remembers the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._id = request_id.encode()
        self.started = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            status, headers = message["status"], message["headers"]
            assert isinstance(status, int)
            assert isinstance(headers, list)
            self.status = status
            headers += [(b"x-dragoman", _VERSION), (b"x-dragoman-request", self._id)]
        await self._send(message)


async def _answer(route: Route, call: HttpCall, sender: _Sender) -> None:
    reply: Reply = await route.handle(call)
    await send_reply(sender, reply, head=call.method == "HEAD")


_VERSION = __version__.encode()
