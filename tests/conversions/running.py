"""The whole gateway in this process: asked over ASGI, with fakes on real sockets behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from tests.conversions.pipeline import SEAL_KEY
from tests.fakes.fake import Fake
from tests.fakes.serving import serve

from dragoman.config.load import load_text
from dragoman.server.app import App
from dragoman.server.bodies import Message
from dragoman.server.gateway import Gateway
from dragoman.storage.state import State

KEY = "sk-client"


class Answer(msgspec.Struct):
    """What a client was sent. `ended`: the body came to its regular end."""

    status: int
    headers: dict[str, str]
    body: bytes
    ended: bool

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks the app as a client on loopback would."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def ask(
        self, method: str, path: str, body: object = None, *, key: str | None = None, **headers: str
    ) -> Answer:
        """`headers` with `_` for `-`; without `key` the client's own as a bearer."""
        sent = {"host": "127.0.0.1", "authorization": f"Bearer {KEY if key is None else key}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        messages: list[Message] = []
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()
            asked = True
            data = b"" if body is None else json.dumps(body).encode()
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        path, _, query = path.partition("?")
        scope = _scope("http", path, query, sent) | {"method": method}
        await self._app(scope, receive, send)
        return _answer(messages)

    async def talk(self, path: str, frames: Sequence[object], last: str) -> list[Any]:
        """A WebSocket: each frame is sent when the response before it has ended with an event of
        type `last`. All events received; ["accepted"] comes first."""
        inbox: asyncio.Queue[Message] = asyncio.Queue()
        inbox.put_nowait({"type": "websocket.connect"})
        out: list[Any] = []
        waiting = list(frames)

        def more() -> None:
            if waiting:
                text = json.dumps(waiting.pop(0))
                inbox.put_nowait({"type": "websocket.receive", "text": text})
            else:
                inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})

        async def send(message: Message) -> None:
            if message["type"] == "websocket.accept":
                out.append("accepted")
                more()
            elif message["type"] == "websocket.send":
                event = json.loads(str(message["text"]))
                out.append(event)
                if event["type"] in (last, "error"):
                    more()
            else:
                out.append(message)

        sent = {"host": "127.0.0.1", "authorization": f"Bearer {KEY}"}
        await self._app(_scope("websocket", path, "", sent), inbox.get, send)
        return out


def _scope(kind: str, path: str, query: str, headers: dict[str, str]) -> dict[str, object]:
    return {
        "type": kind,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
    }


def _answer(messages: list[Message]) -> Answer:
    start = messages[0]
    status, headers = start["status"], start["headers"]
    assert isinstance(status, int)
    assert isinstance(headers, list)
    pieces = [message.get("body", b"") for message in messages[1:]]
    return Answer(
        status,
        {name.decode(): value.decode() for name, value in headers},
        b"".join(piece for piece in pieces if isinstance(piece, bytes)),
        not messages[-1].get("more_body", False),
    )


@contextlib.asynccontextmanager
async def running(folder: Path, fake: Fake, models: Sequence[object]) -> AsyncIterator[Client]:
    """A client of the gateway, whose one upstream is the fake with these models."""
    async with serve(fake) as base_url:
        upstream = {
            "name": "host",
            "protocol": fake.protocol,
            "base-url": base_url,
            "keys": [fake.key],
            "models": list(models),
        }
        config = {
            "data-dir": str(folder),
            "api-keys": [KEY],
            "discover": False,
            "log-level": "error",
            "upstreams": [upstream],
        }
        settings = load_text(json.dumps(config), folder / "config.yaml", {}).settings
        gateway = Gateway(settings, State(), SEAL_KEY)
        await gateway.open()
        try:
            yield Client(App(gateway))
        finally:
            await gateway.close()
