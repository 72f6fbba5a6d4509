"""ASGI apps on a free loopback port: in the running event loop (`serve`) or in a thread of their
own (`in_thread`)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal

import uvicorn


class _Server(uvicorn.Server):
    """Leaves the process's signals alone, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()
        self.leave = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    async def main_loop(self) -> None:
        await self.leave.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Any, ws: Literal["none", "websockets-sansio"]) -> _Server:
    config = uvicorn.Config(
        app,
        log_level=100,
        access_log=False,
        lifespan="off",
        ws=ws,
        proxy_headers=False,
        loop="asyncio",
        timeout_graceful_shutdown=1,
    )
    return _Server(config)


def _listening(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.bind(("127.0.0.1", port))
    return sock


@contextlib.asynccontextmanager
async def serve(
    app: Any, port: int = 0, ws: Literal["none", "websockets-sansio"] = "none"
) -> AsyncIterator[str]:
    """The base URL (without a path) of an app served in this event loop until the block ends."""
    with _listening(port) as sock:
        server = _server(app, ws)
        task = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            await server.listens.wait()
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.leave.set()
            await task


@contextlib.contextmanager
def in_thread(app: Any, port: int = 0) -> Iterator[str]:
    """The same for synchronous tests: the app runs in a thread with its own event loop."""
    running = threading.Event()
    address: list[str] = []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        done = asyncio.Event()
        async with serve(app, port) as base_url:
            address.append(base_url)
            stop.append((asyncio.get_running_loop(), done))
            running.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    if not running.wait(10):
        raise RuntimeError("the fake did not start within 10 s")
    try:
        yield address[0]
    finally:
        loop, done = stop[0]
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
