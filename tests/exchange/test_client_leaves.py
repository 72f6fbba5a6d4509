"""The upstream is closed as soon as the client has left, and nothing stays behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json

import pytest
from tests.exchange.frames import STREAMS
from tests.exchange.test_keepalives import quick
from tests.exchange.world import KEY, World, asking, path_of, upstream, world
from tests.upstreams.raw_host import Exchange, RawHost, chunk, chunked, raw_host

PROTOCOLS = list(STREAMS)
LIMIT_S = 0.1


async def hanging(exchange: Exchange) -> None:
    await exchange.request()
    await exchange.gone()


def stalling(protocol: str, *, content: bool) -> object:
    stream = STREAMS[protocol]
    frames = [*stream.preamble, *(stream.content[:1] if content else ())]

    async def script(exchange: Exchange) -> None:
        await exchange.request()
        head = chunked(content_type=stream.content_type)[0]
        await exchange.send(head + b"".join(map(chunk, frames)))
        await exchange.gone()

    return script


class Caller:
    """A client of bytes, so that it leaves as abruptly as a killed program."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def read_until(self, mark: bytes) -> None:
        await asyncio.wait_for(self.reader.readuntil(mark), 5)

    def leave(self) -> None:
        self.writer.transport.abort()


async def call(here: World, protocol: str, *, stream: bool) -> Caller:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(here.url.split(":")[-1]))
    body = json.dumps(asking(protocol, "m-1", "hi", stream=stream)).encode()
    writer.write(
        b"POST %b HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer %b\r\ncontent-length: %d"
        b"\r\n\r\n%b"
        % (path_of(protocol, "m-1", stream=stream).encode(), KEY.encode(), len(body), body)
    )
    return Caller(reader, writer)


async def left_in_time(host: RawHost, caller: Caller) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    caller.leave()
    await asyncio.wait_for(host.left.wait(), 5)
    return loop.time() - started


async def settled(here: World, count: int = 1) -> None:
    async with asyncio.timeout(5):
        while len(here.outcomes) < count:  # noqa: ASYNC110 - a finished request tells nobody
            await asyncio.sleep(0)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_before_anything_came(client: str, stream: bool) -> None:
    async with raw_host(hanging) as host, world(upstream("openai", host.url, "m-1")) as here:
        caller = await call(here, client, stream=stream)
        await host.arrived.wait()
        assert await left_in_time(host, caller) < LIMIT_S
        await settled(here)
    assert here.outcomes[0].status == 499


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_while_the_preamble_is_held_and_keepalives_are_sent(client: str) -> None:
    async with (
        raw_host(stalling(client, content=False)) as host,  # type: ignore[arg-type]
        world(upstream(client, host.url, "m-1")) as here,
    ):
        quick(here)
        caller = await call(here, client, stream=True)
        await caller.read_until(b"\r\n\r\n")
        await caller.read_until(b"\n")
        assert await left_in_time(host, caller) < LIMIT_S
        await settled(here)


@pytest.mark.parametrize("upstream_protocol", ["same", "openai", "anthropic"])
@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("keepalives", [False, True])
async def test_in_mid_answer(client: str, upstream_protocol: str, keepalives: bool) -> None:
    protocol = client if upstream_protocol == "same" else upstream_protocol
    async with (
        raw_host(stalling(protocol, content=True)) as host,  # type: ignore[arg-type]
        world(upstream(protocol, host.url, "m-1")) as here,
    ):
        if keepalives:
            quick(here)
        caller = await call(here, client, stream=True)
        await caller.read_until("Hé".encode())
        assert await left_in_time(host, caller) < LIMIT_S
        await settled(here)
    assert here.outcomes[0].status == 499


async def test_in_a_whole_answer_that_has_begun() -> None:
    async def half(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{")
        await exchange.gone()

    async with raw_host(half) as host, world(upstream("openai", host.url, "m-1")) as here:
        caller = await call(here, "openai", stream=False)
        await host.arrived.wait()
        assert await left_in_time(host, caller) < LIMIT_S


async def test_behind_the_end_while_the_host_still_holds_the_connection() -> None:
    async def lingering(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(b"".join(chunked(*STREAMS["openai"].frames)[:-1]))
        await exchange.gone()

    async with raw_host(lingering) as host, world(upstream("anthropic", host.url, "m-1")) as here:
        caller = await call(here, "openai", stream=True)
        await host.arrived.wait()
        caller.leave()
        await asyncio.wait_for(host.left.wait(), 2)
        await settled(here)


async def test_nothing_stays_behind_after_two_hundred_abandoned_requests() -> None:
    async with (
        raw_host(stalling("openai", content=True)) as host,  # type: ignore[arg-type]
        world(upstream("openai", host.url, "m-1")) as here,
    ):
        quick(here, 0.02)
        before = len(asyncio.all_tasks())
        for round_ in range(8):
            client = PROTOCOLS[round_ % len(PROTOCOLS)]
            callers = [await call(here, client, stream=bool(n % 5)) for n in range(25)]
            for number, caller in enumerate(callers):
                if number % 5 > 2:
                    await caller.read_until("Hé".encode())
                caller.leave()
        await settled(here, 200)
        async with asyncio.timeout(5):
            while host.open or len(asyncio.all_tasks()) > before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        gc.collect()
        assert host.connections == 200
        assert sum(map(len, here.gateway.http._idle.values())) == 0


async def test_the_next_attempt_is_not_made_for_a_client_that_left() -> None:
    async with (
        raw_host(hanging) as first,
        raw_host(hanging) as second,
        world(
            upstream("openai", first.url, "m-1", name="first"),
            upstream("openai", second.url, "m-1", name="second"),
        ) as here,
    ):
        caller = await call(here, "openai", stream=True)
        await first.arrived.wait()
        caller.leave()
        await settled(here)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(second.arrived.wait(), 0.05)
        assert second.connections == 0
