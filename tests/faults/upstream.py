"""An upstream on a bare socket that fails on demand, in every way a network and a provider can."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from tests.faults import answers

PASSING = (
    "408",
    "429-soon",
    "500",
    "502",
    "503",
    "529",
    "reset-before-headers",
    "reset-after-headers",
    "stall",
    "garbage",
    "wrong-content-type",
    "error-in-200",
)
"""Faults before the commit point that are over soon."""

_KEY = re.compile(rb"\n(?:authorization: bearer|x-api-key:|x-goog-api-key:) *(\S+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\ncontent-length: *(\d+)", re.IGNORECASE)
_DRIP_S = 0.02
_RETRY_AFTER = {"429-soon": "0.2", "429-long": "100"}


@dataclass(frozen=True)
class Asked:
    """One attempt that came in, at this moment of the monotonic clock."""

    key: str
    protocol: str
    fault: str
    streamed: bool
    at_s: float


@dataclass
class FaultyUpstream:
    """`choose` names the fault for a key's next request ("" = none). The protocol is the first
    part of the path: base URLs are `http://…/openai/v1` and so on."""

    choose: Callable[[str], str]
    asked: list[Asked] = field(default_factory=list)
    on_left: Callable[[], None] = lambda: None
    """Called when a client gives up a stalled attempt."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers a request; whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
        path = head.split(b" ", 2)[1].decode()
        protocol = path.split("/")[1]
        streamed = ":stream" in path if protocol == "gemini" else json.loads(body).get("stream")
        found = _KEY.search(head)
        key = found[1].decode() if found else ""
        fault = self.choose(key)
        self.asked.append(Asked(key, protocol, fault, bool(streamed), time.monotonic()))
        goes_on = await _Acting(reader, writer, protocol, bool(streamed)).act(fault)
        if fault.startswith("stall"):
            self.on_left()
        return goes_on


class _Acting:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        protocol: str,
        streamed: bool,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = protocol
        self._streamed = streamed
        frames = answers.stream(protocol) if streamed else [answers.whole(protocol)]
        self._frames = frames
        kind = "application/x-ndjson" if protocol == "ollama" else "text/event-stream"
        self._type = kind if streamed else "application/json"

    async def act(self, fault: str) -> bool:
        if fault == "":
            return await self._whole(b"".join(self._frames))
        name, _, _ = fault.partition("-")
        if name.isdigit():
            return await self._refuse(int(name), _RETRY_AFTER.get(fault, ""))
        await getattr(self, "_" + fault.replace("-", "_"))()
        return False

    async def _whole(self, body: bytes, status: str = "200 OK", extra: str = "") -> bool:
        head = (
            f"HTTP/1.1 {status}\r\ncontent-type: {self._type}\r\n"
            f"content-length: {len(body)}\r\n{extra}\r\n"
        )
        await self._send(head.encode() + body)
        return True

    async def _refuse(self, status: int, retry_after: str) -> bool:
        self._type = "application/json"
        body = json.dumps(answers.error_body(self._protocol, status)).encode()
        extra = f"retry-after: {retry_after}\r\n" if retry_after else ""
        return await self._whole(body, f"{status} No", extra)

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def _begin(self) -> None:
        head = (
            f"HTTP/1.1 200 OK\r\ncontent-type: {self._type}\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        await self._send(head.encode())

    async def _piece(self, data: bytes) -> None:
        await self._send(b"%x\r\n%b\r\n" % (len(data), data))

    def _reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _reset_before_headers(self) -> None:
        self._reset()

    async def _reset_after_headers(self) -> None:
        await self._begin()
        await asyncio.sleep(0.01)
        self._reset()

    async def _reset_after_first_event(self) -> None:
        await self._begin()
        await self._piece(self._frames[0])
        await asyncio.sleep(0.01)
        self._reset()

    async def _reset_after_content(self) -> None:
        await self._begin()
        for frame in self._frames[:4]:
            await self._piece(frame if self._streamed else frame[:20])
        await asyncio.sleep(0.01)
        self._reset()

    async def _stall(self) -> None:
        await self._reader.read(1)

    async def _slow_begin(self) -> None:
        """Half a second of silence, then a good answer."""
        await asyncio.sleep(0.5)
        await self._whole(b"".join(self._frames))

    async def _stall_after_content(self) -> None:
        await self._begin()
        for frame in self._frames[:4]:
            await self._piece(frame if self._streamed else frame[:20])
        await self._reader.read(1)

    async def _slow_drip(self) -> None:
        """Everything comes, some bytes at a time."""
        await self._begin()
        data = b"".join(self._frames)
        step = len(data) // 20 + 1
        for at in range(0, len(data), step):
            await self._piece(data[at : at + step])
            await asyncio.sleep(_DRIP_S)
        await self._send(b"0\r\n\r\n")

    async def _garbage(self) -> None:
        await self._send(b"\x00\xff\x17 this is no HTTP at all \r\n\r\n")

    async def _garbage_body(self) -> None:
        await self._whole(b"\x00\xff{[ no JSON at all\n\n")

    async def _wrong_content_type(self) -> None:
        self._type = "text/html"
        await self._whole(b"<html><body>Please log in</body></html>")

    async def _error_in_200(self) -> None:
        await self._whole(answers.error(self._protocol, streamed=self._streamed))

    async def _error_after_content(self) -> None:
        await self._begin()
        for frame in self._frames[:4]:
            await self._piece(frame)
        await self._piece(answers.error(self._protocol, streamed=self._streamed))
        await self._send(b"0\r\n\r\n")

    async def _endless(self) -> None:
        """Events without content, for ever."""
        await self._begin()
        while True:
            await self._piece(self._frames[0] * 50)
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def faulty_upstream(
    choose: Callable[[str], str],
) -> AsyncIterator[tuple[FaultyUpstream, int]]:
    """The upstream and its port."""
    upstream = FaultyUpstream(choose)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, limit=1 << 20)
    try:
        yield upstream, server.sockets[0].getsockname()[1]
    finally:
        server.close()
