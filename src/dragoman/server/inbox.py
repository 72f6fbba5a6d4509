"""A request whose body is read as it comes, while it is noticed that the client leaves."""

from __future__ import annotations

import asyncio

from dragoman.server.bodies import Message, Receive


class Inbox:
    """The client's messages. One reads the body by `receive`; `left` waits for the client to leave
    once the body is over: until then its reader is told."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._over = asyncio.Event()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            self._over.set()
        return message

    async def left(self) -> Message:
        await self._over.wait()
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return message
