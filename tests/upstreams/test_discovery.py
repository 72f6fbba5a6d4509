"""Local servers found by knocking, and hosts asked for their models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.exchange.world import upstream, world
from tests.fakes import ChatFake, OllamaFake, serve
from tests.upstreams.raw_host import Exchange, RawHost, answering, raw_host, whole

from dragoman.server import lookout as lookout_module
from dragoman.server.gateway import Gateway
from dragoman.storage.state import State
from dragoman.upstreams import discovery
from dragoman.upstreams.discovery import Place
from dragoman.upstreams.http import Deadlines, HttpClient

QUICK = 0.05
MODELS = whole(b'{"object":"list","data":[{"id":"local-1","object":"model"}]}')


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """Where servers are looked for; filled by the test."""
    made: list[Place] = []
    monkeypatch.setattr(discovery, "PLACES", made)
    monkeypatch.setattr(discovery, "INTERVAL_S", QUICK)
    return made


async def found(
    places: list[Place], taken: frozenset[str] = frozenset(), own: int = 0
) -> list[str]:
    client = HttpClient()
    try:
        seen = await discovery.discover(client, Deadlines(), taken, own)
    finally:
        await client.close()
    return [f"{each.host.name}/{model.id}" for each in seen for model in each.models]


def test_the_usual_local_servers_are_looked_for_where_they_listen() -> None:
    assert [(place.name, place.port, place.protocol) for place in discovery.PLACES] == [
        ("ollama", 11434, "ollama"),
        ("lmstudio", 1234, "openai"),
        ("llamacpp", 8080, "openai"),
        ("vllm", 8000, "openai"),
    ]
    assert discovery.INTERVAL_S == 30


async def test_servers_that_answer_are_found_with_their_models(places: list[Place]) -> None:
    ollama, chat = OllamaFake(key="", models=["llama3"]), ChatFake(key="", models=["served"])
    async with serve(ollama) as first, serve(chat) as second:
        places += [
            Place("ollama", port_of(first), "ollama", "/api"),
            Place("vllm", port_of(second), "openai", "/v1"),
            Place("lmstudio", 1, "openai", "/v1"),
        ]
        assert {"ollama/llama3:latest", "vllm/served"} <= set(await found(places))
        address = f"127.0.0.1:{port_of(first)}"
        assert "ollama/llama3:latest" not in await found(places, frozenset({address}))
        assert "vllm/served" not in await found(places, own=port_of(second))


@pytest.mark.parametrize(
    "answer",
    [
        MODELS.replace(b"\r\n\r\n", b"\r\nx-dragoman: 0.1.0\r\n\r\n", 1),
        whole(b"not found", status=404),
        whole(b"<html></html>", "text/html"),
        whole(b'{"data":7}'),
        b"SSH-2.0-x\r\n",
    ],
    ids=["dragoman", "404", "page", "nonsense", "ssh"],
)
async def test_what_is_no_model_server_or_is_a_gateway_like_this_is_passed_over(
    places: list[Place], answer: bytes
) -> None:
    async with raw_host(answering(answer)) as host:
        places.append(Place("vllm", host.port, "openai", "/v1"))
        assert await found(places) == []


async def test_a_server_that_stays_silent_does_not_hold_up_the_start(
    places: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.gone()

    monkeypatch.setattr(discovery, "_KNOCK_S", 0.1)
    async with raw_host(silent) as host:
        places.append(Place("vllm", host.port, "openai", "/v1"))
        async with asyncio.timeout(1):
            assert await found(places) == []


async def served(gateway: Gateway, name: str, *, there: bool = True) -> None:
    """Waits until a name is served, or no more."""
    async with asyncio.timeout(5):
        while (  # noqa: ASYNC110 - a list that changed tells nobody
            name in {entry.id for entry in gateway.entries()}
        ) is not there:
            await asyncio.sleep(0.01)


async def test_models_come_and_go_with_their_server(places: list[Place]) -> None:
    @asynccontextmanager
    async def running(port: int) -> AsyncIterator[None]:
        async with serve(OllamaFake(key="", models=["llama3"]), port):
            yield

    async with raw_host(answering()) as host:
        port = host.port
    places.append(Place("ollama", port, "ollama", "/api"))
    async with world(upstream("openai", "http://127.0.0.1:9", "own"), discover=True) as here:
        await served(here.gateway, "llama3:latest", there=False)
        async with running(port):
            await served(here.gateway, "llama3:latest")
            assert (
                here.gateway.names.resolve("ollama/llama3:latest").targets[0].host.name == "ollama"
            )
        await served(here.gateway, "llama3:latest", there=False)


async def test_a_found_server_is_there_at_the_start_and_yields_its_names(
    places: list[Place],
) -> None:
    fake = OllamaFake(key="", models=["shared", "alone"])
    async with serve(fake) as url:
        places.append(Place("ollama", port_of(url), "ollama", "/api"))
        up = upstream("openai", "http://127.0.0.1:9", "shared")
        async with world(up, discover=True) as here:
            resolve = here.gateway.names.resolve
            assert [target.host.name for target in resolve("shared").targets] == ["up"]
            assert [target.host.name for target in resolve("alone").targets] == ["ollama"]
            assert [target.host.name for target in resolve("ollama/shared").targets] == ["ollama"]
        async with world(up, discover=False) as here:
            assert "alone" not in {entry.id for entry in here.gateway.entries()}
        named = upstream("openai", "http://127.0.0.1:9", "x", name="ollama")
        async with world(named, discover=True) as here:
            assert "alone" not in {entry.id for entry in here.gateway.entries()}


# -- asking hosts


def listing(host_key: str = "up-key") -> tuple[list[str], Any]:
    names = ["m-1"]

    async def script(exchange: Exchange) -> None:
        while (asked := await exchange.request()) is not None:
            if asked.header("authorization") != f"Bearer {host_key}" or not names:
                await exchange.send(whole(b'{"error":{"message":"no"}}', status=500))
                continue
            data = [{"id": name, "object": "model"} for name in names]
            await exchange.send(whole(json.dumps({"data": data}).encode()))

    return names, script


def unlisted(host: RawHost) -> dict[str, Any]:
    made = upstream("openai", host.url)
    del made["models"]
    return made


async def test_a_host_without_a_list_is_asked_in_the_background_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookout_module, "REFRESH_S", QUICK)
    names, script = listing()
    async with raw_host(script) as host, world(unlisted(host)) as here:
        await served(here.gateway, "m-1")
        names.append("m-2")
        await served(here.gateway, "m-2")
        assert here.gateway.names.resolve("up/never-heard-of").targets[0].model == "never-heard-of"
        names.clear()
        asked = len(host.asked)
        async with asyncio.timeout(5):
            while len(host.asked) < asked + 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await served(here.gateway, "m-2")
        assert host.asked[0].line == "GET /v1/models HTTP/1.1"


async def test_the_last_known_list_is_served_after_a_restart_of_a_host_that_is_away() -> None:
    _, script = listing()
    state = State()
    async with raw_host(script) as host, world(unlisted(host)) as here:
        await served(here.gateway, "m-1")
        settings = here.gateway.settings
        first = Gateway(settings, state, b"s" * 32)
        await first.open()
        await served(first, "m-1")
        await first.close()
    again = Gateway(settings, state, b"s" * 32)
    assert [entry.id for entry in again.entries()] == ["m-1"]
    await again.close()


async def test_a_host_that_does_not_tell_does_not_hold_up_the_start_or_the_others() -> None:
    async def silent(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.gone()

    async with raw_host(silent) as host:
        async with asyncio.timeout(2):
            async with world(unlisted(host), upstream("openai", host.url, "x", name="b")) as here:
                assert [entry.id for entry in here.gateway.entries()] == ["x"]
                assert here.gateway.names.resolve("up/any").targets[0].model == "any"
