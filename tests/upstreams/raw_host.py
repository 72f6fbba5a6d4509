"""A host of exact bytes: each connection is served by a function over its streams."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Script = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Asked:
    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class RawHost:
    """`connections` counts those accepted; `left` is set when a client ended one."""

    url: str = ""
    port: int = 0
    connections: int = 0
    open: int = 0
    asked: list[Asked] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Exchange:
    """One connection as its script sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    host: RawHost

    async def request(self) -> Asked | None:
        """The next request; None when the client is gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            self.host.left.set()
            return None
        line, *rest = head.decode("latin-1").split("\r\n")[:-2]
        headers = [(n.lower(), v) for n, _, v in (text.partition(": ") for text in rest)]
        asked = Asked(line, headers, b"")
        asked.body = await self.reader.readexactly(int(asked.header("content-length") or 0))
        self.host.asked.append(asked)
        self.host.arrived.set()
        return asked

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Waits until the client has left."""
        with contextlib.suppress(ConnectionError):
            await self.reader.read()
        self.host.left.set()


@contextlib.asynccontextmanager
async def raw_host(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawHost]:
    """Serves until the block ends; what is still open then is cut."""
    host = RawHost()
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host.connections += 1
        host.open += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        writers.append(writer)
        try:
            await script(Exchange(reader, writer, host))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            host.open -= 1
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    host.port = server.sockets[0].getsockname()[1]
    host.url = f"{'https' if tls else 'http'}://127.0.0.1:{host.port}"
    try:
        yield host
    finally:
        for _ in range(5):
            await asyncio.sleep(0)  # connections being accepted get their writer
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # the transports close their sockets in the loop's next turn


def answering(*pieces: bytes, close: bool = False, times: int = 1_000) -> Script:
    """Answers every request with these writes, each sent on its own."""

    async def script(exchange: Exchange) -> None:
        for _ in range(times):
            if await exchange.request() is None:
                return
            for piece in pieces:
                await exchange.send(piece)
                await asyncio.sleep(0)
            if close:
                break
        exchange.writer.close()

    return script


def whole(body: bytes, content_type: str = "application/json", status: int = 200) -> bytes:
    """An answer with its length."""
    return (
        f"HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body


def chunked(*bodies: bytes, content_type: str = "text/event-stream") -> list[bytes]:
    """A chunked answer: head, a chunk a body, the end."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    return [head.encode(), *(chunk(body) for body in bodies), b"0\r\n\r\n"]


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)
