"""An answer that is closed unread must not leak into the next one on its connection."""

import asyncio

from dragoman.upstreams.http import Call, HttpClient


async def _numbered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request of a connection with the path it asked for, in one piece."""
    while line := await reader.readline():
        path = line.split()[1]
        while await reader.readline() not in (b"\r\n", b""):
            pass
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(path), path))
        await writer.drain()
    writer.close()


async def test_a_body_that_nobody_read_does_not_stand_before_the_next_answer() -> None:
    server = await asyncio.start_server(_numbered, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = HttpClient()
    try:
        first = await client.send(Call("host", "GET", f"http://127.0.0.1:{port}/secret", []))
        await asyncio.sleep(0.05)
        first.close()
        second = await client.send(Call("host", "GET", f"http://127.0.0.1:{port}/mine", []))
        assert await second.read_all() == b"/mine"
        second.close()
        third = await client.send(Call("host", "GET", f"http://127.0.0.1:{port}/again", []))
        assert await third.read_all() == b"/again"
        third.close()
    finally:
        await client.close()
        server.close()
        await server.wait_closed()
