"""Bodies that are sent while they come from somewhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.upstreams.raw_host import Exchange, RawHost, raw_host

from dragoman.errors import Broken, TimedOut
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.http import Call, Deadlines, HttpClient
from dragoman.upstreams.uploading import Upload

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
ONE, MUCH = b"x" * 10, 4 * 1024 * 1024


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def sent(client: HttpClient, host: RawHost, upload: Upload, **deadlines: float) -> Answer:
    call = Call(
        "up", "POST", host.url + "/x", [("a", "b")], deadlines=Deadlines(**deadlines), upload=upload
    )
    return await client.send(call)


async def test_a_body_of_unknown_length_goes_in_chunks() -> None:
    client = HttpClient()
    seen: list[bytes] = []

    async def script(exchange: Exchange) -> None:
        seen.append(await exchange.reader.readuntil(b"\r\n0\r\n\r\n"))
        await exchange.send(OK)

    async with raw_host(script) as host:
        answer = await sent(client, host, Upload(pieces(b"abc", b"", b"d" * 16)))
        assert await answer.read_all() == b"ok"
        answer.close()
        await client.close()
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert b"\r\ntransfer-encoding: chunked" in head
    assert b"content-length" not in head
    assert body == b"3\r\nabc\r\n10\r\ndddddddddddddddd\r\n0\r\n\r\n"


async def test_a_body_of_known_length_goes_as_it_is_and_its_connection_serves_again() -> None:
    client = HttpClient()

    async def script(exchange: Exchange) -> None:
        while await exchange.request() is not None:
            await exchange.send(OK)

    async with raw_host(script) as host:
        answer = await sent(client, host, Upload(pieces(b"abc", b"def"), 6))
        assert await answer.read_all() == b"ok"
        answer.close()
        again = await client.send(Call("up", "GET", host.url + "/y", []))
        assert await again.read_all() == b"ok"
        again.close()
        assert (host.connections, host.asked[0].body) == (1, b"abcdef")
        await client.close()


async def test_an_answer_that_comes_first_is_read_and_the_rest_is_not_sent() -> None:
    client = HttpClient()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield ONE
            await asyncio.sleep(0)

    async def script(exchange: Exchange) -> None:
        await exchange.reader.readuntil(b"\r\n\r\n")
        await exchange.send(b"HTTP/1.1 413 no\r\ncontent-length: 2\r\n\r\nno")
        await exchange.gone()

    async with raw_host(script) as host:
        answer = await sent(client, host, Upload(endless()))
        assert (answer.status, await answer.read_all()) == (413, b"no")
        answer.close()
        await asyncio.wait_for(host.left.wait(), 5)
        await client.close()


@pytest.mark.parametrize(
    ("then", "words"),
    [(b"", "closed the connection before it answered"), (b"nonsense\r\n\r\n", "not HTTP")],
)
async def test_a_host_that_does_not_answer_as_one_is_told(then: bytes, words: str) -> None:
    client = HttpClient()

    async def script(exchange: Exchange) -> None:
        await exchange.reader.readuntil(b"0\r\n\r\n")
        await exchange.send(then)

    async with raw_host(script) as host:
        with pytest.raises(Broken, match=words):
            await sent(client, host, Upload(pieces(ONE)))
        await client.close()


@pytest.mark.parametrize("size", [10, MUCH], ids=["answers nothing", "takes nothing"])
async def test_a_host_that_stalls_is_given_up(size: int) -> None:
    client = HttpClient()

    async def script(exchange: Exchange) -> None:
        await asyncio.sleep(30)

    async def many() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield bytes(size)

    async with raw_host(script) as host:
        with pytest.raises(TimedOut):
            await sent(client, host, Upload(many()), first_byte=0.2, idle=0.2)
        await client.close()


async def test_a_source_that_fails_ends_the_request_with_its_own_error() -> None:
    client = HttpClient()

    async def broken() -> AsyncIterator[bytes]:
        yield ONE
        raise LookupError("the source is gone")

    async def script(exchange: Exchange) -> None:
        await exchange.gone()

    async with raw_host(script) as host:
        with pytest.raises(LookupError):
            await sent(client, host, Upload(broken(), 100))
        await asyncio.wait_for(host.left.wait(), 5)
        await client.close()


async def test_a_source_that_fails_behind_an_answers_head_cuts_the_answer() -> None:
    client = HttpClient()
    answered = asyncio.Event()

    async def broken() -> AsyncIterator[bytes]:
        yield ONE
        await answered.wait()
        raise LookupError("the source is gone")

    async def script(exchange: Exchange) -> None:
        await exchange.reader.readuntil(b"\r\n\r\n")
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfive.")
        await exchange.gone()

    async with raw_host(script) as host:
        answer = await sent(client, host, Upload(broken(), 100))
        assert await answer.read_some() == b"five."
        answered.set()
        with pytest.raises(Broken):
            await answer.read_some()
        answer.close()
        await client.close()
