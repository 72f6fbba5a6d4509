"""Responses that an account keeps upstream: when that account cannot answer, the conversation goes
on with another from the copies here, or the client is told what to send."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.fakes import ResponsesFake, serve
from tests.fakes.fake import Answer, Recorded, Stream
from tests.fakes.refusal import Refusal
from tests.server.running import KEY, Answered, app_of, asked, running
from websockets.asyncio.client import connect

from dragoman.exchange.stored_responses import SPACE
from dragoman.server.app import App
from dragoman.storage.state import State


class AccountsFake(ResponsesFake):
    """Each key has its own responses; those of `out` are refused."""

    def __init__(self) -> None:
        super().__init__(models=["m"], key="")
        self.kept: dict[str, dict[str, Any]] = {}
        self.out: set[str] = set()

    @property
    def accounts(self) -> list[str]:
        return [str(request.header("authorization"))[7:] for request in self.requests]

    def _answer(self, request: Recorded) -> Answer | Stream:
        account = str(request.header("authorization"))[7:]
        if account in self.out:
            raise Refusal("no such key", status=401)
        self.stored = self.kept.setdefault(account, {})
        return super()._answer(request)


@pytest.fixture
async def fake() -> AsyncIterator[tuple[AccountsFake, str]]:
    upstream = AccountsFake()
    async with serve(upstream) as url:
        yield upstream, url


def app_at(url: str, *keys: str, state: State | None = None, **settings: object) -> App:
    upstream = {
        "name": "up",
        "protocol": "responses",
        "base-url": url,
        "keys": keys or ("key-a", "key-b"),
        "models": [{"name": "m"}],
    }
    return app_of([upstream], state, disable_cooling=False, **settings)


async def created(app: App, text: str, previous: str = "", **body: object) -> Answered:
    given: dict[str, object] = {"model": "m", "input": f"echo: {text}", "store": True, **body}
    if previous:
        given["previous_response_id"] = previous
    return await asked(app, "POST", "/v1/responses", json.dumps(given).encode())


def completed(answer: Answered) -> Any:
    frames = [line[6:] for line in answer.body.splitlines() if line.startswith(b"data: ")]
    return json.loads(frames[-1])["response"]


def said(fake: AccountsFake) -> str:
    return json.dumps(fake.last["input"])


@pytest.mark.parametrize("stream", [True, False])
async def test_when_the_account_is_out_another_gets_the_conversation_written_out(
    fake: tuple[AccountsFake, str], stream: bool
) -> None:
    upstream, url = fake
    app = app_at(url)
    first = (await created(app, "one", reasoning={"effort": "low"})).json
    second = (await created(app, "two", first["id"])).json
    owner = upstream.accounts[0]
    upstream.out.add(owner)
    third = await created(app, "three", second["id"], stream=stream)
    assert third.status == 200
    assert "previous_response_id" in third.headers["x-dragoman-dropped"]
    assert upstream.accounts[:2] == [owner, owner]
    assert upstream.accounts[-1] != owner
    assert upstream.last.get("previous_response_id") is None
    told = said(upstream)
    assert told.index("echo: one") < told.index("echo: two") < told.index("echo: three")
    assert '"reasoning"' not in told
    third_id = (completed(third) if stream else third.json)["id"]
    fourth = await created(app, "four", third_id)
    assert fourth.status == 200
    assert upstream.last["previous_response_id"] == third_id
    assert said(upstream).count("echo:") == 1


async def test_without_copies_the_client_is_told_to_send_the_whole_conversation(
    fake: tuple[AccountsFake, str],
) -> None:
    upstream, url = fake
    state = State()
    app = app_at(url, state=state)
    first = (await created(app, "one")).json
    second = (await created(app, "two", first["id"])).json
    state.delete(SPACE, first["id"])
    upstream.out.add(upstream.accounts[0])
    answer = await created(app, "three", second["id"])
    assert answer.status == 401
    assert "send the whole conversation as input instead" in answer.json["error"]["message"]


async def test_an_account_that_is_configured_no_more_is_replaced_too(
    fake: tuple[AccountsFake, str],
) -> None:
    upstream, url = fake
    state = State()
    app = app_at(url, "key-a", state=state)
    first = (await created(app, "one")).json
    later = app_at(url, "key-b", state=state)
    assert (await created(later, "two", first["id"])).status == 200
    assert "echo: one" in said(upstream)
    state.delete(SPACE, first["id"])
    state_of_another = await created(later, "two", first["id"])
    assert state_of_another.json["error"]["code"] == "previous_response_not_found"


async def test_a_key_that_moved_in_the_list_still_has_its_responses(
    fake: tuple[AccountsFake, str],
) -> None:
    upstream, url = fake
    state = State()
    first = (await created(app_at(url, "key-a", "key-b", state=state), "one")).json
    owner = upstream.accounts[0]
    moved = app_at(url, "key-c", "key-b", "key-a", state=state)
    for _ in range(3):
        assert (await created(moved, "on", first["id"])).status == 200
        assert upstream.accounts[-1] == owner


async def test_a_response_that_the_upstream_has_forgotten_is_written_out(
    fake: tuple[AccountsFake, str],
) -> None:
    upstream, url = fake
    app = app_at(url)
    first = (await created(app, "one")).json
    upstream.kept.clear()
    answer = await created(app, "two", first["id"])
    assert answer.status == 200
    assert "echo: one" in said(upstream)


async def test_over_websocket_too(fake: tuple[AccountsFake, str]) -> None:
    upstream, url = fake
    app = app_at(url)
    first = (await created(app, "one")).json
    upstream.out.add(upstream.accounts[0])
    headers = {"authorization": f"Bearer {KEY}"}
    previous = first["id"]
    async with (
        running(app) as address,
        connect(f"ws://{address}/v1/responses", additional_headers=headers, proxy=None) as socket,
    ):
        for text in ("two", "three"):
            frame = {
                "type": "response.create",
                "model": "m",
                "input": f"echo: {text}",
                "store": False,
                "previous_response_id": previous,
            }
            await socket.send(json.dumps(frame))
            event: Any = {}
            while event.get("type") != "response.completed":
                event = json.loads(await socket.recv())
                assert event["type"] != "error", event
            previous = event["response"]["id"]
            assert "echo: one" in said(upstream)
