"""Responses over WebSocket, as Codex speaks it (OpenAI-Beta: responses_websockets=2026-02-06).

A text frame `{"type":"response.create", …body}` is one response; each of its events is one text
frame back. `generate: false` warms up: an empty response, kept. The connection keeps its last
response whatever `store` says, so that a frame may carry only what is new.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Callable

import msgspec

from dragoman.errors import DragomanError, InvalidRequest, Unauthenticated
from dragoman.exchange.incoming import AS_CONFIGURED, Finish, Incoming, Outcome
from dragoman.exchange.resolving import resolved
from dragoman.exchange.stored_responses import Kept, conversation, items_of
from dragoman.neutral.events import Event, Finished, Started
from dragoman.neutral.json import Fields, Json, JsonObject, decode, encode
from dragoman.neutral.losses import Losses
from dragoman.observe import metrics
from dragoman.observe.log import logger
from dragoman.protocols.codec import Reply as RenderReply
from dragoman.protocols.framing.sse import SseDecoder
from dragoman.protocols.openai_responses.codec import CODEC
from dragoman.server.admission import admit
from dragoman.server.bodies import Message, Receive, Send
from dragoman.server.call import HttpCall
from dragoman.server.explaining import EXPLAIN, explanation
from dragoman.server.management import authorize
from dragoman.server.responses_api import Expanded, compacted, keeper, pinned, previous_of
from dragoman.server.ways import NO_WAY, Way, parted
from dragoman.upstreams.lines import Line

_PATHS = frozenset({"/v1/responses", "/backend-api/codex/responses"})
_CREATE = "response.create"
_FRAME_STATUS = {429: 503}
"""Codex takes a 429 frame for the end of everything, a 503 for a reason to try again."""
CLIENT_LEFT = 499
_POLICY_VIOLATION = 1008


def way_of(path: str) -> Way | None:
    """What stands in front of a path on which a WebSocket may be opened; None for all others."""
    if _is_served(path):
        return NO_WAY
    parts = parted(path)
    return parts[0] if parts is not None and _is_served(parts[1]) else None


def _is_served(path: str) -> bool:
    return path.removeprefix("/openai").rstrip("/") in _PATHS


class Connection:
    """One WebSocket. Responses are made one after the other, each for the key as it is by then;
    when the client goes, the one in work is cancelled."""

    def __init__(self, call: HttpCall, receive: Receive, send: Send) -> None:
        self._call = call
        self._receive = receive
        self._send = send
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._work: asyncio.Task[None] | None = None
        self._last: tuple[str, Kept] | None = None
        self._line = Line()

    async def serve(self) -> None:
        """Accepts, and returns when the client has gone."""
        await self._receive()
        await self._send({"type": "websocket.accept"})
        reader = asyncio.create_task(self._read())
        try:
            while (frame := await self._inbox.get()) is not None:
                self._work = asyncio.create_task(self._answer(frame))
                await asyncio.wait({self._work})
        finally:
            reader.cancel()
            if self._work is not None:
                self._work.cancel()
            await self._line.close()

    async def _read(self) -> None:
        while True:
            message: Message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self._inbox.put_nowait(None)
                if self._work is not None:
                    self._work.cancel()
                return
            data = message.get("text") or message.get("bytes") or b""
            assert isinstance(data, str | bytes)
            self._inbox.put_nowait(data.encode() if isinstance(data, str) else data)

    async def _answer(self, frame: bytes) -> None:
        outcome = Outcome(
            id="req_" + secrets.token_hex(8),
            protocol="responses/ws",
            key=self._call.caller.name,
            group=self._call.caller.group,
            started_at=time.monotonic(),
        )
        call = self._call
        try:
            admit(call)
            outcome.group = call.caller.group
            with metrics.IN_FLIGHT.track_inprogress():
                await self._respond(frame, outcome)
            outcome.status = outcome.status or 200
        except DragomanError as error:
            outcome.status, outcome.error = error.status, error.message
            await self._tell(error)
            if isinstance(error, Unauthenticated):
                await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        except asyncio.CancelledError:
            outcome.status = CLIENT_LEFT
            raise
        except Exception as error:  # noqa: BLE001 - the last line of defence of a response
            outcome.status, outcome.error = 500, "internal error"
            logger().error("response failed", id=outcome.id, exc_info=error)
            await self._tell(DragomanError("internal error"))
        finally:
            outcome.total_s = time.monotonic() - outcome.started_at
            call.use.end(outcome)
            call.gateway.log(outcome)

    async def _respond(self, frame: bytes, outcome: Outcome) -> None:
        body = _body(frame)
        generate = body.pop("generate", True)
        ready = self._whole_input(body)
        items = ready.items
        body["stream"] = True
        if generate is False:
            await self._warm_up(body, items, outcome)
            return
        data = encode(body)
        self._call.use = self._call.gateway.limiter.begin(self._call.key, data)
        keep = keeper(self._call.gateway.stored, data, items, self._call.caller.owner)

        def finished(finish: Finish) -> None:
            if finish.document is not None and not ready.way:
                self._remember(finish.document, items)
            keep(finish)

        def kept(whole: Expanded) -> Callable[[Finish], None]:
            keep_whole = keeper(
                self._call.gateway.stored, whole.body, whole.items, self._call.caller.owner
            )

            def finished_whole(finish: Finish) -> None:
                if finish.document is not None:
                    self._remember(finish.document, whole.items)
                keep_whole(finish)

            return finished_whole

        incoming = Incoming(
            outcome.id,
            CODEC,
            self._call.headers,
            data,
            self._call.query,
            caller=self._call.caller,
            on_finish=finished,
            line=self._line,
        )
        gateway = self._call.gateway
        incoming = pinned(incoming, ready, gateway.stored, kept)
        if self._call.header(EXPLAIN) == "1":
            await self._explain(compacted(incoming, gateway))
            return
        reply = await gateway.exchange.generate(compacted(incoming, gateway), outcome)
        assert not isinstance(reply.body, bytes)
        decoder = SseDecoder()
        try:
            async for chunk in reply.body:
                await self._forward(decoder, chunk)
        finally:
            await reply.body.aclose()

    async def _explain(self, incoming: Incoming) -> None:
        """What would become of the request instead of it, to who has the management key."""
        await authorize(self._call)
        told = explanation(self._call.gateway, incoming)
        frame = {"type": "dragoman.explanation", "explanation": told}
        text = msgspec.json.encode(frame).decode()
        await self._send({"type": "websocket.send", "text": text})

    def _whole_input(self, body: JsonObject) -> Expanded:
        """The input with the conversation before it written out, also into `body`; or the account
        that keeps that conversation, which is then required."""
        items = items_of(body.get("input"))
        previous = previous_of(body.pop("previous_response_id", None))
        if previous is not None:
            if self._last is not None and self._last[0] == previous:
                kept = self._last[1]
            else:
                kept = self._call.gateway.stored.previous(previous, self._call.caller.owner)
            if kept.account:
                body["previous_response_id"] = previous
                return Expanded(b"", items, kept.account, previous)
            items = [*conversation(kept), *items]
        body["input"] = items
        return Expanded(b"", items)

    def _remember(self, response: JsonObject, items: list[Json]) -> None:
        id_ = response.get("id")
        if isinstance(id_, str):
            kept = Kept(self._call.caller.owner, response=encode(response), input=encode(items))
            self._last = (id_, kept)

    async def _warm_up(self, body: JsonObject, items: list[Json], outcome: Outcome) -> None:
        request = CODEC.request_in(dict(body), Losses())
        outcome.model = request.model
        caller, model = self._call.caller.inside(request.model)
        resolved(self._call.gateway.names, caller, model, AS_CONFIGURED)
        reply = RenderReply(
            request,
            request.model,
            lambda prefix: prefix + secrets.token_hex(12),
            time.monotonic,
            int(time.time()),
        )
        encoder = CODEC.stream_out(reply)
        events: list[Event] = [Started(), Finished("end")]
        data = encoder.encode(events) + encoder.finish()
        decoder = SseDecoder()
        await self._forward(decoder, data, items)

    async def _forward(
        self, decoder: SseDecoder, chunk: bytes, warm: list[Json] | None = None
    ) -> None:
        for event in decoder.feed(chunk):
            if warm is not None and event.event == "response.completed":
                response = Fields(decode(event.data)).raw("response")
                assert isinstance(response, dict)
                self._remember(response, warm)
            await self._send({"type": "websocket.send", "text": event.data.decode()})

    async def _tell(self, error: DragomanError) -> None:
        status, document = CODEC.error_out(error)
        frame: JsonObject = {
            "type": "error",
            "status": _FRAME_STATUS.get(status, status),
            **document,
        }
        if error.retry_after_s is not None:
            frame["headers"] = {"retry-after": str(math.ceil(error.retry_after_s))}
        await self._send({"type": "websocket.send", "text": encode(frame).decode()})


def _body(frame: bytes) -> JsonObject:
    try:
        body = decode(frame)
    except ValueError as error:
        raise InvalidRequest(f"the frame is not valid JSON: {error}") from None
    fields = Fields(body)
    if fields.text("type") != _CREATE:
        raise InvalidRequest(f'type: expected "{_CREATE}"', param="type")
    return {name: value for name, value in fields.value.items() if name != "type"}


async def refuse(receive: Receive, send: Send, error: DragomanError) -> None:
    """Answers the handshake with an HTTP error, which tells the client why."""
    await receive()
    status, document = CODEC.error_out(error)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": encode(document)})
