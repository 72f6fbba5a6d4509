"""An answer that is closed unread must not leak into the next one on its connection."""

import asyncio

from tests.upstreams.raw_host import Exchange, raw_host, whole

from dragoman.upstreams.http import Call, HttpClient


async def numbered(exchange: Exchange) -> None:
    """Answers every request of a connection with the path it asked for, in one piece."""
    while (asked := await exchange.request()) is not None:
        await exchange.send(whole(asked.line.split()[1].encode()))


async def test_a_body_that_nobody_read_does_not_stand_before_the_next_answer() -> None:
    client = HttpClient()
    async with raw_host(numbered) as host:
        first = await client.send(Call("host", "GET", f"{host.url}/secret", []))
        await asyncio.sleep(0.05)
        first.close()
        second = await client.send(Call("host", "GET", f"{host.url}/mine", []))
        assert await second.read_all() == b"/mine"
        second.close()
        third = await client.send(Call("host", "GET", f"{host.url}/again", []))
        assert await third.read_all() == b"/again"
        third.close()
        await client.close()
