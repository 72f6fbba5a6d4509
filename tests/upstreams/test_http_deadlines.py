import asyncio

import pytest
from tests.upstreams.calling import call, fetched
from tests.upstreams.raw_host import Exchange, answering, chunk, chunked, raw_host, whole

from dragoman.errors import TimedOut, Unreachable
from dragoman.upstreams import http
from dragoman.upstreams.http import Call, Deadlines, HttpClient

SHORT = Deadlines(connect=5, first_byte=0.15, idle=0.15)


async def silent(exchange: Exchange) -> None:
    await exchange.request()
    await exchange.gone()


async def test_a_host_that_sends_nothing_is_given_up_and_left(client: HttpClient) -> None:
    async with raw_host(silent) as host:
        with pytest.raises(TimedOut, match=r"^upstream up sent nothing for 0\.15 s$"):
            await client.send(call(host, deadlines=SHORT))
        await asyncio.wait_for(host.left.wait(), 1)


async def test_the_first_byte_is_the_bodys_not_the_heads(client: HttpClient) -> None:
    async def head_only(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(chunked()[0])
        await exchange.gone()

    async with raw_host(head_only) as host:
        answer = await client.send(call(host, deadlines=Deadlines(5, 0.15, 60)))
        with pytest.raises(TimedOut, match=r"^upstream up sent nothing for 0\.15 s$"):
            await answer.read_some()
        answer.close()


async def one_word(exchange: Exchange) -> None:
    await exchange.request()
    await exchange.send(chunked()[0] + chunk(b"one"))
    await exchange.gone()


@pytest.mark.parametrize("first_byte", [60, 0.15])
async def test_silence_in_mid_answer_has_its_own_deadline(
    client: HttpClient, first_byte: float
) -> None:
    async with raw_host(one_word) as host:
        answer = await client.send(call(host, deadlines=Deadlines(5, first_byte, 0.15)))
        assert await answer.read_some() == b"one"
        with pytest.raises(TimedOut, match=r"^upstream up fell silent in mid-answer for 0\.15 s$"):
            await answer.read_some()
        answer.close()


async def test_patience_runs_out_without_an_end_and_the_deadline_still_counts(
    client: HttpClient,
) -> None:
    async with raw_host(one_word) as host:
        answer = await client.send(call(host, deadlines=Deadlines(5, 5, 0.2)))
        assert await answer.read_some() == b"one"
        assert await answer.read_some(0.08) is None
        assert await answer.read_some(0.08) is None
        with pytest.raises(TimedOut, match="fell silent"):
            await answer.read_some(0.08)
        answer.close()


async def test_time_in_which_nobody_read_is_not_the_hosts_silence(client: HttpClient) -> None:
    more = asyncio.Event()

    async def in_two(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(chunked()[0] + chunk(b"one"))
        await more.wait()
        await exchange.send(chunk(b"two") + b"0\r\n\r\n")

    async with raw_host(in_two) as host:
        answer = await client.send(call(host, deadlines=Deadlines(5, 5, 0.3)))
        assert await answer.read_some() == b"one"
        await asyncio.sleep(0.35)  # the client is slow: that is what is tested
        asyncio.get_running_loop().call_later(0.02, more.set)
        assert await answer.read_all() == b"two"
        answer.close()


async def test_the_whole_may_have_a_deadline_too(client: HttpClient) -> None:
    async def trickle(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(chunked()[0])
        while True:
            await exchange.send(chunk(b"."))
            await asyncio.sleep(0.02)

    limits = Deadlines(5, 5, 5, 0.15)
    text = r"^upstream up took longer than 0\.15 s in all$"
    async with raw_host(trickle) as host:
        answer = await client.send(call(host, deadlines=limits))
        with pytest.raises(TimedOut, match=text):
            await answer.read_all()
        answer.close()
    async with raw_host(silent) as host:
        with pytest.raises(TimedOut, match=text):
            await client.send(call(host, deadlines=limits))


async def test_no_deadline_at_all_waits(client: HttpClient) -> None:
    async with raw_host(answering(whole(b"ok"))) as host:
        assert await fetched(client, call(host, deadlines=Deadlines(0, 0, 0, 0))) == b"ok"


async def test_a_connection_that_is_not_made_in_time_is_told(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(place: object, timeout_s: float) -> None:
        assert timeout_s == 3
        raise TimeoutError

    monkeypatch.setattr(http, "connect", never)
    with pytest.raises(TimedOut, match=r"^upstream up: no connection within 3 s$"):
        await client.send(Call("up", "GET", "http://10.0.0.1/", [], deadlines=Deadlines(3)))


async def test_a_port_nobody_listens_on_is_named(client: HttpClient) -> None:
    async with raw_host(silent) as host:
        port = host.port
    with pytest.raises(Unreachable) as caught:
        await client.send(Call("up", "GET", f"http://127.0.0.1:{port}/", []))
    assert caught.value.message.startswith(f"upstream up: no connection to 127.0.0.1:{port} (")


async def test_a_host_name_nobody_knows_is_named(client: HttpClient) -> None:
    with pytest.raises(Unreachable) as caught:
        await client.send(Call("up", "GET", "http://no-such-host.invalid/", []))
    assert caught.value.message == ("upstream up: the host name no-such-host.invalid is not known")
