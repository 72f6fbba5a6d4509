"""Amp's own calls passed to a fake ampcode.com over real sockets: checks, headers, bodies."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from tests.exchange.world import KEY, World, world
from tests.fakes import serve
from tests.fakes.ampcode import KEY as UP_KEY
from tests.fakes.ampcode import PAGE, AmpcodeFake
from tests.server.running import KEY as ASGI_KEY
from tests.server.running import app_of, asked
from tests.upstreams.raw_host import answering, raw_host

NOWHERE = "http://127.0.0.1:9"


@contextlib.asynccontextmanager
async def amp(**ampcode: Any) -> AsyncIterator[tuple[World, AmpcodeFake]]:
    """A gateway before a fake ampcode.com."""
    fake = AmpcodeFake(foreign=(KEY,))
    async with serve(fake) as url:
        fake.origin = url
        settings = {"upstream-url": url, "upstream-api-key": UP_KEY, **ampcode}
        async with world(ampcode=settings) as here:
            yield here, fake


async def get(here: World, path: str, **headers: str) -> Any:
    given = {"authorization": f"Bearer {KEY}", **headers}
    return await here.client.get(
        here.url + path, headers={n.replace("_", "-"): v for n, v in given.items()}
    )


# -- the checks, in their order


async def test_without_an_address_amps_calls_are_refused_before_anything_else() -> None:
    app = app_of(ampcode={"control-plane": "upstream"})
    for key, peer in (("", "127.0.0.1"), (ASGI_KEY, "203.0.113.7"), (ASGI_KEY, "127.0.0.1")):
        answer = await asked(app, "GET", "/api/user", key=key, peer=peer)
        assert (answer.status, answer.json) == (503, {"error": "amp upstream proxy not available"})


async def test_a_preflight_is_refused_and_no_answer_opens_the_gateway_to_other_pages() -> None:
    app = app_of(ampcode={"upstream-url": NOWHERE})
    answer = await asked(app, "OPTIONS", "/api/user", key="", peer="203.0.113.7")
    assert (answer.status, "requests from pages" in answer.json["error"]) == (403, True)
    async with amp() as (here, fake):
        reply = await here.client.get(here.url + "/auth/login")
        assert reply.status_code == 302
        assert not [name for name in reply.headers if name.startswith("access-control")]
        assert not fake.leaks


@pytest.mark.parametrize("path", ["/api/user", "/threads", "/news.rss", "/actors/metadata"])
async def test_another_machine_is_refused_by_its_connection_whatever_it_says(path: str) -> None:
    app = app_of(ampcode={"upstream-url": NOWHERE})
    for claims in ({}, {"x-forwarded-for": "127.0.0.1"}, {"x-real-ip": "::1"}):
        answer = await asked(app, "GET", path, peer="203.0.113.7", headers=claims)
        told = {"error": "Access denied: management routes restricted to localhost"}
        assert (answer.status, answer.json) == (403, told)


async def test_another_machine_is_answered_where_the_configuration_says_so() -> None:
    settings = {"upstream-url": NOWHERE, "restrict-management-to-localhost": False}
    answer = await asked(app_of(ampcode=settings), "GET", "/api/user", peer="203.0.113.7")
    assert answer.status == 502
    answer = await asked(app_of(ampcode=settings), "GET", "/api/user", key="", peer="203.0.113.7")
    assert answer.status == 401


@pytest.mark.parametrize("path", ["/api/user", "/threads.rss", "/news.rss", "/api/threads/T-1"])
async def test_a_call_needs_a_client_key(path: str) -> None:
    answer = await asked(app_of(ampcode={"upstream-url": NOWHERE}), "GET", path, key="wrong")
    assert (answer.status, "unknown API key" in answer.json["error"]) == (401, True)


@pytest.mark.parametrize("path", ["/threads", "/threads/T-1", "/docs", "/settings/x", "/auth/y"])
async def test_a_page_opens_without_a_key_and_without_the_users_rights(path: str) -> None:
    async with amp() as (here, fake):
        reply = await here.client.get(here.url + path)
    assert reply.status_code == 200
    assert [fake.asked[0].header(name) for name in ("x-api-key", "authorization")] == [None, None]


async def test_a_page_of_another_origin_is_refused() -> None:
    async with amp() as (here, fake):
        for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
            reply = await get(here, "/api/user", **headers)
            assert reply.status_code == 403
        for site in ("cross-site", "same-site"):
            assert (await get(here, "/api/user", sec_fetch_site=site)).status_code == 403
        assert fake.asked == []
        for path, site in (("/threads", "cross-site"), ("/api/user", "same-origin")):
            assert (await get(here, path, sec_fetch_site=site)).status_code == 200


# -- what goes up


async def test_the_callers_key_is_exchanged_for_the_users_and_traces_are_kept_back() -> None:
    traces = {
        "x-forwarded-for": "10.0.0.1", "x-real-ip": "10.0.0.1", "forwarded": "for=10.0.0.1",
        "via": "1.1 nginx", "x-title": "t", "referer": "http://x", "x-stainless-os": "Linux",
        "sec-ch-ua": "Chrome", "sec-fetch-mode": "cors", "priority": "u=1",
        "accept-encoding": "gzip", "x-goog-api-key": "placeholder", "x-api-key": KEY,
        "x-dragoman-explain": "1",
    }  # fmt: skip
    kept = {"anthropic-beta": "context-1m-2025-08-07", "x-amp-thread-id": "T-1", "cookie": "a=b"}
    async with amp() as (here, fake):
        reply = await get(
            here, f"/api/user?key={KEY}&auth_token=of-theirs&a=%20b", **traces, **kept
        )
        assert (reply.status_code, fake.leaks) == (200, [])
        one = fake.asked[0]
        assert one.query == "auth_token=of-theirs&a=%20b"
        assert one.header("host") == fake.origin.removeprefix("http://")
        assert one.header("x-api-key") == UP_KEY
        assert one.header("authorization") == f"Bearer {UP_KEY}"
        assert {name: one.header(name) for name in kept} == kept


async def test_a_group_before_the_path_is_the_gateways_own_matter() -> None:
    fake = AmpcodeFake(foreign=(KEY,))
    async with (
        serve(fake) as url,
        world(ampcode={"upstream-url": url}, groups={"team": {}}) as here,
    ):
        await get(here, "/team/api/threads/a%2Fb")
        assert [one.path for one in fake.asked] == ["/api/threads/a%2Fb"]
        assert here.outcomes[-1].group == "team"


async def test_a_page_of_the_gateways_own_writes_as_one_of_amps_own() -> None:
    async with amp() as (here, fake):
        reply = await get(here, "/api/user", origin=here.url)
        assert reply.status_code == 200
        assert fake.asked[0].header("origin") == fake.origin


async def test_a_path_goes_up_as_it_was_written() -> None:
    async with amp() as (here, fake):
        for path in ("/api/threads/a%2Fb%20c", "/api/threads/x/", "/threads/%C3%A9"):
            await get(here, path)
        assert [one.path for one in fake.asked] == [
            "/api/threads/a%2Fb%20c", "/api/threads/x/", "/threads/%C3%A9",
        ]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_any_method_goes_up_and_its_body_with_it(method: str) -> None:
    async with amp() as (here, fake):
        headers = {"authorization": f"Bearer {KEY}"}
        content = b"" if method == "GET" else b"some text"
        url = here.url + "/api/threads/T-1"
        reply = await here.client.request(method, url, content=content, headers=headers)
        assert reply.json() == {"path": "/api/threads/T-1", "method": method}
        assert fake.asked[0].body == content


async def test_head_is_answered_without_a_body() -> None:
    async with amp() as (here, _):
        reply = await here.client.head(here.url + "/threads")
        assert (reply.status_code, reply.content) == (200, b"")


# -- bodies


async def test_a_gzipped_body_goes_up_as_it_is_with_its_header() -> None:
    body = gzip.compress(json.dumps({"method": "uploadThread", "params": {}}).encode())
    async with amp() as (here, fake):
        reply = await here.post("/api/internal?uploadThread", body, content_encoding="gzip")
        assert fake.asked[0].header("content-encoding") is None
        more = {"content-encoding": "gzip"}
        reply = await here.post("/api/internal?uploadThread", body, **more)
        assert reply.json()["result"] == {"method": "uploadThread", "query": "uploadThread"}
        assert (fake.asked[1].body, fake.asked[1].header("content-encoding")) == (body, "gzip")
        reply = await here.post("/api/internal?uploadThread", body[:-8], **more)
        assert reply.json()["error"]["code"] == "bad-gzip"


@pytest.mark.parametrize("told", [True, False], ids=["length", "chunked"])
async def test_a_large_upload_passes_in_pieces(told: bool) -> None:
    size = 20 * 1024 * 1024
    piece = bytes(range(256)) * 1024

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(size // len(piece)):
            yield piece

    headers = {"authorization": f"Bearer {KEY}"}
    if told:
        headers["content-length"] = str(size)
    async with amp() as (here, fake):
        reply = await here.client.post(here.url + "/api/upload", content=pieces(), headers=headers)
        digest = hashlib.sha256(piece * (size // len(piece))).hexdigest()
        assert (reply.json()["size"], reply.json()["digest"]) == (size, digest)
        assert reply.json()["largest"] < 2 * 1024 * 1024
        assert (fake.asked[0].header("content-length") is not None) is told


@pytest.mark.parametrize("told", [True, False], ids=["length", "chunked"])
async def test_an_upload_over_the_bound_is_refused(told: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(700 * 1024)

    headers = {"authorization": f"Bearer {KEY}"}
    if told:
        headers["content-length"] = str(3 * 700 * 1024)
    fake = AmpcodeFake()
    async with (
        serve(fake) as url,
        world(ampcode={"upstream-url": url, "upstream-api-key": UP_KEY}, max_body_mb=1) as here,
    ):
        reply = await here.client.post(here.url + "/api/upload", content=pieces(), headers=headers)
        assert (reply.status_code, "max-body-mb" in reply.json()["error"]) == (413, True)
        assert not [one for one in fake.asked if one.whole]


async def test_an_answer_that_comes_before_the_upload_is_over_is_passed_on() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield bytes(64 * 1024)

    async with amp() as (here, _):
        reply = await here.client.post(
            here.url + "/api/upload/refused",
            content=pieces(),
            headers={"authorization": f"Bearer {KEY}"},
        )
        assert (reply.status_code, reply.json()) == (413, {"error": "quota"})


async def test_a_client_that_leaves_in_mid_upload_ends_it_at_amps_server_too() -> None:
    async with amp() as (here, fake):
        host, port = here.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST /api/upload HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {KEY}\r\n"
            "content-length: 9000000\r\n\r\n".encode()
            + bytes(500_000)
        )
        await writer.drain()
        await asyncio.wait_for(fake.begun.wait(), 5)
        writer.close()
        await asyncio.wait_for(fake.left.wait(), 5)
        assert not fake.asked[0].whole


# -- what comes back


async def test_events_flow_as_they_come_and_end_upstream_when_the_client_leaves() -> None:
    async with amp() as (here, fake):
        headers = {"authorization": f"Bearer {KEY}"}
        url = here.url + "/api/meta/sse"
        async with here.client.stream("GET", url, headers=headers) as reply:
            chunks = reply.aiter_raw()
            assert await anext(chunks) == b"data: first\n\n"
            fake.go.set()
            assert await anext(chunks) == b"data: second\n\n"
        fake.go.clear()
        async with here.client.stream("GET", url, headers=headers) as reply:
            assert await anext(reply.aiter_raw()) == b"data: first\n\n"
        await asyncio.wait_for(fake.left.wait(), 5)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gzip", PAGE),
        ("gzip-chunked", PAGE),
        ("gzip-told", PAGE),
        ("gzip-cut", gzip.compress(PAGE, mtime=0)[:-9]),
        ("gzip-broken", b"\x1f\x8bnot gzip at all"),
        ("one-byte", b"\x1f"),
    ],
)
async def test_hidden_gzip_is_expanded_and_what_is_none_passes(name: str, body: bytes) -> None:
    async with amp() as (here, _):
        reply = await get(here, f"/api/meta/{name}")
        assert (reply.status_code, reply.content) == (200, body)
        assert "content-encoding" not in reply.headers
        if "content-length" in reply.headers:
            assert int(reply.headers["content-length"]) == len(body)


async def test_the_users_key_never_comes_back() -> None:
    async with amp() as (here, _):
        reply = await get(here, "/api/meta/key")
        assert reply.text == f"your key: {'*' * len(UP_KEY)}. Keep it."
        assert reply.headers["x-key"] == "*" * len(UP_KEY)
    async with amp(**{"upstream-api-key": "sgamp_user_of-nobody"}) as (here, _):
        reply = await get(here, "/api/user")
        assert (reply.status_code, "of-nobody" in reply.text) == (401, False)


async def test_pages_work_redirects_and_cookies_are_the_gateways_own() -> None:
    async with amp() as (here, _):
        reply = await here.client.get(here.url + "/auth/login")
        assert reply.headers["location"] == "/threads?from=login"
        assert reply.headers.get_list("set-cookie") == [
            "session=abc; Path=/; HttpOnly; SameSite=Lax", "__Host-csrf=x; Path=/; Secure",
        ]  # fmt: skip
        assert "strict-transport-security" not in reply.headers
        page = await here.client.get(here.url + "/threads")
        assert page.headers.get_list("cache-control") == ["max-age=60"]
        assert 'href="/threads/T-1"' in page.text


@pytest.mark.parametrize("length", [True, False])
async def test_an_answer_that_is_cut_is_no_whole_one_for_the_client(length: bool) -> None:
    kind = b"content-length: 100" if length else b"transfer-encoding: chunked"
    body = b"half" if length else b"4\r\nhalf\r\n"
    cut = b"HTTP/1.1 200 OK\r\n" + kind + b"\r\n\r\n" + body
    async with (
        raw_host(answering(cut, close=True)) as host,
        world(ampcode={"upstream-url": host.url}) as here,
    ):
        with pytest.raises(httpx2.RemoteProtocolError):
            await get(here, "/api/user")
        assert "broke the connection" in here.outcomes[-1].error


async def test_events_may_be_further_apart_than_other_answers_pieces() -> None:
    fake = AmpcodeFake()
    timeouts = {"idle": 0.3}
    async with serve(fake) as url, world(ampcode={"upstream-url": url}, timeouts=timeouts) as here:
        headers = {"authorization": f"Bearer {KEY}", "accept": "text/event-stream"}
        sse = here.client.stream("GET", here.url + "/threads/sse", headers=headers)
        async with sse as reply:
            chunks = reply.aiter_raw()
            assert await anext(chunks) == b"data: first\n\n"
            asyncio.get_running_loop().call_later(0.6, fake.go.set)
            assert await anext(chunks) == b"data: second\n\n"


async def test_a_server_that_is_down_is_told_in_amps_shape() -> None:
    async with world(ampcode={"upstream-url": NOWHERE}) as here:
        reply = await get(here, "/api/user")
        assert (reply.status_code, reply.json()) == (
            502,
            {"error": "amp_upstream_proxy_error", "message": "Failed to reach Amp upstream"},
        )
        assert here.outcomes[-1].status == 502


async def test_a_passed_call_leaves_a_line_without_its_query() -> None:
    async with amp() as (here, _):
        await get(here, "/auth/cli-login?authToken=secret-token")
        outcome = here.outcomes[-1]
        assert (outcome.protocol, outcome.status) == ("amp", 200)
        assert outcome.further is not None
        assert outcome.further(outcome) == {"path": "/auth/cli-login"}
