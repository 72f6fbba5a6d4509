"""What the gateway serves: hosts that are asked for their models, also when they are down."""

from __future__ import annotations

import asyncio

import httpx
from structlog.testing import capture_logs
from tests.fakes import ChatFake, serve
from tests.server.running import ECHO, KEY, app_of, asked, running

from dragoman.storage.state import State


def without_list(url: str) -> dict[str, object]:
    return {"name": "up", "protocol": "openai", "base-url": url, "keys": ["up-key"]}


async def test_a_host_without_a_list_is_asked_and_remembered_when_it_is_down() -> None:
    state = State()
    async with serve(ChatFake(models=["asked-of-the-host"])) as url:
        app = app_of([without_list(url), ECHO], state)
        async with running(app) as address, httpx.AsyncClient(trust_env=False) as client:
            async with asyncio.timeout(5):
                names = ""
                while "asked-of-the-host" not in names:
                    answer = await client.get(
                        f"http://{address}/v1/models", headers={"x-api-key": KEY}
                    )
                    names = answer.text
    later = app_of([without_list(url)], state)
    with capture_logs() as logs:
        await later.gateway._lookout._ask(later.gateway.configured.asked["up"][0])
    (line,) = logs
    assert (line["upstream"], line["log_level"]) == ("up", "warning")
    assert "its last known list is used" in line["event"]
    assert "up-key" not in repr(line)
    listed = (await asked(later, "GET", "/v1/models")).json["data"]
    assert "asked-of-the-host" in [entry["id"] for entry in listed]
    await later.gateway.close()


async def test_what_is_disabled_is_not_served() -> None:
    off = {**ECHO, "name": "off", "disabled": True}
    named = {"name": "on", "protocol": "echo", "models": [{"name": "echo", "alias": "mine"}]}
    listed = (await asked(app_of([off, named]), "GET", "/v1/models")).json["data"]
    assert [entry["id"] for entry in listed] == ["mine"]


async def test_the_catalogue_completes_what_a_list_leaves_out() -> None:
    upstream = {
        "name": "up",
        "protocol": "anthropic",
        "base-url": "http://127.0.0.1:9",
        "models": [{"name": "claude-sonnet-4-5"}],
    }
    page = (await asked(app_of([upstream]), "GET", "/v1beta/models/claude-sonnet-4-5")).json
    assert page["inputTokenLimit"] >= 200_000
    assert page["outputTokenLimit"] >= 64_000
