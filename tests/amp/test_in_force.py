"""Each of Amp's settings, changed while the gateway runs, holds for the next request."""

from __future__ import annotations

import json
from typing import Any

from tests.amp.asking import body_of, path_of
from tests.fakes import serve
from tests.fakes.ampcode import KEY as UP_KEY
from tests.fakes.ampcode import AmpcodeFake
from tests.server.running import ECHO, KEY, app_of, asked, settings_of

from dragoman.server.app import App


async def status(app: App, path: str = "/api/user", **more: Any) -> int:
    return (await asked(app, "GET", path, **more)).status


async def served_by(app: App, model: str) -> str:
    body = json.dumps(body_of("anthropic", model, "hi", stream=False)).encode()
    answer = await asked(app, "POST", path_of("anthropic", model, stream=False), body)
    return answer.headers.get("x-dragoman-model", "")


async def test_the_address_is_set_changed_and_taken_away() -> None:
    one, two = AmpcodeFake(), AmpcodeFake()
    app = app_of(ampcode={"control-plane": "upstream"})
    assert await status(app) == 503
    async with serve(one) as url, serve(two) as other_url:
        for fake, form in (
            (one, {"ampcode": {"upstream-url": url, "upstream-api-key": UP_KEY}}),
            (two, {"amp_upstream_url": other_url, "amp_upstream_api_key": UP_KEY}),
        ):
            app.gateway.turn_to(settings_of(**form))
            assert (await status(app), len(fake.asked)) == (200, 1)
        await app.gateway.close()
    app.gateway.turn_to(settings_of(ampcode={"upstream-url": "", "control-plane": "upstream"}))
    assert await status(app) == 503
    app.gateway.turn_to(settings_of())
    assert await status(app) == 200


async def test_keys_are_exchanged() -> None:
    fake = AmpcodeFake(key="second-key")
    async with serve(fake) as url:
        settings: dict[str, Any] = {"upstream-url": url, "upstream-api-key": "first-key"}
        app = app_of(ampcode=settings)
        assert await status(app) == 401
        app.gateway.turn_to(settings_of(ampcode={**settings, "upstream-api-key": "second-key"}))
        assert await status(app) == 200
        by_client = [{"upstream-api-key": "third-key", "api-keys": [KEY]}]
        app.gateway.turn_to(settings_of(ampcode={**settings, "upstream-api-keys": by_client}))
        assert await status(app) == 401
        assert fake.asked[-1].header("x-api-key") == "third-key"
        await app.gateway.close()


async def test_the_loopback_rule_is_switched_in_both_forms() -> None:
    url = {"upstream-url": "http://127.0.0.1:9"}
    app = app_of(ampcode=url)
    assert await status(app, peer="203.0.113.7") == 403
    off = {"restrict-management-to-localhost": False}
    for form in (
        {"ampcode": {**url, **off}},
        {"ampcode": url, "amp_restrict_management_to_localhost": False},
    ):
        app.gateway.turn_to(settings_of(**form))
        assert await status(app, peer="203.0.113.7") == 502
        app.gateway.turn_to(settings_of(ampcode=url))
        assert await status(app, peer="203.0.113.7") == 403


async def test_mappings_and_their_force_are_exchanged() -> None:
    upstreams: list[dict[str, object]] = [
        ECHO,
        {"name": "two", "protocol": "echo", "models": [{"name": "echo", "alias": "m"}]},
    ]
    app = app_of(upstreams)
    assert await served_by(app, "claude") == ""
    mapping = [{"from": "claude", "to": "m"}, {"from": "echo-thinking", "to": "m"}]
    for form in ({"ampcode": {"model-mappings": mapping}}, {"amp_model_mappings": mapping}):
        app.gateway.turn_to(settings_of(upstreams, **form))
        assert await served_by(app, "claude") == "echo"
        assert await served_by(app, "echo-thinking") == "echo-thinking"
        app.gateway.turn_to(settings_of(upstreams))
        assert await served_by(app, "claude") == ""
    forced = {"model-mappings": mapping, "force-model-mappings": True}
    app.gateway.turn_to(settings_of(upstreams, ampcode=forced))
    assert await served_by(app, "echo-thinking") == "echo"


async def test_who_answers_amps_own_calls_is_exchanged() -> None:
    app = app_of(ampcode={"control-plane": "local", "upstream-url": "http://127.0.0.1:9"})
    assert await status(app) == 200
    app.gateway.turn_to(settings_of(ampcode={"upstream-url": "http://127.0.0.1:9"}))
    assert await status(app) == 502
