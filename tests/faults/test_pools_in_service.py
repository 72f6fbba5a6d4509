"""Pools as a client meets them: hedging, conversations that stay, rests over a restart, and what
is told when nobody is left."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import serve
from tests.faults.answers import TEXT
from tests.faults.client import PROTOCOLS, Told, ask
from tests.faults.upstream import FaultyUpstream, faulty_upstream

from dragoman.config.settings import Settings
from dragoman.exchange.incoming import Incoming, Outcome
from dragoman.protocols.registry import CODECS
from dragoman.server.app import App
from dragoman.server.gateway import Gateway
from dragoman.storage.database import open_database
from dragoman.storage.state import State
from dragoman.upstreams.http import HttpClient

KEY = "sk-client"


class Service:
    """A running gateway over one pool of three keys, and the upstream behind it."""

    def __init__(self, base_url: str, app: App, faulty: FaultyUpstream) -> None:
        self.base_url = base_url
        self.app = app
        self.faulty = faulty
        self.http = HttpClient()

    async def ask(
        self, protocol: str = "openai", *, stream: bool = True, session: str = ""
    ) -> Told:
        return await ask(
            self.http, self.base_url, KEY, protocol, "m", stream=stream, session=session
        )


@asynccontextmanager
async def service(
    choose: Callable[[str], str], state: State | None = None, **settings: object
) -> AsyncIterator[Service]:
    async with faulty_upstream(choose) as (faulty, port):
        upstream = {
            "name": "pool",
            "protocol": "openai",
            "base-url": f"http://127.0.0.1:{port}/openai/v1",
            "keys": [{"key": f"key-{n}", "label": f"label {n}"} for n in range(3)],
            "models": [{"name": "m"}],
        }
        written = {
            "upstreams": [upstream],
            "api-keys": [KEY],
            "discover": False,
            "auth-dir": "/nonexistent/logins",
            "log-level": "error",
            **{name.replace("_", "-"): value for name, value in settings.items()},
        }
        gateway = Gateway(Settings.model_validate(written), state or State(), b"k" * 32)
        app = App(gateway)
        async with serve(app) as base_url:
            running = Service(base_url, app, faulty)
            yield running
            await running.http.close()
        await gateway.close()


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_a_silent_attempt_is_hedged_on_another_credential_and_cut(stream: bool) -> None:
    cut = asyncio.Event()
    async with service(
        lambda key: "stall" if key == "key-0" else "", hedge_after_s=0.15
    ) as running:
        running.faulty.on_left = cut.set
        began = time.monotonic()
        told = await running.ask(stream=stream)
        assert time.monotonic() - began < 2
        assert (told.text, told.headers["x-dragoman-credential"]) == (TEXT, "1")
        assert told.headers["x-dragoman-attempts"] == "2"
        await asyncio.wait_for(cut.wait(), 2)
        assert [one.key for one in running.faulty.asked] == ["key-0", "key-1"]


async def test_an_attempt_that_answers_in_time_is_not_hedged() -> None:
    async with service(lambda _key: "slow-drip", hedge_after_s=5) as running:
        assert (await running.ask()).text == TEXT
        assert len(running.faulty.asked) == 1


async def test_when_the_hedge_fails_the_first_attempt_may_still_answer() -> None:
    faults = {"key-0": "slow-begin", "key-1": "500"}
    async with service(lambda key: faults.get(key, ""), hedge_after_s=0.1) as running:
        told = await running.ask()
        assert (told.text, told.headers["x-dragoman-credential"]) == (TEXT, "0")


@pytest.mark.parametrize(("stream", "status"), [(True, 200), (False, 500)])
async def test_a_stream_may_have_rounds_of_its_own_before_anything_was_sent(
    stream: bool, status: int
) -> None:
    left = [3]

    def three_failures(_key: str) -> str:
        left[0] -= 1
        return "500" if left[0] >= 0 else ""

    streaming = {"bootstrap-retries": 1}
    async with service(three_failures, request_retry=0, streaming=streaming) as running:
        told = await running.ask(stream=stream)
        assert told.status == status
        assert len(running.faulty.asked) == (4 if stream else 3)


async def test_subagents_of_a_session_stay_together_or_go_apart() -> None:
    for together, keys in ((True, 1), (False, 3)):
        routing = {"session-affinity-subagents": together}
        async with service(lambda _key: "", routing=routing) as running:
            for agent in ("", "one", "two", "one"):
                headers = [("x-claude-code-session-id", "s"), ("x-claude-code-agent-id", agent)]
                body = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
                incoming = Incoming("r", CODECS["openai"], headers, body)
                await running.app.gateway.exchange.generate(incoming, Outcome("r", "openai"))
            assert len({asked.key for asked in running.faulty.asked}) == keys


async def test_without_hedging_one_is_waited_for() -> None:
    async with service(lambda key: "slow-begin" if key == "key-0" else "") as running:
        assert (await running.ask()).headers["x-dragoman-credential"] == "0"


@pytest.mark.parametrize("keepalive_s", [0, 5])
async def test_a_client_that_leaves_before_the_first_byte_frees_the_upstream(
    keepalive_s: int,
) -> None:
    left = asyncio.Event()
    body = b'{"model": "m", "stream": true, "messages": [{"role": "user", "content": "hi"}]}'
    streaming = {"keepalive-seconds": keepalive_s}
    async with service(lambda _key: "stall-after-content", streaming=streaming) as running:
        running.faulty.on_left = left.set
        incoming = Incoming("r", CODECS["openai"], [], body)
        reply = await running.app.gateway.exchange.generate(incoming, Outcome("r", "openai"))
        assert not isinstance(reply.body, bytes)
        await reply.body.aclose()
        await asyncio.wait_for(left.wait(), 2)


async def test_a_conversation_keeps_its_credential_and_others_take_turns() -> None:
    async with service(lambda _key: "") as running:
        own = [
            (await running.ask(session=f"s{n % 2}")).headers["x-dragoman-credential"]
            for n in range(6)
        ]
        assert own == ["0", "1", "0", "1", "0", "1"]
        free = {(await running.ask()).headers["x-dragoman-credential"] for _ in range(3)}
        assert free == {"0", "1", "2"}


async def test_affinity_can_be_switched_off() -> None:
    async with service(lambda _key: "", routing={"session-affinity": False}) as running:
        own = [(await running.ask(session="s")).headers["x-dragoman-credential"] for _ in range(3)]
        assert own == ["0", "1", "2"]


@pytest.mark.parametrize(("kept", "asked"), [(True, ["key-1"]), (False, ["key-0", "key-1"])])
async def test_a_rest_outlives_a_restart_where_it_is_to(
    tmp_path: Path, kept: bool, asked: list[str]
) -> None:
    def choose(key: str) -> str:
        return "401" if key == "key-0" else ""

    for attempts in (["key-0", "key-1"], asked):
        state = State(await open_database(tmp_path / "state.db"))
        await state.open()
        async with service(choose, state, save_cooldown_status=kept) as running:
            assert (await running.ask()).text == TEXT
            assert [one.key for one in running.faulty.asked] == attempts
        await state.close()


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_when_all_limits_are_hit_each_client_is_told_who_is_out_and_until_when(
    client: str,
) -> None:
    async with service(lambda _key: "429-long") as running:
        for attempts in (3, 3):
            told = await running.ask(client, stream=False)
            assert told.status == 429
            assert 98 <= float(told.headers["retry-after"]) <= 100
            for label in ("label 0", "label 1", "label 2"):
                assert f"{label}: rate limit (429), until 20" in told.error
            assert "key-" not in told.error
            assert len(running.faulty.asked) == attempts


async def test_when_all_keys_are_dead_a_503_names_them() -> None:
    async with service(lambda _key: "401") as running:
        for _ in range(2):
            told = await running.ask(stream=False)
            assert (told.status, told.error.count("refused (401), until 20")) == (503, 3)
        assert len(running.faulty.asked) == 3


async def test_on_a_codex_websocket_exhaustion_is_a_503_frame() -> None:
    inbox: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "websocket.send":
            inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async with service(lambda _key: "429-long") as running:
        inbox.put_nowait({"type": "websocket.connect"})
        frame = {"type": "response.create", "model": "m", "input": "hi"}
        inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})
        scope: dict[str, object] = {
            "type": "websocket",
            "path": "/v1/responses",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {KEY}".encode())],
            "client": ("127.0.0.1", 1),
        }
        await running.app(scope, inbox.get, send)
    told = json.loads(sent[-1]["text"])
    assert (told["type"], told["status"]) == ("error", 503)
    assert "label 2: rate limit (429)" in told["error"]["message"]
