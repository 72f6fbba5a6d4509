"""GET /metrics: what is counted, who may read it, and what its labels never hold."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.fakes import ChatFake, serve
from tests.server.running import KEY, app_of, asked

from dragoman.neutral.usage import Usage
from dragoman.observe import metrics
from dragoman.server.app import App

MANAGER = "the-management-key"
CHAT = b'{"model": "m", "messages": [{"role": "user", "content": "Hello there"}]}'
STREAM = CHAT.replace(b"}]}", b'}], "stream": true}')


async def counts(app: App) -> dict[str, float]:
    """Every sample by `name{label,label}`, labels' values in the order of their names."""
    answer = await asked(app, "GET", "/metrics", key="")
    assert answer.status == 200
    return {
        f"{one.name}{{{','.join(one.labels[name] for name in sorted(one.labels))}}}": one.value
        for family in text_string_to_metric_families(answer.body.decode())
        for one in family.samples
    }


def upstream(name: str, url: str, *keys: str) -> dict[str, object]:
    return {
        "name": name,
        "protocol": "openai",
        "base-url": url,
        "keys": keys or ("up-key",),
        "models": [{"name": "m"}],
    }


async def grown(app: App, before: dict[str, float]) -> dict[str, float]:
    after = await counts(app)
    return {
        name: value - before.get(name, 0)
        for name, value in after.items()
        if name.startswith("dragoman_") and value != before.get(name, 0)
    }


async def test_a_request_is_counted_with_its_attempts_tokens_and_times() -> None:
    async with serve(ChatFake(models=["m"])) as url:
        app = app_of([upstream("counted", url)])
        before = await counts(app)
        for body in (CHAT, STREAM):
            assert (await asked(app, "POST", "/v1/chat/completions", body)).status == 200
        found = await grown(app, before)
    assert found["dragoman_requests_total{openai,200,counted}"] == 2
    assert found["dragoman_attempts_total{ok,counted}"] == 2
    assert found["dragoman_request_attempts_bucket{1.0,openai}"] == 2
    assert found["dragoman_request_seconds_count{openai,counted}"] == 2
    assert found["dragoman_first_token_seconds_count{counted}"] == 1
    assert found["dragoman_tokens_total{in,m,counted}"] > 0
    assert found["dragoman_tokens_total{out,m,counted}"] > 0


async def test_failed_attempts_and_the_rests_they_begin_are_counted() -> None:
    app = app_of(
        [upstream("resting", "http://127.0.0.1:9", "up-key-one", "up-key-two")],
        disable_cooling=False,
    )
    before = await counts(app)
    assert (await asked(app, "POST", "/v1/chat/completions", CHAT)).status == 502
    found = await grown(app, before)
    now = await counts(app)
    assert found["dragoman_attempts_total{bad-gateway,resting}"] == 2
    assert found["dragoman_cooldowns_total{transient,resting}"] == 2
    assert found["dragoman_requests_total{openai,502,resting}"] == 1
    assert now["dragoman_cooling{resting}"] == 2


async def test_a_request_that_reached_no_upstream_is_counted_without_one() -> None:
    app = app_of()
    before = await counts(app)
    await asked(app, "POST", "/v1/messages", b"{}", key="sk-a-stranger's")
    found = await grown(app, before)
    assert found["dragoman_requests_total{anthropic,401,}"] == 1


async def test_labels_hold_no_key_and_nothing_a_client_made_up() -> None:
    async with serve(ChatFake(models=["m"])) as url:
        app = app_of([upstream("quiet", url)])
        await asked(app, "POST", "/v1/chat/completions", CHAT)
        await asked(app, "POST", "/v1/chat/completions", CHAT.replace(b'"m"', b'"sk-in-here"'))
        text = (await asked(app, "GET", "/metrics", key="")).body.decode()
    for secret in (KEY, "up-key", "sk-in-here"):
        assert secret not in text


async def test_models_past_a_bound_share_one_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_MODELS_SHOWN", 2)
    monkeypatch.setattr(metrics, "_shown", set())
    for model in ("first", "second", "third", "fourth", "first"):
        metrics.used("wide", model, Usage(tokens_in=1))
    found = await counts(app_of())
    kept = {name: value for name, value in found.items() if name.endswith(",wide}")}
    assert kept == {
        "dragoman_tokens_total{in,first,wide}": 2,
        "dragoman_tokens_total{in,second,wide}": 1,
        "dragoman_tokens_total{in,other,wide}": 2,
    }


async def test_a_scraper_that_asks_for_openmetrics_gets_it() -> None:
    app = app_of()
    accept = {"accept": "application/openmetrics-text; version=1.0.0"}
    answer = await asked(app, "GET", "/metrics", key="", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.body.endswith(b"# EOF\n")


async def test_from_elsewhere_only_the_management_key_opens_it() -> None:
    manage = {"secret-key": MANAGER, "allow-remote": True}
    app = app_of(remote_management=manage)
    assert (await asked(app_of(), "GET", "/metrics", peer="192.0.2.7")).status == 404
    assert (await asked(app, "GET", "/metrics", peer="192.0.2.7")).status == 401
    answer = await asked(app, "GET", "/metrics", key=MANAGER, peer="192.0.2.7")
    assert answer.status == 200
