"""What the log and the counters say of Amp's requests, and what they never say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog.testing
from tests.amp.asking import body_of, path_of
from tests.exchange.world import upstream
from tests.fakes import ChatFake, serve
from tests.fakes.ampcode import KEY as UP_KEY
from tests.fakes.ampcode import AmpcodeFake
from tests.server.running import KEY, app_of, asked

from dragoman.observe.metrics import exposition
from dragoman.server.app import App


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What was logged beside the requests' own lines."""
    with structlog.testing.capture_logs() as told:
        yield told


def lines(captured: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in captured.splitlines() if line.startswith("{")]


async def posted(app: App, model: str) -> int:
    body = json.dumps(body_of("anthropic", model, "echo: hi", stream=False)).encode()
    return (await asked(app, "POST", path_of("anthropic", model, stream=False), body)).status


def count(route: str, cost: str, upstream: str) -> float:
    wanted = f'dragoman_amp_requests_total{{cost="{cost}",route="{route}",upstream="{upstream}"}} '
    found = [line for line in exposition("")[0].decode().splitlines() if line.startswith(wanted)]
    return float(found[0].removeprefix(wanted)) if found else 0


async def test_each_request_tells_its_way_and_what_it_cost(
    capfd: pytest.CaptureFixture[str], logged: list[Any]
) -> None:
    local, fake = ChatFake(models=["mine"]), AmpcodeFake()
    mapping = {"from": "claude-opus-4-7", "to": "mine"}
    before = count("AMP_CREDITS", "amp_credits", "ampcode.com")
    async with serve(local) as local_url, serve(fake) as url:
        ampcode = {"upstream-url": url, "upstream-api-key": UP_KEY, "model-mappings": [mapping]}
        one = upstream("openai", local_url, "mine", name="here")
        app = app_of([one], ampcode=ampcode, log_format="json")
        assert await posted(app, "mine") == 200
        assert await posted(app, "claude-opus-4-7(low)") == 200
        assert await posted(app, "only-there") == 200
        app = app_of([one], log_format="json")
        assert await posted(app, "only-there") == 404
        await app.gateway.close()
    requests = lines(capfd.readouterr().err)
    ways = [
        {
            key: line[key]
            for key in ("model", "served", "upstream", "route", "cost", "mapping", "avoided_by")
            if key in line
        }
        for line in requests
    ]
    line = '- {from: "only-there", to: YOUR-MODEL}'
    assert ways == [
        {"model": "mine", "upstream": "here", "route": "LOCAL_PROVIDER", "cost": "free"},
        {
            "model": "claude-opus-4-7(low)", "served": "mine", "upstream": "here",
            "route": "MODEL_MAPPING", "cost": "free", "mapping": "claude-opus-4-7 -> mine",
        },
        {
            "model": "only-there", "upstream": "ampcode.com", "route": "AMP_CREDITS",
            "cost": "amp_credits", "avoided_by": line,
        },
        {"model": "only-there", "route": "NO_PROVIDER", "cost": "none"},
    ]  # fmt: skip
    warnings = [one for one in logged if one["log_level"] == "warning"]
    assert [line in one["event"] for one in warnings] == [True]
    assert count("AMP_CREDITS", "amp_credits", "ampcode.com") == before + 1


async def test_credits_are_warned_of_also_where_requests_are_not_logged(
    capfd: pytest.CaptureFixture[str], logged: list[Any]
) -> None:
    async with serve(AmpcodeFake()) as url:
        ampcode = {"upstream-url": url, "upstream-api-key": UP_KEY}
        app = app_of([], ampcode=ampcode, log_level="warning")
        assert await posted(app, "only-there") == 200
        await app.gateway.close()
    assert [one["log_level"] for one in logged] == ["warning"]
    assert lines(capfd.readouterr().err) == []


async def test_no_key_is_ever_logged_nor_told_to_a_client(
    capfd: pytest.CaptureFixture[str], logged: list[Any]
) -> None:
    """Whatever goes well or wrong, in either direction."""
    fake = AmpcodeFake(foreign=(KEY,))
    answers: list[bytes] = []
    async with serve(fake) as url:
        for key, address in (
            (UP_KEY, url),
            ("sgamp_user_wrong-key", url),
            (UP_KEY, "http://127.0.0.1:9"),
        ):
            ampcode = {"upstream-url": address, "upstream-api-key": key}
            app = app_of([], ampcode=ampcode, log_level="debug", log_format="json")
            for path in (
                "/api/user",
                "/api/meta/key",
                "/threads",
                "/auth/login",
                "/api/meta/gzip-broken",
            ):
                answer = await asked(app, "GET", f"{path}?key={KEY}&auth_token={KEY}")
                answers.append(repr(answer).encode())
            for protocol in ("anthropic", "openai", "responses", "gemini"):
                body = json.dumps(body_of(protocol, "only-there", "fail 500", stream=False))
                way = path_of(protocol, "only-there", stream=False)
                for text in (body, body.replace("fail 500", "echo: hi")):
                    answer = await asked(
                        app, "POST", way, text.encode(), headers={"x-api-key": KEY}
                    )
                    answers.append(repr(answer).encode())
            await app.gateway.close()
    assert (fake.leaks, len(fake.asked)) == ([], 26)
    assert all(KEY not in f"{one.headers}{one.query}{one.path}" for one in fake.asked)
    out = capfd.readouterr()
    everything = f"{logged}" + out.out + out.err + b"\n".join(answers).decode()
    for secret in (UP_KEY, "sgamp_user_wrong-key", KEY):
        assert secret not in everything
