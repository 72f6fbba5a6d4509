"""WebSockets to upstreams (RFC 6455), opened with a caller's headers and subprotocols.

What is behind it (the websockets library) is this file's matter alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Origin, Subprotocol

from dragoman.errors import Broken, TimedOut, Unreachable
from dragoman.upstreams.http import Headers

Frame = str | bytes
_ABNORMAL = 1006


class Closed(NamedTuple):
    """How the other side ended. 1006 stands for a connection that was lost."""

    code: int
    reason: str


class Refused(Exception):
    """The upstream answered the handshake with an ordinary answer."""

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.headers = headers
        self.body = body


class Socket:
    """One open WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @property
    def subprotocol(self) -> str | None:
        """What the upstream chose of those offered."""
        return self._connection.subprotocol

    async def receive(self) -> Frame | Closed:
        """The next message, or how it ended."""
        try:
            return await self._connection.recv()
        except ConnectionClosed as end:
            if end.rcvd is None:
                return Closed(_ABNORMAL, "")
            return Closed(end.rcvd.code, end.rcvd.reason)

    async def send(self, frame: Frame) -> None:
        """Nothing when it is closed already: `receive` tells how."""
        try:
            await self._connection.send(frame)
        except ConnectionClosed:
            return

    async def close(self, code: int = 1000, reason: str = "") -> None:
        await self._connection.close(code, reason)


class _Connect(connect):
    """Follows no redirect: it would take the caller's headers elsewhere."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def open_socket(
    upstream: str,
    url: str,
    headers: Headers,
    subprotocols: Sequence[str],
    *,
    proxy: str,
    largest: int,
    timeout_s: float,
) -> Socket:
    """
    Raises:
        Refused, Unreachable, TimedOut, Broken.
    """
    given = dict(headers)
    try:
        connection = await _Connect(
            url,
            additional_headers=[
                pair for pair in headers if pair[0] not in ("origin", "user-agent")
            ],
            user_agent_header=given.get("user-agent"),
            origin=Origin(given["origin"]) if "origin" in given else None,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            proxy=proxy or None,
            max_size=largest,
            open_timeout=timeout_s or None,
            ping_interval=None,
        )
    except InvalidStatus as answer:
        response = answer.response
        pairs = [(name.lower(), value) for name, value in response.headers.raw_items()]
        raise Refused(response.status_code, pairs, bytes(response.body or b"")) from None
    except TimeoutError:
        raise TimedOut(f"upstream {upstream}: no WebSocket within {timeout_s:g} s") from None
    except OSError as error:
        raise Unreachable(f"upstream {upstream}: no connection", detail=repr(error)) from error
    except WebSocketException as error:
        raise Broken(f"upstream {upstream} opened no WebSocket", detail=repr(error)) from error
    return Socket(connection)
