"""What clients get while the upstream is silent, before the first content and after it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import msgspec
import pytest
from tests.exchange.frames import ANTHROPIC, CHAT, STREAMS, Stream
from tests.exchange.world import KEY, World, asking, path_of, upstream, world
from tests.sdk.drivers import session
from tests.sdk.session import Settings
from tests.upstreams.raw_host import Exchange, chunk, chunked, raw_host, whole

PROTOCOLS = list(STREAMS)
OTHER = dict.fromkeys(PROTOCOLS, "openai") | {"openai": "anthropic"}
same_or_other = pytest.mark.parametrize("converted", [False, True], ids=["same", "converted"])
each = pytest.mark.parametrize("client", PROTOCOLS)

KEEPALIVES = {
    "openai": b": keepalive\n\n",
    "responses": b": keepalive\n\n",
    "anthropic": b'event: ping\ndata: {"type": "ping"}\n\n',
    "gemini": b"\n\n",
}


def quick(here: World, seconds: float = 0.05) -> None:
    """Keepalives more often than the setting's whole seconds allow."""
    configured = here.gateway.configured
    configured.options = msgspec.structs.replace(configured.options, keepalive_s=seconds)


class Silences:
    """An upstream that waits to be told before its first content, and again after it."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.before, self.after = asyncio.Event(), asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        one = self.stream
        await exchange.request()
        head = chunked(content_type=one.content_type)[0]
        await exchange.send(head + b"".join(map(chunk, one.preamble)))
        await self.before.wait()
        await exchange.send(chunk(one.content[0]))
        await self.after.wait()
        rest = [*one.content[1:], *one.end]
        await exchange.send(b"".join(map(chunk, rest)) + b"0\r\n\r\n")
        await exchange.gone()


def is_keepalive(client: str, piece: bytes) -> bool:
    if client != "ollama":
        return piece == KEEPALIVES[client]
    line = json.loads(piece)
    return bool(line["message"]["content"] == "" and line["done"] is False)


@same_or_other
@each
async def test_silence_before_and_after_the_first_content_is_filled(
    client: str, converted: bool
) -> None:
    protocol = OTHER[client] if converted else client
    silences = Silences(STREAMS[protocol])
    async with (
        raw_host(silences) as host,
        world(upstream(protocol, host.url, "m-1")) as here,
    ):
        quick(here)
        body = asking(client, "m-1", "hi", stream=True)
        async with here.stream(path_of(client, "m-1", stream=True), body) as reply:
            assert reply.status_code == 200
            pieces = reply.aiter_raw()
            for _ in range(2):
                assert is_keepalive(client, await anext(pieces))
            silences.before.set()
            seen = b""
            while "Hé".encode() not in seen:
                piece = await anext(pieces)
                seen += b"" if is_keepalive(client, piece) else piece
            for _ in range(2):
                assert is_keepalive(client, await anext(pieces))
            silences.after.set()
            rest = b"".join([piece async for piece in pieces])
    if not converted and client not in ("openai", "gemini"):
        joined = seen + rest
        assert joined.endswith(STREAMS[client].end[-1])
        assert STREAMS[client].preamble == () or joined.startswith(STREAMS[client].preamble[0])
    assert b"llo" in rest
    assert here.outcomes[0].usage.tokens_out == 7
    assert here.outcomes[0].error == ""


@same_or_other
@each
async def test_the_protocols_sdk_reads_through_its_keepalives(client: str, converted: bool) -> None:
    protocol = OTHER[client] if converted else client
    silences = Silences(STREAMS[protocol])
    async with (
        raw_host(silences) as host,
        world(upstream(protocol, host.url, "m-1")) as here,
        session(client, here.url, KEY, "m-1", Settings(stream=True)) as begun,
    ):
        quick(here)
        loop = asyncio.get_running_loop()
        loop.call_later(0.15, silences.before.set)  # the silence is what is tested
        loop.call_later(0.3, silences.after.set)
        said = await begun.say("hi")
    assert said.text.removesuffix("!") == "Héllo"
    assert (said.stop, said.usage.tokens_out) == ("end", 7)


async def test_geminis_json_array_is_kept_alive_by_white_space() -> None:
    silences = Silences(STREAMS["gemini"])
    async with (
        raw_host(silences) as host,
        world(upstream("gemini", host.url, "m-1")) as here,
    ):
        quick(here)
        body = asking("gemini", "m-1", "hi", stream=True)
        path = "/v1beta/models/m-1:streamGenerateContent"
        async with here.stream(path, body) as reply:
            pieces = reply.aiter_raw()
            assert [await anext(pieces), await anext(pieces)] == [b"\n", b"\n"]
            silences.before.set()
            seen = b""
            while b"H" not in seen:
                seen += await anext(pieces)
            assert await anext(pieces) == b"\n"
            silences.after.set()
            rest = b"".join([piece async for piece in pieces])
    chunks = json.loads(seen + rest)
    text = [each["candidates"][0]["content"]["parts"][0]["text"] for each in chunks]
    assert "".join(text) == "Héllo!"


ERRORS: dict[str, Callable[[bytes], object]] = {
    "openai": lambda data: json.loads(data.removeprefix(b"data: "))["error"]["message"],
    "responses": lambda data: json.loads(data.split(b"data: ")[-1])["response"]["error"]["message"],
    "anthropic": lambda data: json.loads(data.split(b"data: ")[-1])["error"]["message"],
    "gemini": lambda data: json.loads(data)["error"]["message"],
    "ollama": lambda data: json.loads(data)["error"],
}


@same_or_other
@each
async def test_a_failure_after_keepalives_is_the_protocols_error_event(
    client: str, converted: bool
) -> None:
    protocol = OTHER[client] if converted else client
    go_on = asyncio.Event()

    async def late(exchange: Exchange) -> None:
        await exchange.request()
        await go_on.wait()
        await exchange.send(whole(b'{"error":{"message":"too busy"}}', status=529))

    async with (
        raw_host(late) as host,
        world(upstream(protocol, host.url, "m-1")) as here,
    ):
        quick(here)
        body = asking(client, "m-1", "hi", stream=True)
        async with here.stream(path_of(client, "m-1", stream=True), body) as reply:
            pieces = reply.aiter_raw()
            assert is_keepalive(client, await anext(pieces))
            go_on.set()
            last = [piece async for piece in pieces][-1]
    assert ERRORS[client](last) == "too busy"
    assert (here.outcomes[0].status, here.outcomes[0].error) == (529, "too busy")


async def test_a_body_only_its_own_protocol_can_read_passes_also_after_keepalives() -> None:
    silences = Silences(ANTHROPIC)
    body = {"model": "m-1", "stream": True, "messages": "of a later version", "max_tokens": {}}
    async with raw_host(silences) as host, world(upstream("anthropic", host.url, "m-1")) as here:
        quick(here)
        async with here.stream("/v1/messages", body) as reply:
            pieces = reply.aiter_raw()
            assert is_keepalive("anthropic", await anext(pieces))
            silences.before.set()
            silences.after.set()
            rest = b"".join([piece async for piece in pieces])
    assert rest.replace(KEEPALIVES["anthropic"], b"") == ANTHROPIC.data.replace(
        KEEPALIVES["anthropic"], b""
    )


async def test_the_setting_counts_in_seconds() -> None:
    silences = Silences(CHAT)
    async with (
        raw_host(silences) as host,
        world(upstream("openai", host.url, "m-1"), streaming={"keepalive-seconds": 1}) as here,
    ):
        started = asyncio.get_running_loop().time()
        body = asking("openai", "m-1", "hi", stream=True)
        async with here.stream("/v1/chat/completions", body) as reply:
            assert await anext(reply.aiter_raw()) == b": keepalive\n\n"
        assert 0.9 < asyncio.get_running_loop().time() - started < 1.5


async def test_a_written_nought_turns_keepalives_off() -> None:
    silences = Silences(CHAT)
    async with (
        raw_host(silences) as host,
        world(upstream("openai", host.url, "m-1"), streaming={"keepalive-seconds": 0}) as here,
    ):
        assert here.gateway.options.keepalive_s == 0
        body = asking("openai", "m-1", "hi", stream=True)
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, silences.before.set)
        loop.call_later(0.2, silences.after.set)
        reply = await here.post("/v1/chat/completions", body)
    assert reply.content == CHAT.data.replace(CHAT.end[1], b"")


@same_or_other
@each
async def test_an_answer_that_is_not_streamed_waits_for_its_real_status(
    client: str, converted: bool
) -> None:
    protocol = OTHER[client] if converted else client

    async def late(exchange: Exchange) -> None:
        await exchange.request()
        await asyncio.sleep(0.15)  # three times the keepalive interval: the silence is the test
        await exchange.send(whole(b'{"error":{"message":"no such thing"}}', status=404))

    async with raw_host(late) as host, world(upstream(protocol, host.url, "m-1")) as here:
        quick(here)
        path = path_of(client, "m-1", stream=False)
        reply = await here.post(path, asking(client, "m-1", "hi", stream=False))
    assert reply.status_code == 404
    assert reply.content[:1] == b"{"


async def test_geminis_error_in_mid_stream_is_a_write_of_its_own() -> None:
    async def breaking(exchange: Exchange) -> None:
        await exchange.request()
        frames = [*ANTHROPIC.preamble, *ANTHROPIC.content, ANTHROPIC.error]
        await exchange.send(b"".join(chunked(*frames, content_type="text/event-stream")))
        await exchange.gone()

    async with raw_host(breaking) as host, world(upstream("anthropic", host.url, "m-1")) as here:
        body = asking("gemini", "m-1", "hi", stream=True)
        reader, writer = await asyncio.open_connection("127.0.0.1", int(here.url.split(":")[-1]))
        data = json.dumps(body).encode()
        writer.write(
            b"POST /v1beta/models/m-1:streamGenerateContent?alt=sse HTTP/1.1\r\nhost: localhost\r\n"
            b"x-goog-api-key: %b\r\ncontent-length: %d\r\n\r\n%b" % (KEY.encode(), len(data), data)
        )
        await reader.readuntil(b"\r\n\r\n")
        writes = []
        while size := int(await reader.readline(), 16):
            writes.append((await reader.readexactly(size + 2))[:-2])
        writer.close()
    assert json.loads(writes[-1])["error"]["message"] == "it broke"
    assert writes[-2].startswith(b"data: ")
