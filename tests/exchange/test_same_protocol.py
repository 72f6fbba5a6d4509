"""Same protocol on both sides, over sockets: bytes up, bytes down, usage by the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.exchange.frames import ANTHROPIC, CHAT, STREAMS, USAGE_CHUNK, Stream
from tests.exchange.world import path_of, upstream, world
from tests.upstreams.raw_host import answering, chunked, raw_host, whole

PROTOCOLS = list(STREAMS)
both = pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])

BODIES = {
    "openai": b'{ "zeta" : [1.0, 1e2,"\\u00e9"],\n\t"model":"M", "messages" :[{"role":"user",'
    b'"content":"hi"}] ,"stream" : S, "stream_options":{"include_usage":true},"unknown":'
    b'{"a":1.50}}\n',
    "responses": b'{"unknown":0.10,"input":"hi" ,"model" : "M","stream":S,"store": false}',
    "anthropic": b'{"max_tokens":10,"messages":[{"role":"user","content":"hi"}],"x-new":'
    b'{"b":1,"a":2},"model":"M","stream":S}',
    "gemini": b'{ "contents":[{"parts":[{"text":"hi"}],"role":"user"}],"newField":[ ]}',
    "ollama": b'{"options":{"num_ctx":4096.0},"messages":[{"role":"user","content":"hi"}],"stream":'
    b' S,"model":"M","keep_alive":"5m" }',
}


def body_of(protocol: str, model: str, *, streamed: bool) -> bytes:
    body = BODIES[protocol].replace(b"M", model.encode())
    return body.replace(b"S", b"true" if streamed else b"false")


def pieces_of(stream: Stream, size: int) -> list[bytes]:
    bodies = [stream.data[at : at + size] for at in range(0, len(stream.data), size)]
    return chunked(*bodies, content_type=stream.content_type)


@both
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_bytes_go_up_and_come_back_as_they_are(protocol: str, streamed: bool) -> None:
    stream = STREAMS[protocol]
    pieces = pieces_of(stream, 37) if streamed else [whole(stream.whole)]
    body = body_of(protocol, "m-1", streamed=streamed)
    async with (
        raw_host(answering(*pieces)) as host,
        world(upstream(protocol, host.url, "m-1")) as here,
    ):
        for _ in range(2):
            reply = await here.post(path_of(protocol, "m-1", stream=streamed), body)
            assert reply.status_code == 200
            assert reply.content == (stream.data if streamed else stream.whole)
            if streamed:
                assert reply.headers["content-type"] == stream.content_type
    assert [asked.body for asked in host.asked] == [body, body]
    for outcome in here.outcomes:
        assert (outcome.usage.tokens_in, outcome.usage.tokens_out) == (11, 7)
        assert (outcome.status, outcome.error, outcome.attempts) == (200, "", 1)
        assert (outcome.converted, outcome.stream) == (False, streamed)
        assert (outcome.model, outcome.served, outcome.upstream) == ("m-1", "m-1", "up")


@both
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_alias_changes_the_name_on_the_way_up_alone(protocol: str, streamed: bool) -> None:
    stream = STREAMS[protocol]
    pieces = pieces_of(stream, 1000) if streamed else [whole(stream.whole)]
    async with (
        raw_host(answering(*pieces)) as host,
        world(upstream(protocol, host.url, "m-1>mine")) as here,
    ):
        body = body_of(protocol, "mine", streamed=streamed)
        reply = await here.post(path_of(protocol, "mine", stream=streamed), body)
        assert reply.content == (stream.data if streamed else stream.whole)
        assert reply.headers["x-dragoman-model"] == "m-1"
    assert host.asked[0].body == body_of(protocol, "m-1", streamed=streamed)
    if protocol == "gemini":
        assert "/models/m-1:" in host.asked[0].line


@both
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_force_mapping_shows_the_alias_in_the_answer(protocol: str, streamed: bool) -> None:
    stream = STREAMS[protocol]
    pieces = pieces_of(stream, 23) if streamed else [whole(stream.whole)]
    rules = [{"name": "m-1", "alias": "mine", "force-mapping": True}]
    async with (
        raw_host(answering(*pieces)) as host,
        world(upstream(protocol, host.url) | {"models": rules}) as here,
    ):
        body = body_of(protocol, "mine", streamed=streamed)
        reply = await here.post(path_of(protocol, "mine", stream=streamed), body)
    expected = stream.data if streamed else stream.whole
    assert reply.content == expected.replace(b'"m-1"', b'"mine"')
    assert (here.outcomes[0].usage.tokens_in, here.outcomes[0].usage.tokens_out) == (11, 7)


def chat(**more: Any) -> bytes:
    said = [{"role": "user", "content": "hi"}]
    return json.dumps({"model": "m-1", "stream": True, "messages": said, **more}).encode()


@pytest.mark.parametrize(
    ("sent", "up"),
    [
        (chat(), chat()[:-1] + b',"stream_options":{"include_usage":true}}'),
        (
            chat(stream_options=None, n=1),
            chat(n=1).replace(b'"n"', b'"stream_options": {"include_usage":true}, "n"'),
        ),
        (
            chat(stream_options={"x": 1}),
            chat(stream_options={"x": 1}).replace(b"1}}", b'1,"include_usage":true}}'),
        ),
        (
            chat(stream_options={"include_usage": False}),
            chat(stream_options={"include_usage": True}),
        ),
    ],
)
async def test_usage_is_asked_for_and_hidden_from_a_chat_client_that_did_not_ask(
    sent: bytes, up: bytes
) -> None:
    async with (
        raw_host(answering(*pieces_of(CHAT, 50))) as host,
        world(upstream("openai", host.url, "m-1")) as here,
    ):
        reply = await here.post("/v1/chat/completions", sent)
    assert host.asked[0].body == up
    assert reply.content == CHAT.data.replace(USAGE_CHUNK, b"")
    assert (here.outcomes[0].usage.tokens_in, here.outcomes[0].usage.tokens_out) == (11, 7)


async def test_a_chat_client_that_asks_for_usage_gets_it() -> None:
    sent = chat(stream_options={"include_usage": True})
    async with (
        raw_host(answering(*pieces_of(CHAT, 50))) as host,
        world(upstream("openai", host.url, "m-1")) as here,
    ):
        reply = await here.post("/v1/chat/completions", sent)
    assert host.asked[0].body == sent
    assert reply.content == CHAT.data


@pytest.mark.parametrize("scope", ["upstream", "all"])
async def test_request_usage_false_leaves_the_body_alone(scope: str) -> None:
    async with raw_host(answering(*pieces_of(CHAT, 50))) as host:
        one = upstream("openai", host.url, "m-1")
        if scope == "upstream":
            running = world(one | {"request-usage": False})
        else:
            running = world(one, request_usage=False)
        async with running as here:
            reply = await here.post("/v1/chat/completions", chat())
    assert host.asked[0].body == chat()
    assert reply.content == CHAT.data


async def test_stream_options_of_a_wrong_type_are_named() -> None:
    async with world(upstream("openai", "http://127.0.0.1:9", "m-1")) as here:
        reply = await here.post("/v1/chat/completions", chat(stream_options="yes"))
    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == "stream_options: expected an object"


TWICE = {
    "openai": b'{"model":"m-1","messages":[],"x":1,"model":"m-1"}',
    "responses": b'{"model":"m-1","input":"a","input":"b"}',
    "anthropic": b'{"model":"m-1","max_tokens":1,"messages":[],"max_tokens":2}',
    "gemini": b'{"contents":[],"contents":[{"parts":[]}]}',
    "ollama": b'{"model":"m-1","messages":[],"messages":[]}',
}


@pytest.mark.parametrize("to", ["same", "other"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_key_that_stands_twice_is_refused_in_the_clients_shape(
    protocol: str, to: str
) -> None:
    other = "anthropic" if protocol == "openai" else "openai"
    target = protocol if to == "same" else other
    async with (
        raw_host(answering(whole(b"{}"))) as host,
        world(upstream(target, host.url, "m-1")) as here,
    ):
        reply = await here.post(path_of(protocol, "m-1", stream=False), TWICE[protocol])
    assert reply.status_code == 400
    error = reply.json()["error"]
    message = error if isinstance(error, str) else error["message"]
    assert message.endswith("stands twice in the body")
    assert host.asked == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"model":"\xff","messages":[]}', "model: not valid JSON"),
        (b'{"model":7,"messages":[]}', "model: expected a string"),
        (b'{"messages":[]}', "model: required field is missing"),
        (b'{"model":"m-1","stream":"yes","messages":[]}', "stream: expected a boolean"),
        (b'{"model":"m-1","messages":[{"role":"user","content":"\xff"}]}', "not valid JSON"),
        (b'{"model":"m-1","messages":' + b"[" * 5000 + b"]" * 5000 + b"}", "not valid JSON"),
        (b"", "not valid JSON"),
        (b"[1]", "must be a JSON object"),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_400_that_says_why(body: bytes, words: str) -> None:
    async with world(upstream("anthropic", "http://127.0.0.1:9", "m-1")) as here:
        reply = await here.post("/v1/chat/completions", body)
    assert reply.status_code == 400
    assert words in reply.json()["error"]["message"]


async def test_several_choices_of_one_stream_pass_and_are_counted() -> None:
    def frame(index: int, reason: str | None) -> bytes:
        choice = {"index": index, "delta": {"content": "x"}, "finish_reason": reason}
        return b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"

    frames = [frame(0, None), frame(1, None), frame(1, "stop"), *[frame(0, None)] * 40]
    frames += [frame(0, "stop"), USAGE_CHUNK, b"data: [DONE]\n\n"]
    async with (
        raw_host(answering(*chunked(*frames))) as host,
        world(upstream("openai", host.url, "m-1")) as here,
    ):
        body = chat(n=2, stream_options={"include_usage": True})
        reply = await here.post("/v1/chat/completions", body)
    assert reply.content == b"".join(frames)
    assert (here.outcomes[0].usage.tokens_out, here.outcomes[0].error) == (7, "")


async def test_a_host_that_keeps_the_stream_open_behind_its_end_is_not_a_failure() -> None:
    async def lingering(exchange: Any) -> None:
        await exchange.request()
        for piece in chunked(ANTHROPIC.data)[:-1]:
            await exchange.send(piece)
        await exchange.gone()

    async with (
        raw_host(lingering) as host,
        world(upstream("anthropic", host.url, "m-1", timeouts={"idle": 0.3})) as here,
    ):
        body = body_of("anthropic", "m-1", streamed=True)
        reply = await here.post("/v1/messages", body)
    assert reply.content == ANTHROPIC.data
    assert (here.outcomes[0].status, here.outcomes[0].error) == (200, "")


async def test_a_connection_that_breaks_behind_the_protocols_end_is_not_a_failure() -> None:
    pieces = chunked(ANTHROPIC.data)[:-1]
    async with (
        raw_host(answering(*pieces, close=True)) as host,
        world(upstream("anthropic", host.url, "m-1")) as here,
    ):
        reply = await here.post("/v1/messages", body_of("anthropic", "m-1", streamed=True))
    assert reply.content == ANTHROPIC.data
    assert here.outcomes[0].error == ""


async def test_a_compressed_answer_comes_back_decoded() -> None:
    import gzip

    data = gzip.compress(ANTHROPIC.whole)
    head = whole(data).replace(b"\r\n\r\n", b"\r\ncontent-encoding: gzip\r\n\r\n", 1)
    async with (
        raw_host(answering(head)) as host,
        world(upstream("anthropic", host.url, "m-1")) as here,
    ):
        reply = await here.post("/v1/messages", body_of("anthropic", "m-1", streamed=False))
    assert host.asked[0].header("accept-encoding") is None
    assert "content-encoding" not in reply.headers
    assert reply.content == ANTHROPIC.whole
