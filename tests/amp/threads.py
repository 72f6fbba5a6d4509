"""Threads as the CLI uploads them, and a control plane with a database of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from dragoman.amp.control import Asked, ControlPlane
from dragoman.exchange.incoming import Reply
from dragoman.storage.amp_threads import AmpThreads
from dragoman.storage.database import open_database
from dragoman.storage.state import State

ONE = "T-01a22586-5008-71ad-a16f-f78a8b3d2233"
TWO = "T-01a22589-3d84-7028-b90c-a642cbd8e151"
NOW_MS = 1_795_926_100_000
OWNER = "key-1"
KEYS = {"sk-one": OWNER, "sk-two": "key-2"}


def thread(id_: str = ONE, **changes: Any) -> dict[str, Any]:
    """A turn with a tool call, in the shape of an upload."""
    made = {
        "v": 73,
        "id": id_,
        "created": NOW_MS - 60_000,
        "title": "Where the é is",
        "agentMode": "smart",
        "messages": [
            {
                "role": "user",
                "messageId": 0,
                "content": [{"type": "text", "text": "Find the race condition"}],
                "meta": {"sentAt": NOW_MS - 50_000},
            },
            {
                "role": "assistant",
                "messageId": 1,
                "content": [
                    {"type": "thinking", "thinking": "hidden thoughts", "signature": "sig"},
                    {"type": "text", "text": "I'll write it."},
                    {
                        "type": "tool_use",
                        "id": "toolu_1",
                        "name": "create_file",
                        "input": {"path": "/home/me/Thing/New.txt", "content": "x"},
                    },
                ],
            },
            {
                "role": "user",
                "messageId": 2,
                "content": [
                    {
                        "type": "tool_result",
                        "toolUseID": "toolu_1",
                        "run": {
                            "status": "done",
                            "result": "created",
                            "trackFiles": ["file:///home/me/Thing/Other.txt"],
                        },
                    }
                ],
            },
        ],
        "meta": {"traces": []},
        "env": {
            "initial": {
                "trees": [
                    {
                        "uri": "file:///home/me/Thing",
                        "repository": {
                            "url": "https://github.com/Acme/thing",
                            "ref": "refs/heads/main",
                        },
                    }
                ]
            }
        },
    }
    return {**made, **changes}


@contextlib.asynccontextmanager
async def stored(folder: Path, **bounds: int) -> AsyncIterator[AmpThreads]:
    state = State(await open_database(folder))
    await state.open()
    try:
        yield AmpThreads(state, **bounds)
    finally:
        await state.close()


class Client:
    """One client key's calls."""

    def __init__(self, control: ControlPlane, owner: str | None = OWNER) -> None:
        self._control = control
        self._owner = owner

    async def reply(self, method: str, path: str, body: bytes = b"") -> Reply:
        path, _, query = path.partition("?")
        known: Callable[[str], str | None] = KEYS.get
        return await self._control.answer(Asked(method, path, query, body, self._owner, known))

    async def call(self, name: str, **params: Any) -> Any:
        body = json.dumps({"method": name, "params": params}).encode()
        reply = await self.reply("POST", f"/api/internal?{name}", body)
        assert reply.status == 200
        return body_of(reply)

    async def result(self, name: str, **params: Any) -> Any:
        told = await self.call(name, **params)
        assert told["ok"], told
        return told["result"]

    async def code(self, name: str, **params: Any) -> str:
        """The code of a refusal."""
        told = await self.call(name, **params)
        assert not told["ok"], told
        assert told["error"]["message"]
        return str(told["error"]["code"])


def body_of(reply: Reply) -> Any:
    return json.loads(text_of(reply))


def text_of(reply: Reply) -> str:
    assert isinstance(reply.body, bytes)
    return reply.body.decode()


@contextlib.asynccontextmanager
async def client(folder: Path) -> AsyncIterator[Client]:
    async with stored(folder) as threads:
        yield Client(ControlPlane(threads, lambda: NOW_MS / 1000))


@contextlib.asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[tuple[Client, Client]]:
    """One that shows no key, and the client of a key beside it."""
    async with stored(folder) as threads:
        control = ControlPlane(threads)
        yield Client(control, None), Client(control)
