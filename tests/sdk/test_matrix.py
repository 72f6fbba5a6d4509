"""The official SDKs through the gateway to a strict fake of every upstream protocol: each client ×
each target × streamed or not plays every scene (issue 2, "Every pair", "Tests that prove it")."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest
from tests.sdk.conftest import TARGETS, World, alias, faulty
from tests.sdk.drivers import DRIVERS, session
from tests.sdk.gateway import CLIENT_KEY
from tests.sdk.scenes import SCENES, SOME, Scene, Stage
from tests.sdk.session import Session, Settings

pytestmark = pytest.mark.sdk

CLIENTS = list(DRIVERS)
PROTOCOLS = ["openai", "responses", "anthropic", "gemini", "ollama"]
NEWEST = {"claude-opus-5-5": "anthropic", "gemini-3-pro": "gemini"}
"""Models whose own clients ask for thinking in the newest form."""

streamed = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
each_pair = pytest.mark.parametrize(
    ("client", "upstream"),
    [(client, upstream) for client in CLIENTS for upstream in PROTOCOLS],
)


@streamed
@pytest.mark.parametrize(("upstream", "model"), TARGETS)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_a_scene_plays_through_the_gateway(
    scene: Scene, client: str, upstream: str, model: str, stream: bool, world: World
) -> None:
    newest = NEWEST.get(model) == client
    name = alias(upstream, model)

    def opened(settings: Settings) -> AbstractAsyncContextManager[Session]:
        return session(client, world.base_url, CLIENT_KEY, name, settings)

    await scene(Stage(client, upstream, stream, newest, opened))


@streamed
@pytest.mark.parametrize("status", [400, 404])
@each_pair
async def test_an_upstreams_refusal_keeps_its_status_and_message(
    client: str, upstream: str, status: int, stream: bool, world: World
) -> None:
    driver = DRIVERS[client]
    name = faulty("answer", upstream)
    settings = Settings(stream=stream)
    async with session(client, world.base_url, CLIENT_KEY, name, settings) as begun:
        with pytest.raises(driver.error_type(status)) as caught:
            await begun.say(f"fail {status}")
    assert driver.status_of(caught.value) == status
    assert f"told to fail with {status}" in str(caught.value)


@streamed
@each_pair
async def test_a_rate_limit_stays_a_rate_limit(
    client: str, upstream: str, stream: bool, world: World
) -> None:
    driver = DRIVERS[client]
    name = faulty("limit", upstream)
    settings = Settings(stream=stream)
    async with session(client, world.base_url, CLIENT_KEY, name, settings) as begun:
        with pytest.raises(driver.error_type(429)) as caught:
            await begun.say("fail 429")
    assert driver.status_of(caught.value) == 429


@streamed
@pytest.mark.parametrize("client", CLIENTS)
async def test_an_unknown_model_is_a_not_found_error(
    client: str, stream: bool, world: World
) -> None:
    driver = DRIVERS[client]
    settings = Settings(stream=stream)
    async with session(client, world.base_url, CLIENT_KEY, "gtp-5", settings) as begun:
        with pytest.raises(driver.error_type(404)) as caught:
            await begun.say("echo: x")
    assert driver.status_of(caught.value) == 404
    assert "gtp-5" in str(caught.value)


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_wrong_key_is_an_authentication_error(client: str, world: World) -> None:
    driver = DRIVERS[client]
    name = alias("openai", "gpt-5")
    async with session(client, world.base_url, "sk-wrong", name, SOME) as begun:
        with pytest.raises(driver.error_type(401)) as caught:
            await begun.say("echo: x")
    assert driver.status_of(caught.value) == 401


@pytest.mark.parametrize("fault", ["fail-mid", "cut", "drop"])
@each_pair
async def test_a_stream_that_breaks_off_is_an_error_for_the_sdk(
    client: str, upstream: str, fault: str, world: World
) -> None:
    name = faulty("stream", upstream)
    async with session(client, world.base_url, CLIENT_KEY, name, SOME) as begun:
        with pytest.raises(DRIVERS[client].stream_error):
            await begun.say(fault)
