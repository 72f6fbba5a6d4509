"""Upstream errors in every client's shape; and failures without an answer, which name the upstream
and never its key."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from tests.exchange.frames import CHAT, STREAMS
from tests.exchange.world import asking, path_of, upstream, world
from tests.upstreams.raw_host import Exchange, answering, raw_host, whole

PROTOCOLS = list(STREAMS)
STATUSES = [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529]

SHOWN: dict[str, dict[int, int]] = {
    "openai": {529: 503},
    "responses": {529: 503},
    "anthropic": {408: 504, 422: 400, 502: 500, 503: 529},
    "gemini": {402: 403, 408: 504, 422: 400, 502: 503, 529: 503},
    "ollama": {},
}
"""What a client is told instead of an upstream's status; any other stays."""

TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error",
    403: "permission_error", 404: "not_found_error", 408: "timeout_error",
    409: "invalid_request_error", 413: "request_too_large", 422: "invalid_request_error",
    429: "rate_limit_error", 500: "api_error", 502: "api_error", 503: "overloaded_error",
    504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip
"""Anthropic's, by the upstream's status."""


def error_of(protocol: str, status: int) -> bytes:
    message = f"told {status}"
    shapes: dict[str, Any] = {
        "anthropic": {"type": "error", "error": {"type": "other_error", "message": message}},
        "gemini": {"error": {"code": status, "message": message}},
        "ollama": {"error": message},
    }
    shape = shapes.get(protocol, {"error": {"message": message, "type": "x", "code": None}})
    return json.dumps(shape).encode()


def told(client: str, reply: httpx2.Response) -> str:
    """The message in a client's error shape; its other fields are checked."""
    body = reply.json()
    if client == "ollama":
        return str(body["error"])
    error = body["error"]
    if client == "anthropic":
        assert body["type"] == "error"
        assert isinstance(error["type"], str)
    elif client == "gemini":
        assert error["code"] == reply.status_code
        assert error["status"].isupper()
    else:
        assert {"message", "type", "param", "code"} <= set(error)
    return str(error["message"])


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_upstreams_error_keeps_its_class_and_message_in_the_clients_shape(
    protocol: str, client: str
) -> None:
    status = 0

    async def refusing(exchange: Exchange) -> None:
        while await exchange.request() is not None:
            await exchange.send(whole(error_of(protocol, status), status=status))

    async with raw_host(refusing) as host, world(upstream(protocol, host.url, "m-1")) as here:
        for status in STATUSES:
            streamed = status % 2 == 0
            path = path_of(client, "m-1", stream=streamed)
            reply = await here.post(path, asking(client, "m-1", "hi", stream=streamed))
            outcome = here.outcomes[-1]
            if protocol == client:
                assert (reply.status_code, reply.content) == (status, error_of(protocol, status))
            else:
                assert reply.status_code == SHOWN[client].get(status, status), status
                assert told(client, reply) == f"told {status}"
                if client == "anthropic":
                    assert reply.json()["error"]["type"] == TYPES[status]
            assert (outcome.status, outcome.error) == (reply.status_code, f"told {status}")
            assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_a_host_that_cannot_be_reached_is_named_and_its_key_is_not(
    client: str, streamed: bool
) -> None:
    async with raw_host(answering()) as gone:
        closed = gone.url

    async def no_tls(exchange: Exchange) -> None:
        await exchange.reader.read(10)
        await exchange.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await exchange.gone()

    async with raw_host(no_tls) as plain:
        faults = {
            "refused": (closed, 502, "upstream refused: no connection to 127.0.0.1:"),
            "tls": (plain.url.replace("http", "https"), 502, "upstream tls: the TLS handshake"),
            "dns": ("http://no-such-host.invalid", 502, "upstream dns: the host name no-such-host"),
        }
        ups = [upstream("openai", url, name, name=name) for name, (url, _, _) in faults.items()]
        async with world(*ups) as here:
            for name, (_, status, words) in faults.items():
                path = path_of(client, name, stream=streamed)
                reply = await here.post(path, asking(client, name, "hi", stream=streamed))
                assert reply.status_code == {"anthropic": 500, "gemini": 503}.get(client, status)
                assert told(client, reply).startswith(words)
                assert "up-key" not in reply.text


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_a_host_that_takes_too_long_is_a_504_that_names_it(client: str) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.gone()

    async with (
        raw_host(silent) as host,
        world(upstream("openai", host.url, "m-1", timeouts={"first-byte": 0.1})) as here,
    ):
        reply = await here.post(
            path_of(client, "m-1", stream=False), asking(client, "m-1", "hi", stream=False)
        )
    assert reply.status_code == 504
    assert told(client, reply) == "upstream up sent nothing for 0.1 s"


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("body", [b"", b"not json", b"<html>", b"[]", b"{}", b'{"choices":7}'])
async def test_an_answer_that_is_none_is_a_bad_gateway(client: str, body: bytes) -> None:
    async with (
        raw_host(answering(whole(body))) as host,
        world(upstream("openai", host.url, "m-1")) as here,
    ):
        reply = await here.post(
            path_of(client, "m-1", stream=False), asking(client, "m-1", "hi", stream=False)
        )
    assert reply.status_code == {"anthropic": 500, "gemini": 503}.get(client, 502)
    assert told(client, reply)


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_an_unknown_model_is_a_404_in_the_clients_shape(client: str) -> None:
    async with world(upstream("openai", "http://127.0.0.1:9", "m-1")) as here:
        path = path_of(client, "m-2", stream=False)
        reply = await here.post(path, asking(client, "m-2", "hi", stream=False))
    assert reply.status_code == 404
    assert 'aliases: {"m-2": m-1}' in told(client, reply)


# -- losses


async def test_what_cannot_be_carried_is_named_in_a_header() -> None:
    async with (
        raw_host(answering(whole(STREAMS["anthropic"].whole))) as host,
        world(upstream("anthropic", host.url, "m-1")) as here,
    ):
        body = asking("openai", "m-1", "hi", stream=False) | {"seed": 7, "logprobs": True}
        reply = await here.post("/v1/chat/completions", body)
        plain = await here.post("/v1/chat/completions", asking("openai", "m-1", "hi", stream=False))
    assert reply.status_code == 200
    assert set(reply.headers["x-dragoman-dropped"].split(", ")) == {"seed", "logprobs"}
    assert set(here.outcomes[0].dropped) == {"seed", "logprobs"}
    assert "x-dragoman-dropped" not in plain.headers


@pytest.mark.parametrize("client", ["openai", "gemini"])
async def test_strict_conversion_refuses_what_cannot_be_carried(client: str) -> None:
    async with (
        raw_host(answering(whole(STREAMS["anthropic"].whole))) as host,
        world(upstream("anthropic", host.url, "m-1"), strict_conversion=True) as here,
    ):
        body = asking(client, "m-1", "hi", stream=False)
        body |= {"seed": 7} if client == "openai" else {"generationConfig": {"seed": 7}}
        reply = await here.post(path_of(client, "m-1", stream=False), body)
        assert host.asked == []
        fine = asking(client, "m-1", "hi", stream=False)
        plain = await here.post(path_of(client, "m-1", stream=False), fine)
    assert reply.status_code == 400
    message = told(client, reply)
    assert message.startswith("strict-conversion: ")
    assert "seed" in message
    assert plain.status_code == 200


async def test_strict_conversion_leaves_the_same_protocol_alone() -> None:
    async with (
        raw_host(answering(whole(CHAT.whole))) as host,
        world(upstream("openai", host.url, "m-1"), strict_conversion=True) as here,
    ):
        body = asking("openai", "m-1", "hi", stream=False) | {"seed": 7, "never-heard-of": 1}
        reply = await here.post("/v1/chat/completions", body)
    assert reply.status_code == 200
