"""Which paths are Amp's own server's, and which of them need a client key."""

from __future__ import annotations

import pytest

from dragoman.amp.paths import Kind, kind_of

API = (
    "internal user auth meta telemetry threads otel tab ads thread-actors attachments "
    "user-actor-credentials upload search login settings thread-imports"
).split()


@pytest.mark.parametrize("name", API)
def test_a_call_of_the_cli_is_known_bare_and_with_what_follows(name: str) -> None:
    assert kind_of(f"/api/{name}") is Kind.API
    assert kind_of(f"/api/{name}/T-1/x") is Kind.API
    assert kind_of(f"/api/{name}s-of-another") is None


@pytest.mark.parametrize("name", ["threads", "auth", "docs", "settings", "_app"])
def test_a_page_needs_no_key_but_a_path_that_only_begins_alike_is_none(name: str) -> None:
    assert kind_of(f"/{name}") is Kind.PAGE
    assert kind_of(f"/{name}/below") is Kind.PAGE
    assert kind_of(f"/{name}x") is None
    assert not Kind.PAGE.needs_key


def test_feeds_need_a_key_and_the_actors_socket_none() -> None:
    assert kind_of("/threads.rss") is Kind.FEED
    assert kind_of("/news.rss") is Kind.FEED
    assert Kind.FEED.needs_key
    assert Kind.API.needs_key
    assert kind_of("/actors/gateway/threadActor/websocket/") is Kind.ACTORS
    assert not Kind.ACTORS.needs_key


@pytest.mark.parametrize(
    "path", ["/threads/../v1/models", "/api/user/../internal", "/threads/.", "/auth/.."]
)
def test_a_path_that_climbs_is_nobodys(path: str) -> None:
    assert kind_of(path) is None


@pytest.mark.parametrize(
    "path", ["/", "/v1/messages", "/api/chat", "/api/tags", "/api/provider/openai/models", "/api"]
)
def test_other_paths_are_not_amps(path: str) -> None:
    assert kind_of(path) is None
