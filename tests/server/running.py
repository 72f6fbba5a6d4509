"""The gateway's application for tests: behind a real socket (`running`), or called as ASGI without
one (`asked`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import uvicorn

from dragoman.config.settings import Settings
from dragoman.server.app import App
from dragoman.server.gateway import Gateway
from dragoman.storage.state import State

KEY = "sk-client-one"
OTHER_KEY = "sk-client-two"
ECHO: dict[str, object] = {"name": "echo", "protocol": "echo"}
SEAL_KEY = b"k" * 32


def settings_of(upstreams: Sequence[Mapping[str, object]] = (ECHO,), **changes: object) -> Settings:
    """A configuration; `_` stands for `-`."""
    config: dict[str, object] = {
        "api-keys": [KEY, OTHER_KEY],
        "discover": False,
        "auth-dir": "/nonexistent/logins",
        "disable-cooling": True,
        "request-retry": 0,
        "upstreams": list(upstreams),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    return Settings.model_validate(config)


def app_of(
    upstreams: Sequence[Mapping[str, object]] = (ECHO,),
    state: State | None = None,
    **changes: object,
) -> App:
    return App(Gateway(settings_of(upstreams, **changes), state or State(), SEAL_KEY))


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


@contextlib.asynccontextmanager
async def running(app: App, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """The address (host:port) of the application while the block runs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, 0))
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            lifespan="on",
            loop="none",
            log_level=100,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.listens.wait()
            port = listener.getsockname()[1]
            yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        finally:
            server.leave.set()
            await task


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def asked(
    app: App,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    key: str = KEY,
    peer: str = "127.0.0.1",
    host: str = "localhost:8317",
) -> Answered:
    """One request to the application itself."""
    path, _, query = path.partition("?")
    given = {"host": host, **(headers or {})}
    if key:
        given.setdefault("authorization", f"Bearer {key}")
    scope: dict[str, object] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        "client": (peer, 50_000),
    }
    sent: list[Any] = []
    incoming = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        for message in incoming:
            return message
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    told = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Answered(start["status"], told, b"".join(m["body"] for m in sent[1:]))
