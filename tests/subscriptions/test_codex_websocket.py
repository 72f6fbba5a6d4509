"""A client's WebSocket is continued upstream, for accounts whose file says `websockets: true`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.world import KEY, World
from tests.exchange.world import upstream as configured
from tests.fakes import serve as serve_app
from tests.subscriptions.folder import before, until, write
from tests.subscriptions.test_codex import CODEX, LIMIT, MODEL, codex_body, codex_host
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from dragoman.server.app import App


class Upstream:
    """The host's WebSocket. `answers`: the events of the next responses, in order; what it is told
    is in `frames`, the headers of each handshake in `handshakes`."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = set(tokens)
        self.answers: list[list[dict[str, Any]]] = []
        self.frames: list[dict[str, Any]] = []
        self.handshakes: list[Any] = []
        self.hang_up = False
        self.left = 0
        self.url = ""

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.handshakes.append(request.headers)
        if request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens:
            return None
        return connection.respond(HTTPStatus.UNAUTHORIZED, '{"detail":"token expired"}')

    async def handle(self, connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in connection:
                self.frames.append(json.loads(message))
                for event in self.answers.pop(0):
                    await connection.send(json.dumps(event))
                if self.hang_up:
                    return
        self.left += 1


@contextlib.asynccontextmanager
async def upstream(*tokens: str) -> AsyncIterator[Upstream]:
    host = Upstream(*tokens)
    async with serve(host.handle, "127.0.0.1", 0, process_request=host.admit) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        host.url = f"http://127.0.0.1:{port}/backend-api/codex"
        yield host


def answer(text: str, number: int = 1) -> list[dict[str, Any]]:
    item = {
        "type": "message",
        "id": f"msg_{number}",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    response = {"id": f"resp_{number}", "model": MODEL, "output": []}
    return [
        {"type": "response.created", "response": response},
        {
            "type": "response.output_text.delta",
            "output_index": 0,
            "content_index": 0,
            "delta": text,
        },
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**response, "status": "completed"}},
    ]


@contextlib.asynccontextmanager
async def client(here: World) -> AsyncIterator[Any]:
    headers = {"authorization": f"Bearer {KEY}", **CODEX}
    async with (
        serve_app(App(here.gateway), ws="websockets-sansio") as url,
        connect(
            "ws" + url.removeprefix("http") + "/v1/responses",
            additional_headers=headers,
            proxy=None,
        ) as socket,
    ):
        yield socket


async def ask(socket: Any, body: dict[str, Any]) -> list[dict[str, Any]]:
    await socket.send(json.dumps({"type": "response.create", **body}))
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] not in {"response.completed", "error"}:
        events.append(json.loads(await socket.recv()))
    return events


def settings(host: Upstream) -> dict[str, Any]:
    return {"oauth_clients": {"codex": {"base-url": host.url}}, "max_retry_interval": 1}


async def test_one_socket_upstream_carries_every_response_of_a_client(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1, websockets=True)
    async with upstream("codex-token-0") as host, before(tmp_path, {}, **settings(host)) as here:
        host.answers = [answer("bread"), answer("butter", 2)]
        async with client(here) as socket:
            first = await ask(socket, codex_body())
            more = codex_body(previous_response_id="resp_1")
            second = await ask(socket, more)
    assert first[-1]["response"]["output"][0]["content"][0]["text"] == "bread"
    assert second[-1]["response"]["output"][0]["content"][0]["text"] == "butter"
    assert len(host.handshakes) == 1
    sent = host.handshakes[0]
    assert sent["openai-beta"] == "responses_websockets=2026-02-06"
    assert sent["chatgpt-account-id"] == "account-0"
    assert sent["user-agent"] == CODEX["user-agent"]
    assert [frame["type"] for frame in host.frames] == ["response.create", "response.create"]
    assert host.frames[0]["store"] is False
    assert len(host.frames[1]["input"]) == 3, "the whole conversation, not only what is new"
    assert "previous_response_id" not in host.frames[1]


async def test_a_token_that_the_handshake_refuses_is_told_as_the_hosts_refusal(
    tmp_path: Path,
) -> None:
    write(tmp_path, "codex", 1, websockets=True)
    async with (
        upstream("another") as host,
        before(tmp_path, {}, **settings(host)) as here,
        client(here) as socket,
    ):
        (told,) = await ask(socket, codex_body())
    assert (told["type"], told["status"]) == ("error", 401)
    assert "token expired" in told["error"]["message"]


async def test_a_used_up_account_hands_over_to_the_next_one(tmp_path: Path) -> None:
    write(tmp_path, "codex", 2, websockets=True)
    tokens = ("codex-token-0", "codex-token-1")
    async with upstream(*tokens) as host, before(tmp_path, {}, **settings(host)) as here:
        host.answers = [[{"type": "error", "status": 429, "error": LIMIT}], answer("bread")]
        async with client(here) as socket:
            events = await ask(socket, codex_body())
    assert events[-1]["type"] == "response.completed"
    assert len({shown["authorization"] for shown in host.handshakes}) == 2


async def test_a_socket_that_was_closed_meanwhile_is_opened_anew(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1, websockets=True)
    async with upstream("codex-token-0") as host, before(tmp_path, {}, **settings(host)) as here:
        host.answers = [answer("bread"), answer("butter", 2)]
        host.hang_up = True
        async with client(here) as socket:
            await ask(socket, codex_body())
            events = await ask(socket, codex_body())
    assert events[-1]["type"] == "response.completed"
    assert len(host.handshakes) == 2


async def test_a_socket_that_breaks_in_mid_answer_is_a_failure(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1, websockets=True)
    async with upstream("codex-token-0") as host, before(tmp_path, {}, **settings(host)) as here:
        host.answers = [answer("bread")[:1]]
        host.hang_up = True
        async with client(here) as socket:
            (told,) = await ask(socket, codex_body())
    assert told["type"] == "error"
    assert "broke the connection in mid-answer" in told["error"]["message"]


async def test_a_kept_socket_that_stays_silent_is_told_when_the_time_is_over(
    tmp_path: Path,
) -> None:
    write(tmp_path, "codex", 1, websockets=True)
    async with upstream("codex-token-0") as host:
        given = {**settings(host), "timeouts": {"first-byte": 0.3}}
        host.answers = [answer("bread"), []]
        async with before(tmp_path, {}, **given) as here, client(here) as socket:
            await ask(socket, codex_body())
            (told,) = await ask(socket, codex_body())
            await until(lambda: host.left == 1)
    assert told["status"] == 504
    assert "sent nothing for 0.3 s" in told["error"]["message"]


@pytest.mark.parametrize("kept", [False, True])
async def test_the_upstreams_socket_is_closed_when_the_client_leaves_in_mid_answer(
    kept: bool, tmp_path: Path
) -> None:
    write(tmp_path, "codex", 1, websockets=True)
    async with upstream("codex-token-0") as host, before(tmp_path, {}, **settings(host)) as here:
        host.answers = [answer("bread"), answer("butter")[:2]][0 if kept else 1 :]
        async with client(here) as socket:
            if kept:
                await ask(socket, codex_body())
                host.answers = [[]]
            await socket.send(json.dumps({"type": "response.create", **codex_body()}))
            await until(lambda: len(host.frames) == (2 if kept else 1))
        await until(lambda: host.left == 1)


async def test_a_host_that_is_not_there_is_told(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1, websockets=True)
    nowhere = {"codex": {"base-url": "http://127.0.0.1:9/backend-api/codex"}}
    async with before(tmp_path, {}, oauth_clients=nowhere) as here, client(here) as socket:
        (told,) = await ask(socket, codex_body())
    assert told["status"] == 502
    assert "no WebSocket to it" in told["error"]["message"]


async def test_other_accounts_are_served_by_http(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1)
    host = codex_host()
    async with before(tmp_path, {"codex": host}) as here, client(here) as socket:
        events = await ask(socket, codex_body())
    assert events[-1]["type"] == "response.completed"
    assert len(host.requests) == 1


async def test_an_upstream_with_a_key_is_spoken_to_by_websocket_too(tmp_path: Path) -> None:
    async with upstream("up-key") as host:
        keyed = configured("responses", host.url, MODEL, websockets=True)
        host.answers = [answer("bread")]
        async with before(tmp_path, {}, keyed) as here, client(here) as socket:
            events = await ask(socket, codex_body())
    assert events[1]["delta"] == "bread"
    assert host.frames[0]["type"] == "response.create"
