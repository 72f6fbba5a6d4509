"""Client keys with rights, an end and limits, as clients meet them; limits are given back however a
request ends."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.server.running import ECHO, Answered, app_of, asked, running
from tests.server.test_websocket import answered, events, opening, sent, text_of
from websockets.exceptions import ConnectionClosed

from dragoman.errors import RateLimited
from dragoman.exchange.incoming import Outcome
from dragoman.neutral.usage import Usage
from dragoman.server.app import App
from dragoman.server.limiter import Limiter
from dragoman.storage.client_keys import ClientKey
from dragoman.storage.state import State

TEXT = "sk-dragoman-made"
GROUPS = {"qwen": {"models": {"claude-*": "echo"}}, "kimi": {}}
SLOW: dict[str, object] = {**ECHO, "words-per-second": 40}


def made(text: str = TEXT, name: str = "ci", **more: Any) -> ClientKey:
    return ClientKey(f"k-{name}", name, hashlib.sha256(text.encode()).digest(), **more)


def keyed(*keys: ClientKey, upstreams: tuple[dict[str, object], ...] = (ECHO,)) -> App:
    app = app_of(upstreams, groups=GROUPS)
    app.gateway.keys.take_made(keys)
    return app


def chat(model: str = "echo", words: str = "hello", **more: object) -> bytes:
    body = {"model": model, "messages": [{"role": "user", "content": words}], **more}
    return json.dumps(body).encode()


async def post(app: App, body: bytes, path: str = "/v1/chat/completions") -> Answered:
    return await asked(app, "POST", path, body, key=TEXT)


async def met(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - the gateway tells nobody
            await asyncio.sleep(0.005)


def free(app: App) -> bool:
    return not app.gateway.limiter._under_way


# -- rights


async def test_a_bound_key_asks_its_first_group_and_reaches_no_other() -> None:
    app = keyed(made(groups=("qwen", "default")))
    assert (await post(app, chat("claude-x"))).status == 200
    assert (await post(app, chat("echo"), "/default/v1/chat/completions")).status == 200
    assert (await post(app, chat("default@echo"))).status == 200
    for path, model in (("/kimi/v1/chat/completions", "echo"), ("/v1/chat/completions", "kimi@x")):
        answer = await post(app, chat(model), path)
        assert (answer.status, answer.json["error"]["message"]) == (
            403,
            "this key may not use group 'kimi'; this key may use: default, qwen",
        )
    answer = await post(app, chat(), "/nosuch/v1/chat/completions")
    assert answer.status == 404
    assert answer.json["error"]["message"].endswith("this key may use: default, qwen")


async def test_a_model_that_is_not_the_keys_is_a_403_on_every_route_and_in_no_list() -> None:
    app = keyed(made(models=("echo-*",)))
    assert (await post(app, chat("echo-thinking"))).status == 200
    refusals = {
        "/v1/chat/completions": chat(),
        "/v1/responses": b'{"model":"echo","input":"hi"}',
        "/v1/messages": chat(max_tokens=5),
        "/v1/messages/count_tokens": chat(),
        "/v1beta/models/echo:generateContent": b'{"contents":[]}',
        "/api/chat": chat(),
        "/api/show": b'{"model":"echo"}',
        "/v1/embeddings": b'{"model":"echo","input":"x"}',
        "/v1/images/generations": b'{"model":"echo"}',
        "/v1/responses/compact": b'{"model":"echo","input":[]}',
    }
    for path, body in refusals.items():
        answer = await post(app, body, path)
        assert answer.status == 403, path
        assert b"this key may not use model 'echo'; its models are: echo-*" in answer.body
    listed = await asked(app, "GET", "/v1/models", key=TEXT)
    assert [one["id"] for one in listed.json["data"]] == ["echo-thinking"]
    assert (await asked(app, "GET", "/v1/models/echo", key=TEXT)).status == 403


async def test_an_expired_or_revoked_key_is_a_401_that_says_so() -> None:
    app = keyed(made(expires_at=time.time() - 1))
    answer = await post(app, chat())
    assert answer.status == 401
    assert answer.json["error"]["message"].startswith("this API key (ci) expired on ")
    app.gateway.keys.take_made([made(revoked_at=time.time())])
    answer = await post(app, chat(), "/v1/messages")
    assert answer.json["error"]["type"] == "authentication_error"
    assert answer.json["error"]["message"].startswith("this API key (ci) was revoked on ")


async def test_things_stay_the_keys_when_it_is_rotated_and_are_not_its_successors() -> None:
    app = keyed(made())
    body = b'{"model":"echo","input":"hi"}'
    first = (await post(app, body, "/v1/responses")).json["id"]
    app.gateway.keys.take_made([made("sk-new")])
    kept = await asked(app, "GET", f"/v1/responses/{first}", key="sk-new")
    assert kept.status == 200
    successor = ClientKey("k-other", "ci", hashlib.sha256(b"sk-third").digest())
    app.gateway.keys.take_made([made("sk-new", revoked_at=1.0), successor])
    assert (await asked(app, "GET", f"/v1/responses/{first}", key="sk-third")).status == 404


# -- requests a minute


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/v1/chat/completions", chat(), ("error", "code", "rate_limit_exceeded")),
        ("/v1/responses", b'{"model":"echo","input":""}', ("error", "code", "rate_limit_exceeded")),
        ("/v1/messages", chat(max_tokens=5), ("error", "type", "rate_limit_error")),
        ("/v1beta/models/echo:generateContent", b'{"contents":[{"parts":[{"text":"x"}]}]}',
         ("error", "status", "RESOURCE_EXHAUSTED")),
    ],
)  # fmt: skip
async def test_over_the_requests_a_minute_is_429_in_the_clients_protocol(
    path: str, body: bytes, place: tuple[str, str, str]
) -> None:
    app = keyed(made(rpm=2))
    for _ in range(2):
        assert (await post(app, body, path)).status == 200
    answer = await post(app, body, path)
    assert answer.status == 429
    assert 55 <= int(answer.headers["retry-after"]) <= 61
    error = answer.json[place[0]]
    assert error[place[1]] == place[2]
    wait = answer.headers["retry-after"]
    assert error["message"] == f"key ci may use 2 requests a minute; try again in {wait} s"


async def test_what_asks_no_model_does_not_count() -> None:
    app = keyed(made(rpm=1, concurrency=1))
    counts = {
        "/v1/messages/count_tokens": chat(),
        "/v1beta/models/echo:countTokens": b'{"contents":[{"parts":[{"text":"x"}]}]}',
        "/api/provider/anthropic/v1/messages/count_tokens": chat(),
        "/api/provider/google/v1beta/models/echo:countTokens": b'{"contents":[]}',
        "/api/show": b'{"model":"echo"}',
    }
    for _ in range(2):
        for path, body in counts.items():
            assert (await post(app, body, path)).status == 200, path
        assert (await asked(app, "GET", "/v1/models", key=TEXT)).status == 200
    assert (await post(app, chat())).status == 200
    assert (await post(app, chat())).status == 429


def limited(**limits: Any) -> tuple[Limiter, ClientKey, list[float]]:
    now = [1000.0]
    state = State(clock=lambda: now[0])
    return Limiter(state, lambda: now[0]), made(**limits), now


def test_the_minute_slides() -> None:
    limiter, key, now = limited(rpm=2)
    for at in (1000.0, 1030.0, 1061.0, 1091.0):
        now[0] = at
        limiter.begin(key, b"").end(Outcome("r", "openai"))
    now[0] = 1100.0
    with pytest.raises(RateLimited, match=r"2 requests a minute; try again in 22 s"):
        limiter.begin(key, b"")


def test_what_a_key_has_used_outlives_the_process() -> None:
    limiter, key, now = limited(rpm=1)
    limiter.begin(key, b"").end(Outcome("r", "openai"))
    again = Limiter(limiter._state, lambda: now[0])
    with pytest.raises(RateLimited, match="1 requests a minute"):
        again.begin(key, b"")


# -- tokens a minute


def outcome(status: int = 200, **more: Any) -> Outcome:
    return Outcome("r", "openai", status=status, **more)


def test_tokens_are_held_by_estimate_and_settled_by_what_is_told() -> None:
    limiter, key, now = limited(tpm=1000)
    body = json.dumps({"x": "word " * 280}).encode()  # 400 tokens
    first, second = limiter.begin(key, body), limiter.begin(key, body)
    with pytest.raises(RateLimited, match=r"1000 tokens a minute; try again in 1 s"):
        limiter.begin(key, body)
    first.end(outcome(usage=Usage(tokens_in=100, tokens_out=50)))
    first.end(outcome(usage=Usage(tokens_in=9999)))
    limiter.begin(key, body).end(outcome(502))
    second.end(outcome(usage=Usage(tokens_out=700)))
    now[0] = 1020.0
    with pytest.raises(RateLimited, match=r"1000 tokens a minute; try again in 41 s"):
        limiter.begin(key, body)
    now[0] = 1061.0
    limiter.begin(key, body).end(outcome(499))
    assert limiter._window(key).seconds == []


@pytest.mark.parametrize(
    ("ended", "tokens"),
    [(outcome(), 4), (outcome(499, first_token_s=0.1), 4), (outcome(499), 0), (outcome(400), 0)],
)
def test_an_answer_that_tells_no_tokens_costs_the_estimate(ended: Outcome, tokens: int) -> None:
    limiter, key, _ = limited(tpm=1000)
    limiter.begin(key, b'"fourteen signs"').end(ended)
    assert sum(one.tokens for one in limiter._window(key).seconds) == tokens


def test_a_body_that_is_no_json_is_held_at_nothing() -> None:
    limiter, key, _ = limited(tpm=1)
    limiter.begin(key, b"--form\r\n")
    limiter.begin(key, b"--form\r\n")


async def test_tokens_of_an_answer_count_against_the_next_request() -> None:
    app = keyed(made(tpm=20))
    assert (await post(app, chat(words="a b c d e f g h i j k l m n"))).status == 200
    answer = await post(app, chat(words="a b c d e f g h i j k l m n"))
    assert (answer.status, "20 tokens a minute" in answer.json["error"]["message"]) == (429, True)


# -- requests at the same time


async def stream(address: str, words: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = chat(words="word " * words, stream=True)
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nx-api-key: {TEXT}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    assert b"200 OK" in await asyncio.wait_for(reader.readline(), 5)
    return reader, writer


async def test_an_open_stream_counts_until_its_end_and_until_the_client_leaves() -> None:
    app = keyed(made(concurrency=1), upstreams=(SLOW,))
    async with running(app) as address:
        reader, writer = await stream(address, 6)
        answer = await post(app, chat())
        assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        assert "1 requests at the same time" in answer.json["error"]["message"]
        await asyncio.wait_for(reader.readuntil(b"[DONE]"), 5)
        await met(lambda: free(app))
        writer.close()
        assert (await post(app, chat())).status == 200
        _, writer = await stream(address, 1000)
        assert (await post(app, chat())).status == 429
        writer.transport.abort()
        await met(lambda: free(app))
        assert (await post(app, chat())).status == 200


@pytest.mark.parametrize(
    "body", [b"{", chat("nosuch"), b'{"model":"echo","messages":1}'], ids=["json", "model", "field"]
)
async def test_a_request_that_fails_holds_nothing(body: bytes) -> None:
    app = keyed(made(concurrency=1, tpm=1000))
    assert (await post(app, body)).status in (400, 404)
    assert free(app)
    assert (await post(app, chat())).status == 200


# -- WebSocket


async def test_a_websockets_requests_count_like_any_other() -> None:
    app = keyed(made(rpm=2))
    async with running(app) as address, opening(address, authorization=f"Bearer {TEXT}") as socket:
        warm = await answered(socket, generate=False, input=[])
        assert warm["status"] == "completed"
        for _ in range(2):
            assert (await answered(socket, input="hi"))["status"] == "completed"
        frame = await answered(socket, input="hi")
        assert (frame["type"], frame["status"]) == ("error", 503)
        assert frame["error"]["code"] == "rate_limit_exceeded"
        assert 55 <= int(frame["headers"]["retry-after"]) <= 61
        assert free(app)


async def test_a_revoked_key_ends_its_next_request_on_an_open_websocket() -> None:
    app = keyed(made())
    async with running(app) as address, opening(address, authorization=f"Bearer {TEXT}") as socket:
        assert text_of(await answered(socket, input="hi")) == "hi"
        app.gateway.keys.take_made([made(revoked_at=time.time())])
        await sent(socket, input="hi")
        frame = (await events(socket))[-1]
        assert (frame["status"], "was revoked on" in frame["error"]["message"]) == (401, True)
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 5)


async def test_a_websocket_behind_switch_follows_the_active_group() -> None:
    app = keyed(made())
    path = "/switch/v1/responses"
    async with (
        running(app) as address,
        opening(address, path, authorization=f"Bearer {TEXT}") as socket,
    ):
        assert (await answered(socket, input="hi", model="claude-x"))["error"]["type"] != ""
        await app.gateway.use_group("qwen")
        done = await answered(socket, input="hi", model="claude-x")
        assert done["status"] == "completed"
