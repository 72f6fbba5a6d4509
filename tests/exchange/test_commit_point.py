"""Until the first content any attempt may replace another unseen; after it none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from tests.exchange.frames import ANTHROPIC, CHAT, STREAMS, Stream
from tests.exchange.world import asking, path_of, upstream, world
from tests.upstreams.raw_host import Exchange, answering, chunk, chunked, raw_host, whole

PROTOCOLS = list(STREAMS)
Script = Callable[[Exchange], Awaitable[None]]


def begun(stream: Stream, *frames: bytes) -> list[bytes]:
    return chunked(*frames, content_type=stream.content_type)[:-1]


def failing(stream: Stream) -> dict[str, Script]:
    """Everything that may go wrong before the first content."""
    page = whole(b"<html>login</html>", "text/html")
    return {
        "429": answering(whole(b'{"error":{"message":"slow down"}}', status=429)),
        "500": answering(whole(b'{"error":{"message":"oops"}}', status=500)),
        "401": answering(whole(b'{"error":{"message":"bad key"}}', status=401)),
        "moved": answering(whole(b"", status=302)),
        "page": answering(page),
        "hang-up": answering(close=True),
        "reset": answering(*begun(stream, *stream.preamble), close=True),
        "garbage": answering(*begun(stream, b"data: {nonsense\n\n"), b"0\r\n\r\n"),
        "error": answering(*chunked(*stream.preamble, stream.error)),
        "empty": answering(*chunked()),
    }


@pytest.mark.parametrize("client", ["same", "other"])
@pytest.mark.parametrize("fault", list(failing(CHAT)))
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_failed_attempt_is_replaced_unseen(protocol: str, fault: str, client: str) -> None:
    stream = STREAMS[protocol]
    asks = protocol if client == "same" else {"openai": "anthropic"}.get(protocol, "openai")
    good = answering(*chunked(*stream.frames, content_type=stream.content_type))
    async with (
        raw_host(failing(stream)[fault]) as bad,
        raw_host(good) as host,
        world(
            upstream(protocol, bad.url, "m-1", name="first"),
            upstream(protocol, host.url, "m-1", name="second"),
        ) as here,
    ):
        path = path_of(asks, "m-1", stream=True)
        reply = await here.post(path, asking(asks, "m-1", "hi", stream=True))
        assert reply.status_code == 200
        if client == "same" and protocol != "openai":
            assert reply.content == stream.data
        assert b"H\xc3\xa9" in reply.content
        assert b"broke" not in reply.content
        assert reply.headers["x-dragoman-upstream"] == "second"
        assert reply.headers["x-dragoman-attempts"] == "2"
    outcome = here.outcomes[0]
    assert (outcome.attempts, outcome.upstream, outcome.error) == (2, "second", "")
    assert (outcome.usage.tokens_in, outcome.usage.tokens_out) == (11, 7)


@pytest.mark.parametrize("streamed", [True, False])
async def test_the_next_key_is_tried_before_the_next_upstream(streamed: bool) -> None:
    async def by_key(exchange: Exchange) -> None:
        while (asked := await exchange.request()) is not None:
            if asked.header("authorization") == "Bearer good":
                frames = chunked(*CHAT.frames)
                await exchange.send(b"".join(frames) if streamed else whole(CHAT.whole))
            else:
                await exchange.send(whole(b'{"error":{"message":"no"}}', status=429))

    async with (
        raw_host(by_key) as host,
        world(upstream("openai", host.url, "m-1") | {"keys": ["one", "two", "good"]}) as here,
    ):
        body = asking("openai", "m-1", "hi", stream=streamed)
        reply = await here.post("/v1/chat/completions", body)
        assert reply.status_code == 200
    assert [asked.header("authorization") for asked in host.asked] == [
        "Bearer one",
        "Bearer two",
        "Bearer good",
    ]
    assert here.outcomes[0].credential == 2


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_fault_of_the_request_is_not_tried_elsewhere(status: int) -> None:
    refused = answering(whole(b'{"error":{"message":"bad field"}}', status=status))
    async with (
        raw_host(refused) as first,
        raw_host(answering(whole(CHAT.whole))) as second,
        world(
            upstream("openai", first.url, "m-1", name="first"),
            upstream("openai", second.url, "m-1", name="second"),
        ) as here,
    ):
        reply = await here.post("/v1/chat/completions", asking("openai", "m-1", "hi", stream=False))
    assert reply.status_code == status
    assert reply.json() == {"error": {"message": "bad field"}}
    assert second.asked == []


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_error_sent_with_status_200_is_an_error(protocol: str, streamed: bool) -> None:
    stream = STREAMS[protocol]
    error = {"error": {"message": "it broke", "code": 500, "status": "INTERNAL"}}
    if protocol == "responses":
        error = json.loads(stream.error.split(b"data: ")[1])["response"]
    if protocol == "anthropic":
        error = json.loads(stream.error.split(b"data: ")[1])
    pieces = [whole(json.dumps(error).encode())]
    if streamed:
        pieces = chunked(stream.error, content_type=stream.content_type)
    async with (
        raw_host(answering(*pieces)) as host,
        world(upstream(protocol, host.url, "m-1")) as here,
    ):
        path = path_of(protocol, "m-1", stream=streamed)
        reply = await here.post(path, asking(protocol, "m-1", "hi", stream=streamed))
    assert reply.status_code >= 500
    assert "it broke" in reply.text
    assert here.outcomes[0].error == "it broke"


ENDS = {
    "openai": b'data: {"error":',
    "responses": b"event: response.failed",
    "anthropic": b"event: error",
    "gemini": b'{"error":',
    "ollama": b'{"error":',
}


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("how", ["cut", "broken", "error"])
async def test_after_content_a_failure_is_the_clients_error_event_and_never_an_end(
    protocol: str, client: str, how: str
) -> None:
    stream = STREAMS[protocol]
    frames = [*stream.preamble, *stream.content]
    if how == "error":
        frames.append(stream.error)
    pieces = begun(stream, *frames)
    script = answering(*pieces, close=True) if how == "broken" else answering(*pieces, b"0\r\n\r\n")
    good = answering(*chunked(*stream.frames, content_type=stream.content_type))
    async with (
        raw_host(script) as bad,
        raw_host(good) as other,
        world(
            upstream(protocol, bad.url, "m-1", name="first"),
            upstream(protocol, other.url, "m-1", name="second"),
        ) as here,
    ):
        path = path_of(client, "m-1", stream=True)
        reply = await here.post(path, asking(client, "m-1", "hi", stream=True))
    assert reply.status_code == 200
    assert b"llo" in reply.content
    error = reply.content.rindex(ENDS[client])
    assert b"llo" not in reply.content[error:].split(b"\n\n", 1)[0] or client == "responses"
    assert reply.content.count(ENDS[client]) == 1
    for end in (b"[DONE]", b"message_stop", b"event:response.completed", b'"STOP"', b'"done":true'):
        assert end not in reply.content.replace(b" ", b"")
    assert other.asked == []
    outcome = here.outcomes[0]
    assert outcome.error
    assert outcome.status >= 500
    words = {"cut": "cut", "broken": "broke the connection", "error": "it broke"}[how]
    assert words in outcome.error


async def test_what_comes_before_content_is_held_up_to_64_kb() -> None:
    go_on = asyncio.Event()
    comment = b": " + b"x" * 1000 + b"\n\n"

    async def chatty(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(chunked()[0] + chunk(comment * 70))
        await go_on.wait()
        await exchange.send(b"".join(chunk(frame) for frame in CHAT.frames) + b"0\r\n\r\n")

    async with raw_host(chatty) as host, world(upstream("openai", host.url, "m-1")) as here:
        body = {
            **asking("openai", "m-1", "hi", stream=True),
            "stream_options": {"include_usage": 1},
        }
        async with here.stream("/v1/chat/completions", body) as reply:
            assert reply.status_code == 200
            go_on.set()
            assert await reply.aread() == comment * 70 + CHAT.data


async def test_the_preamble_is_held_until_content_comes() -> None:
    go_on = asyncio.Event()

    async def slow(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(chunked()[0] + b"".join(map(chunk, ANTHROPIC.preamble)))
        await go_on.wait()
        rest = [*ANTHROPIC.content, *ANTHROPIC.end]
        await exchange.send(b"".join(map(chunk, rest)) + b"0\r\n\r\n")

    async with raw_host(slow) as host, world(upstream("anthropic", host.url, "m-1")) as here:
        body = asking("anthropic", "m-1", "hi", stream=True)
        asked = asyncio.ensure_future(here.post("/v1/messages", body))
        await host.arrived.wait()
        done, _ = await asyncio.wait({asked}, timeout=0.1)
        assert not done
        assert here.outcomes == []
        go_on.set()
        assert (await asked).content == ANTHROPIC.data
