"""Responses over an upstream's WebSocket (OpenAI-Beta: responses_websockets=2026-02-06), for a
client that has opened one itself: the same request as a `response.create` frame, and the frames
that come back as the events of a stream.

Every frame carries the whole conversation, as Codex itself does after it has reconnected: what the
upstream keeps of a socket is not relied on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from dragoman.errors import TimedOut, Unreachable
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.http import Call, Headers

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

BETA = "responses_websockets=2026-02-06"
_HANDSHAKE_S = 30.0
_IDLE_S = 300.0
_ENDS = frozenset(
    "response.completed response.incomplete response.failed response.done error".split()
)
_OF_HTTP = frozenset("accept accept-encoding content-type content-length host".split())


class _Kind(msgspec.Struct):
    type: str = ""


_KIND = msgspec.json.Decoder(_Kind)


class Line:
    """The sockets of one client's socket, one an account: opened when first needed, kept until the
    client goes."""

    def __init__(self) -> None:
        self._open: dict[str, _Socket] = {}

    async def send(self, call: Call, account: str) -> Answer:
        """A call's answer, as `HttpClient.send`; a handshake that is refused is one too.

        Raises:
            Unreachable, TimedOut.
        """
        frame = '{"type":"response.create",' + call.body.decode()[1:]
        kept = self._open.pop(account, None)
        if kept is not None and await kept.ask(frame):
            frames = _Frames(kept)
            if await _begun(frames, call):
                return self._answer(call, account, frames, kept)
        found = await _connected(call)
        if isinstance(found, _Refused):
            return Answer(call, found, _now(), lambda: None)
        fresh = _Socket(found)
        if not await fresh.ask(frame):
            raise Unreachable(f"upstream {call.upstream} closed the WebSocket at once")
        return self._answer(call, account, _Frames(fresh), fresh)

    def _answer(self, call: Call, account: str, frames: _Frames, socket: _Socket) -> Answer:
        def give_back() -> None:
            if frames.complete:
                socket.idle_since = _now()
                self._open[account] = socket
            else:
                socket.abort()

        return Answer(call, frames, _now(), give_back)

    async def close(self) -> None:
        sockets, self._open = list(self._open.values()), {}
        await asyncio.gather(*(socket.inner.close() for socket in sockets))


class _Socket:
    def __init__(self, inner: ClientConnection) -> None:
        self.inner = inner
        self.idle_since = _now()

    async def ask(self, frame: str) -> bool:
        """Whether the frame could be sent: a socket may be closed, or too long idle."""
        from websockets.exceptions import ConnectionClosed

        if _now() - self.idle_since > _IDLE_S:
            self.abort()
            return False
        try:
            await self.inner.send(frame)
        except ConnectionClosed:
            return False
        return True

    def abort(self) -> None:
        self.inner.transport.abort()


class _Frames:
    """The frames of one response as an answer's body."""

    status = 200

    def __init__(self, socket: _Socket) -> None:
        self.headers: Headers = [("content-type", "text/event-stream")]
        self.complete = False
        self.abort = socket.abort
        self._inner = socket.inner
        self._pieces: list[bytes] = []

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data

    async def arrival(self) -> None:
        """
        Raises:
            OSError: the socket was closed in mid-answer.
        """
        from websockets.exceptions import ConnectionClosed

        try:
            text = await self._inner.recv(decode=False)
        except ConnectionClosed as error:
            raise OSError(str(error)) from None
        self._pieces.append(b"data: " + text + b"\n\n")
        self.complete = _kind(text) in _ENDS


async def _begun(frames: _Frames, call: Call) -> bool:
    """Waits for the first frame on a kept socket; whether one came before it was closed."""
    limit_s = call.deadlines.first_byte
    try:
        async with asyncio.timeout(limit_s or None):
            await frames.arrival()
    except TimeoutError:
        frames.abort()
        raise TimedOut(f"upstream {call.upstream} sent nothing for {limit_s:g} s") from None
    except OSError:
        return False
    except BaseException:
        frames.abort()
        raise
    return True


class _Refused:
    """A handshake that was answered with an error."""

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.complete = False
        self._body = body

    def take(self) -> bytes:
        body, self._body = self._body, b""
        self.complete = True
        return body

    async def arrival(self) -> None:
        self.complete = True


def _kind(text: bytes) -> str:
    try:
        return _KIND.decode(text).type
    except msgspec.MsgspecError:
        return ""


async def _connected(call: Call) -> ClientConnection | _Refused:
    # Imported here: only who uses WebSockets upstream waits for it.
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake, InvalidStatus

    sent = [(name, value) for name, value in call.headers if name not in _OF_HTTP]
    if not any(name == "openai-beta" for name, _ in sent):
        sent.append(("openai-beta", BETA))
    try:
        return await connect(
            "ws" + call.url.removeprefix("http"),
            additional_headers=sent,
            user_agent_header=None,
            proxy=call.proxy or None,
            open_timeout=_HANDSHAKE_S,
            max_size=None,
        )
    except InvalidStatus as error:
        answer = error.response
        told = [(name.lower(), value) for name, value in answer.headers.raw_items()]
        kept = [pair for pair in told if pair[0] not in ("content-encoding", "transfer-encoding")]
        return _Refused(answer.status_code, kept, bytes(answer.body or b""))
    except TimeoutError:
        raise TimedOut(
            f"upstream {call.upstream}: no WebSocket within {_HANDSHAKE_S:g} s"
        ) from None
    except (OSError, InvalidHandshake) as error:
        raise Unreachable(
            f"upstream {call.upstream}: no WebSocket to it", detail=repr(error)
        ) from error


def _now() -> float:
    return asyncio.get_running_loop().time()
