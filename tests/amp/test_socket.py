"""The WebSocket of Amp's newer clients, through the gateway to a fake ampcode.com."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from tests.fakes import serve
from tests.fakes.ampcode import KEY as UP_KEY
from tests.fakes.ampcode import AmpcodeFake
from tests.server.running import KEY, app_of, running
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

PATH = "/actors/gateway/threadActor/websocket/?rvt-namespace=default&rvt-key=T-1"
OFFERED = ["rivet", "rivet_encoding.bare", "rivet_conn_params.%7B%22wsToken%22%3A%22t%22%7D"]


@contextlib.asynccontextmanager
async def amp(**settings: object) -> AsyncIterator[tuple[str, AmpcodeFake]]:
    fake = AmpcodeFake(foreign=(KEY,))
    async with serve(fake, ws="websockets-sansio") as url:
        ampcode = {"upstream-url": url, "upstream-api-key": UP_KEY, **settings}
        async with running(app_of(ampcode=ampcode)) as address:
            yield address, fake


def opening(address: str, path: str = PATH, **headers: str) -> connect:
    return connect(
        f"ws://{address}{path}",
        additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
        subprotocols=[Subprotocol(name) for name in OFFERED],
        proxy=None,
    )


async def ended(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as end:
        await asyncio.wait_for(socket.recv(), 5)
    assert end.value.rcvd is not None
    return end.value.rcvd.code, end.value.rcvd.reason


async def test_messages_cross_both_ways_with_the_path_and_the_subprotocols() -> None:
    async with amp() as (address, fake):
        async with opening(address) as socket:
            assert socket.subprotocol == "rivet"
            for frame in ("hello", b"\x00\xff", "x" * 300_000):
                await socket.send(frame)
                assert await asyncio.wait_for(socket.recv(), 5) == frame
            await socket.send("ping")
            assert await asyncio.wait_for(socket.recv(), 5) == "pong"
        assert f"{fake.asked[0].path}?{fake.asked[0].query}" == PATH
        assert fake.asked[0].header("sec-websocket-protocol") == ", ".join(OFFERED)
        assert fake.leaks == []


async def test_the_servers_close_code_reaches_the_client() -> None:
    async with amp() as (address, _), opening(address) as socket:
        await socket.send("close 4000 no pong came")
        assert await ended(socket) == (4000, "no pong came")


async def test_the_clients_close_code_reaches_the_server() -> None:
    async with amp() as (address, fake):
        async with opening(address) as socket:
            await socket.close(4001, "done here")
        await asyncio.wait_for(fake.left.wait(), 5)
        assert fake.asked[0].body == b"4001 done here"


async def test_a_client_that_is_cut_off_leaves_nothing_open_at_the_server() -> None:
    async with amp() as (address, fake):
        socket = await opening(address)
        socket.transport.abort()
        await asyncio.wait_for(fake.left.wait(), 5)


@pytest.mark.parametrize("key", [KEY, ""])
async def test_the_users_key_goes_up_only_for_who_has_a_client_key(key: str) -> None:
    async with amp() as (address, fake):
        given = {"authorization": f"Bearer {key}"} if key else {}
        async with opening(address, **given):
            pass
        wanted = UP_KEY if key else None
        assert (fake.asked[0].header("x-api-key"), fake.leaks) == (wanted, [])


async def test_a_user_and_password_of_the_sockets_own_goes_up() -> None:
    async with amp() as (address, fake):
        async with opening(address, authorization="Basic YTpi"):
            pass
        assert fake.asked[0].header("authorization") == "Basic YTpi"


async def test_a_handshake_the_server_refuses_is_refused_with_its_answer() -> None:
    async with amp() as (address, _):
        with pytest.raises(InvalidStatus) as refused:
            await opening(address, PATH + "&no")
        response = refused.value.response
        assert (response.status_code, response.headers["x-own"]) == (403, "1")
        assert response.body == b'{"error":"no"}'


async def test_a_server_that_is_down_is_told_in_amps_shape() -> None:
    async with running(app_of(ampcode={"upstream-url": "http://127.0.0.1:9"})) as address:
        with pytest.raises(InvalidStatus) as refused:
            await opening(address)
        response = refused.value.response
        assert response.status_code == 502
        assert b"amp_upstream_proxy_error" in (response.body or b"")


@pytest.mark.parametrize(("plane", "status"), [("upstream", 503), ("auto", 404), ("local", 404)])
async def test_without_amps_server_there_is_no_socket(plane: str, status: int) -> None:
    async with running(app_of(ampcode={"control-plane": plane})) as address:
        with pytest.raises(InvalidStatus) as refused:
            await opening(address)
        assert refused.value.response.status_code == status


async def test_a_page_of_another_origin_opens_no_socket() -> None:
    async with amp() as (address, fake):
        with pytest.raises(InvalidStatus) as refused:
            await opening(address, origin="https://evil.example")
        assert (refused.value.response.status_code, fake.asked) == (403, [])
