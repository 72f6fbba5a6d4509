"""Sending a request's body as it comes from somewhere else, no faster than the host takes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from dragoman.upstreams.connection import Connection


class Upload(NamedTuple):
    """A body that is not at hand as a whole. `length` in bytes; None where it is not known: then it
    is sent in chunks."""

    pieces: AsyncIterator[bytes]
    length: int | None = None

    @property
    def framing(self) -> str:
        """The header that tells where the body ends."""
        if self.length is None:
            return "transfer-encoding: chunked"
        return f"content-length: {self.length}"


async def answered_upload(
    connection: Connection, upload: Upload, idle_s: float, first_byte_s: float
) -> asyncio.Future[None]:
    """Sends until the head of the answer is there; the sending, which may go on. The connection is
    closed when that fails: a body that is not whole must not look as if it were.

    Raises:
        OSError, NotHttp: the connection is lost.
        TimeoutError: the host took nothing for `idle_s`, or did not answer for `first_byte_s`.
        Whatever the pieces' source raises.
    """
    sending = asyncio.ensure_future(_sent(connection, upload, idle_s))
    heading = asyncio.ensure_future(_headed(connection))
    sending.add_done_callback(lambda task: _cut_if_failed(task, connection))
    try:
        await asyncio.wait({sending, heading}, return_when=asyncio.FIRST_COMPLETED)
        if not heading.done() or heading.exception() is not None:
            if sending.done():
                sending.result()
            async with asyncio.timeout(first_byte_s or None):
                await heading
    except BaseException:
        for task in (sending, heading):
            task.cancel()
        await asyncio.gather(sending, heading, return_exceptions=True)
        raise
    return sending


async def _sent(connection: Connection, upload: Upload, idle_s: float) -> None:
    async for piece in upload.pieces:
        if piece:
            data = piece if upload.length is not None else b"%x\r\n%b\r\n" % (len(piece), piece)
            async with asyncio.timeout(idle_s or None):
                await connection.send(data)
    if upload.length is None:
        await connection.send(b"0\r\n\r\n")


async def _headed(connection: Connection) -> None:
    while not connection.head_done:
        await connection.arrival()


def _cut_if_failed(sending: asyncio.Future[None], connection: Connection) -> None:
    if not sending.cancelled() and sending.exception() is not None:
        connection.close()
