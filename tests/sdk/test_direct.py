"""Each SDK driver against the strict fake of its own protocol, nothing between: proves the drivers
and the fakes to each other, so that the matrix tests the gateway alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.fakes import FAKES, serve
from tests.sdk.drivers import DRIVERS, session
from tests.sdk.scenes import SCENES, SOME, Scene, Stage
from tests.sdk.session import Session, Settings

pytestmark = pytest.mark.sdk

MODELS = [
    ("openai", "gpt-5", False),
    ("responses", "gpt-5", False),
    ("anthropic", "claude-haiku-4-5", False),
    ("anthropic", "claude-opus-5-5", True),
    ("gemini", "gemini-2.5-pro", False),
    ("gemini", "gemini-3-pro", True),
    ("ollama", "qwen3", False),
]


@pytest.mark.parametrize("rechunk", [0, 13], ids=["whole-frames", "odd-pieces"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(("client", "model", "newest"), MODELS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_a_scene_plays_against_the_fake_itself(
    scene: Scene, client: str, model: str, newest: bool, stream: bool, rechunk: int
) -> None:
    fake = FAKES[client](rechunk=rechunk)

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Session]:
        async with (
            serve(fake) as base_url,
            session(client, base_url, "up-key", model, settings) as begun,
        ):
            yield begun

    await scene(Stage(client, client, stream, newest, opened))


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("status", [400, 404, 429, 500])
@pytest.mark.parametrize("client", list(DRIVERS))
async def test_an_error_answer_raises_the_sdk_exception_of_its_status(
    client: str, status: int, stream: bool
) -> None:
    driver, fake = DRIVERS[client], FAKES[client]()
    settings = Settings(stream=stream)
    async with (
        serve(fake) as base_url,
        session(client, base_url, "up-key", fake.models[0], settings) as begun,
    ):
        with pytest.raises(driver.error_type(status)) as caught:
            await begun.say(f"fail {status}")
    assert driver.status_of(caught.value) == status
    assert f"told to fail with {status}" in str(caught.value)


@pytest.mark.parametrize("client", list(DRIVERS))
async def test_a_wrong_key_is_an_authentication_error(client: str) -> None:
    driver, fake = DRIVERS[client], FAKES[client]()
    async with (
        serve(fake) as base_url,
        session(client, base_url, "wrong", fake.models[0], SOME) as begun,
    ):
        with pytest.raises(driver.error_type(401)) as caught:
            await begun.say("echo: x")
    assert driver.status_of(caught.value) == 401


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("client", list(DRIVERS))
async def test_an_unknown_model_is_a_not_found_error(client: str, stream: bool) -> None:
    driver, fake = DRIVERS[client], FAKES[client]()
    settings = Settings(stream=stream)
    async with (
        serve(fake) as base_url,
        session(client, base_url, "up-key", "no-such-model", settings) as begun,
    ):
        with pytest.raises(driver.error_type(404)) as caught:
            await begun.say("echo: x")
    assert driver.status_of(caught.value) == 404


@pytest.mark.parametrize("client", list(DRIVERS))
async def test_an_error_in_mid_stream_is_raised(client: str) -> None:
    driver, fake = DRIVERS[client], FAKES[client]()
    async with (
        serve(fake) as base_url,
        session(client, base_url, "up-key", fake.models[0], SOME) as begun,
    ):
        with pytest.raises(driver.stream_error, match="failed in the middle"):
            await begun.say("fail-mid")
