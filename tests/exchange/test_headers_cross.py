"""Which headers and query parameters cross the gateway."""

from __future__ import annotations

import pytest
from tests.exchange.frames import ANTHROPIC, CHAT, STREAMS
from tests.exchange.world import KEY, asking, path_of, upstream, world
from tests.upstreams.raw_host import answering, raw_host, whole

from dragoman.exchange import headers

PROTOCOLS = list(STREAMS)

NEVER_UP = [
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade", "host", "content-length", "content-encoding",
    "accept-encoding", "cookie", "expect", "authorization", "x-api-key", "x-goog-api-key",
    "api-key", "x-management-key", "forwarded", "via", "x-real-ip", "true-client-ip",
    "cf-connecting-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
    "x-forwarded-anything", "x-dragoman-group", "x-dragoman-x", "sec-websocket-key",
    "x-amp-device-fingerprint",
]  # fmt: skip
UP = [
    "user-agent", "accept", "anthropic-beta", "anthropic-version", "x-stainless-os", "x-app",
    "openai-beta", "openai-organization", "session-id", "originator", "x-codex-turn-metadata",
    "x-goog-api-client", "x-title", "http-referer", "x-anything", "traceparent",
]  # fmt: skip


@pytest.mark.parametrize("name", NEVER_UP)
def test_a_header_of_the_connection_or_with_a_credential_stays_here(name: str) -> None:
    assert headers.same_protocol([(name, "x")], "api.host") == []


@pytest.mark.parametrize("name", UP)
def test_any_other_header_goes_up(name: str) -> None:
    assert headers.same_protocol([(name, "x")], "api.host") == [(name, "x")]


def test_a_header_that_connection_names_is_the_connections_own() -> None:
    given = [("connection", "keep-alive, X-Hop"), ("x-hop", "1"), ("x-other", "2")]
    assert headers.same_protocol(given, "api.host") == [("x-other", "2")]


def test_beta_headers_are_dropped_by_the_host_table_alone() -> None:
    beta = [("anthropic-beta", "a"), ("anthropic-beta", "b"), ("anthropic-version", "c")]
    assert headers.same_protocol(beta, "api.anthropic.com") == beta
    vertex = "europe-west1-aiplatform.googleapis.com"
    assert headers.same_protocol(beta, vertex) == [("anthropic-version", "c")]


@pytest.mark.parametrize(
    ("query", "up"),
    [
        ("", ""),
        ("a=1&b=%20x&c", "a=1&b=%20x&c"),
        ("key=secret", ""),
        ("a=%7e&key=secret&b=+&auth_token=secret", "a=%7e&b=+"),
        ("k%65y=secret&a=1", "a=1"),
        ("monkey=1&key2=2", "monkey=1&key2=2"),
    ],
)
def test_the_query_goes_up_without_its_keys_and_otherwise_as_written(query: str, up: str) -> None:
    assert headers.forwarded_query(query) == up


BACK = [
    "x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "retry-after",
    "retry-after-ms", "openai-processing-ms", "x-ratelimit-remaining-tokens",
    "anthropic-ratelimit-requests-reset", "ratelimit-remaining",
]  # fmt: skip
NEVER_BACK = [
    "set-cookie", "set-cookie2", "content-length", "content-encoding", "transfer-encoding",
    "connection", "server", "date", "alt-svc", "access-control-allow-origin", "x-dragoman-model",
]  # fmt: skip


@pytest.mark.parametrize("everything", [False, True])
def test_request_ids_and_limits_come_back_and_cookies_never(everything: bool) -> None:
    given = [(name, "x") for name in [*BACK, *NEVER_BACK, "x-vendor"]]
    found = [name for name, _ in headers.back(given, everything=everything)]
    assert found == ([*BACK, "x-vendor"] if everything else BACK)


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_no_credential_of_the_client_reaches_an_upstream(protocol: str) -> None:
    shown = {
        "x-api-key": KEY,
        "x-goog-api-key": KEY,
        "api-key": KEY,
        "cookie": f"token={KEY}",
        "proxy-authorization": f"Basic {KEY}",
        "x-forwarded-for": "10.1.2.3",
        "x-dragoman-group": "g",
        "x-title": "kept",
    }
    async with (
        raw_host(answering(whole(STREAMS[protocol].whole))) as host,
        world(upstream(protocol, host.url, "m-1", headers={"X-Own": "o"})) as here,
    ):
        path = path_of(protocol, "m-1", stream=False) + f"?beta=true&key={KEY}&auth_token={KEY}"
        reply = await here.post(path, asking(protocol, "m-1", "hi", stream=False), **shown)
        assert reply.status_code == 200
    asked = host.asked[0]
    assert KEY not in asked.line + str(asked.headers)
    assert "beta=true" in asked.line
    names = [name for name, _ in asked.headers]
    assert len(names) == len(set(names))
    assert set(names) - {"accept", "user-agent", "anthropic-version"} == {
        "host", "content-length", "content-type", "x-title", "x-own",
        {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}.get(protocol, "authorization"),
    }  # fmt: skip
    assert asked.header("content-type") == "application/json"


@pytest.mark.parametrize("auth", ["bearer", "x-api-key", "x-goog-api-key", "api-key", "none"])
async def test_the_upstreams_key_goes_where_its_settings_say(auth: str) -> None:
    places = {"bearer": ("authorization", "Bearer up-key"), "none": ("authorization", None)}
    name, value = places.get(auth, (auth, "up-key"))
    async with (
        raw_host(answering(whole(CHAT.whole))) as host,
        world(upstream("openai", host.url, "m-1", auth=auth, query={"api-version": "1"})) as here,
    ):
        await here.post("/v1/chat/completions", asking("openai", "m-1", "hi", stream=False))
    assert host.asked[0].header(name) == value
    assert host.asked[0].line == "POST /v1/chat/completions?api-version=1 HTTP/1.1"


async def test_a_keys_own_headers_stand_over_the_upstreams_and_the_clients() -> None:
    keys = [{"key": "k", "headers": {"X-Own": "key", "User-Agent": "mine"}}]
    async with (
        raw_host(answering(whole(CHAT.whole))) as host,
        world(
            upstream("openai", host.url, "m-1", headers={"X-Own": "up"}) | {"keys": keys}
        ) as here,
    ):
        body = asking("openai", "m-1", "hi", stream=False)
        await here.post("/v1/chat/completions", body, **{"x-own": "client", "user-agent": "c"})
    assert [v for n, v in host.asked[0].headers if n == "x-own"] == ["key"]
    assert host.asked[0].header("user-agent") == "mine"


async def test_another_protocol_gets_none_of_the_clients_headers() -> None:
    async with (
        raw_host(answering(whole(ANTHROPIC.whole))) as host,
        world(upstream("anthropic", host.url, "m-1")) as here,
    ):
        body = asking("openai", "m-1", "hi", stream=False)
        sent = {"x-title": "t", "openai-beta": "b", "user-agent": "client/1", "accept": "x/y"}
        await here.post("/v1/chat/completions?beta=true", body, **sent)
    assert host.asked[0].line == "POST /v1/messages HTTP/1.1"
    assert dict(host.asked[0].headers) == {
        "host": f"127.0.0.1:{host.port}",
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": "dragoman",
        "anthropic-version": "2023-06-01",
        "x-api-key": "up-key",
        "content-length": str(len(host.asked[0].body)),
    }


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("client", ["openai", "anthropic"])
async def test_headers_come_back_to_the_client(client: str, everything: bool) -> None:
    head = (
        b"\r\nx-request-id: r1\r\nset-cookie: a=b\r\nx-ratelimit-limit-tokens: 5\r\nx-vendor: v"
        b"\r\nx-dragoman-upstream: fake\r\naccess-control-allow-origin: *\r\n\r\n"
    )
    answer = whole(CHAT.whole).replace(b"\r\n\r\n", head, 1)
    async with (
        raw_host(answering(answer)) as host,
        world(upstream("openai", host.url, "m-1"), passthrough_headers=everything) as here,
    ):
        path = path_of(client, "m-1", stream=False)
        reply = await here.post(path, asking(client, "m-1", "hi", stream=False))
    got = reply.headers
    assert (got["x-request-id"], got["x-ratelimit-limit-tokens"]) == ("r1", "5")
    assert got.get("x-vendor") == ("v" if everything else None)
    assert "set-cookie" not in got
    assert "access-control-allow-origin" not in got
    assert got.get_list("x-dragoman-upstream") == ["up"]
    assert got["x-dragoman-model"] == "m-1"
    assert got["x-dragoman-attempts"] == "1"


@pytest.mark.parametrize("client", ["openai", "anthropic"])
async def test_an_error_comes_back_with_its_request_id_and_retry_after(client: str) -> None:
    error = whole(b'{"error":{"message":"slow down"}}', status=429)
    head = b"\r\nretry-after: 7\r\nrequest-id: r2\r\nset-cookie: a=b\r\n\r\n"
    async with (
        raw_host(answering(error.replace(b"\r\n\r\n", head, 1))) as host,
        world(upstream("openai", host.url, "m-1")) as here,
    ):
        path = path_of(client, "m-1", stream=False)
        reply = await here.post(path, asking(client, "m-1", "hi", stream=False))
    assert reply.status_code == 429
    assert (reply.headers["retry-after"], reply.headers["request-id"]) == ("7", "r2")
    assert "set-cookie" not in reply.headers


async def test_names_that_are_not_ascii_do_not_break_the_headers() -> None:
    async with (
        raw_host(answering(whole(CHAT.whole))) as host,
        world(upstream("openai", host.url, "模型>x", name="本地")) as here,
    ):
        reply = await here.post("/v1/chat/completions", asking("openai", "x", "hi", stream=False))
    assert reply.status_code == 200
    assert (reply.headers["x-dragoman-upstream"], reply.headers["x-dragoman-model"]) == ("??", "??")


def test_a_protocols_own_header_is_added_only_where_the_client_left_it_out() -> None:
    default = [("anthropic-version", "2023-06-01")]
    newer = [("anthropic-version", "2026-10-21")]
    assert headers.with_defaults([], default) == default
    assert headers.with_defaults(newer, default) == newer
