import asyncio

import pytest
from tests.upstreams.calling import call, fetched
from tests.upstreams.raw_host import Exchange, answering, chunk, chunked, raw_host, whole

from dragoman.errors import Broken, HungUp
from dragoman.upstreams import http
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.http import HttpClient


async def test_a_request_is_sent_as_it_is_and_its_answer_read(client: HttpClient) -> None:
    head = b"HTTP/1.1 201 Made\r\nX-One: a\r\nx-one: b\r\nX-Empty:\r\ncontent-length: 2\r\n\r\nok"
    async with raw_host(answering(head)) as host:
        answer = await client.send(call(host, headers=[("x-api-key", "sk-é"), ("x", "1")]))
        assert await answer.read_all() == b"ok"
        answer.close()
    asked = host.asked[0]
    assert asked.line == "POST /v1/x?a=b HTTP/1.1"
    assert asked.headers == [
        ("host", f"127.0.0.1:{host.port}"),
        ("x-api-key", "sk-é"),
        ("x", "1"),
        ("content-length", "2"),
    ]
    assert asked.body == b"{}"
    assert answer.status == 201
    assert answer.headers == [
        ("x-one", "a"),
        ("x-one", "b"),
        ("x-empty", ""),
        ("content-length", "2"),
    ]
    assert (answer.header("x-one"), answer.header("absent")) == ("a", "")


async def test_a_get_says_no_length_and_a_post_without_a_body_says_nought(
    client: HttpClient,
) -> None:
    async with raw_host(answering(whole(b"ok"))) as host:
        await fetched(client, call(host, "GET", b""))
        await fetched(client, call(host, "POST", b""))
    assert [asked.header("content-length") for asked in host.asked] == [None, "0"]


async def test_connections_are_kept_and_used_again(client: HttpClient) -> None:
    async with raw_host(answering(whole(b"ok"))) as host:
        for _ in range(3):
            assert await fetched(client, call(host)) == b"ok"
        assert host.connections == 1
        await asyncio.gather(*(fetched(client, call(host)) for _ in range(3)))
        assert host.connections == 3


async def test_a_kept_connection_that_the_host_closed_meanwhile_is_replaced(
    client: HttpClient,
) -> None:
    async with raw_host(answering(whole(b"ok"), close=True)) as host:
        for _ in range(3):
            assert await fetched(client, call(host)) == b"ok"
        assert (host.connections, len(host.asked)) == (3, 3)


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_request_that_a_kept_connection_swallows_is_repeated_only_where_that_is_safe(
    client: HttpClient, method: str
) -> None:
    async def once_then_hang_up(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(whole(b"ok"))
        if exchange.host.connections == 1:
            await exchange.request()
        else:
            await exchange.gone()
        exchange.writer.close()

    async with raw_host(once_then_hang_up) as host:
        assert await fetched(client, call(host)) == b"ok"
        second = call(host)._replace(method=method)
        if method == "GET":
            assert await fetched(client, second) == b"ok"
            return
        with pytest.raises(
            HungUp, match=r"^upstream up closed a kept connection without an answer$"
        ):
            await client.send(second)
        assert len(host.asked) == 2
        assert await fetched(client, second) == b"ok"


async def test_one_kept_connection_that_was_given_up_takes_the_others_with_it(
    client: HttpClient,
) -> None:
    async def old_and_new(exchange: Exchange) -> None:
        number = exchange.host.connections
        await exchange.request()
        await exchange.send(whole(b"ok"))
        while await exchange.request() is not None:
            if number <= 2:
                exchange.writer.close()
                return
            await exchange.send(whole(b"ok"))

    async with raw_host(old_and_new) as host:
        answers = [await client.send(call(host)) for _ in range(2)]
        for answer in answers:
            assert await answer.read_all() == b"ok"
            answer.close()
        with pytest.raises(HungUp):
            await client.send(call(host))
        assert await fetched(client, call(host)) == b"ok"
        assert host.connections == 3


async def test_a_connection_that_dies_in_a_fresh_request_is_a_fault_and_no_second_try(
    client: HttpClient,
) -> None:
    async def hang_up(exchange: Exchange) -> None:
        await exchange.request()
        exchange.writer.close()

    async with raw_host(hang_up) as host:
        with pytest.raises(Broken, match=r"^upstream up closed the connection before it answered$"):
            await client.send(call(host))
        assert host.connections == 1


async def test_a_connection_idle_for_too_long_is_not_used_again(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_host(answering(whole(b"ok"))) as host:
        await fetched(client, call(host))
        monkeypatch.setattr(http, "_KEEP_S", -1.0)
        await fetched(client, call(host))
        assert host.connections == 2


async def test_a_host_that_says_close_is_not_asked_twice_on_one_connection(
    client: HttpClient,
) -> None:
    head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"
    async with raw_host(answering(head)) as host:
        await fetched(client, call(host))
        await fetched(client, call(host))
        assert host.connections == 2


async def test_an_answer_closed_before_its_end_cuts_the_connection(client: HttpClient) -> None:
    async def endless(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(chunked(b"one")[0] + chunk(b"one"))
        await exchange.gone()

    async with raw_host(endless) as host:
        answer = await client.send(call(host))
        assert await answer.read_some() == b"one"
        answer.close()
        async with asyncio.timeout(0.1):
            await host.left.wait()


async def test_a_chunked_body_is_the_same_however_it_is_cut(client: HttpClient) -> None:
    data = b"".join(chunked(b"data: one\n\n", b"x" * 20, b"end"))
    for size in (1, 2, 3, 7, 16, len(data)):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        async with raw_host(answering(*pieces)) as host:
            assert await fetched(client, call(host)) == b"data: one\n\n" + b"x" * 20 + b"end"


async def test_a_body_without_a_length_ends_with_its_connection(client: HttpClient) -> None:
    pieces = (b"HTTP/1.1 200 OK\r\n\r\nfirst ", b"second")
    async with raw_host(answering(*pieces, close=True)) as host:
        assert await fetched(client, call(host)) == b"first second"
        assert await fetched(client, call(host)) == b"first second"
        assert host.connections == 2


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhalf", chunked()[0] + chunk(b"half")],
    ids=["length", "chunked"],
)
async def test_a_body_cut_short_is_a_fault_not_an_end(client: HttpClient, start: bytes) -> None:
    async with raw_host(answering(start, close=True)) as host:
        answer = await client.send(call(host))
        assert await answer.read_some() == b"half"
        with pytest.raises(Broken, match=r"^upstream up broke the connection in mid-answer$"):
            await answer.read_some()
        answer.close()


async def test_informational_answers_before_the_real_one_are_passed_over(
    client: HttpClient,
) -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    async with raw_host(answering(early, whole(b"ok"))) as host:
        for _ in range(2):
            answer = await client.send(call(host))
            assert (answer.status, answer.header("link")) == (200, "")
            assert await answer.read_all() == b"ok"
            answer.close()
        assert host.connections == 1


async def test_head_and_204_have_no_body(client: HttpClient) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
    async with raw_host(answering(head)) as host:
        assert await fetched(client, call(host, "HEAD", b"")) == b""
    async with raw_host(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as host:
        assert await fetched(client, call(host, "DELETE", b"")) == b""
        assert await fetched(client, call(host, "DELETE", b"")) == b""
        assert host.connections == 1


async def test_a_head_request_on_a_kept_connection_does_not_confuse_the_next_answer(
    client: HttpClient,
) -> None:
    async def by_method(exchange: Exchange) -> None:
        while (asked := await exchange.request()) is not None:
            answer = whole(b"hello")
            await exchange.send(answer[:-5] if asked.line.startswith("HEAD") else answer)

    async with raw_host(by_method) as host:
        assert await fetched(client, call(host, "GET", b"")) == b"hello"
        assert await fetched(client, call(host, "HEAD", b"")) == b""
        assert await fetched(client, call(host, "GET", b"")) == b"hello"


async def test_what_is_not_http_is_a_fault_that_says_so(client: HttpClient) -> None:
    async with raw_host(answering(b"SSH-2.0-OpenSSH\r\n")) as host:
        with pytest.raises(Broken, match=r"^upstream up sent something that is not HTTP$"):
            await client.send(call(host))


async def test_garbage_between_chunks_is_a_fault_in_mid_answer(client: HttpClient) -> None:
    read = asyncio.Event()

    async def spoilt(exchange: Exchange) -> None:
        await exchange.request()
        await exchange.send(chunked()[0] + chunk(b"one"))
        await read.wait()
        await exchange.send(b"garbage\r\n")
        await exchange.gone()

    async with raw_host(spoilt) as host:
        answer = await client.send(call(host))
        assert await answer.read_some() == b"one"
        read.set()
        with pytest.raises(Broken, match=r"^upstream up broke the connection in mid-answer$"):
            await answer.read_all()
        answer.close()


async def test_bytes_nobody_asked_for_cost_the_connection(client: HttpClient) -> None:
    for extra in (b"HTTP/1.1 200 OK\r\n", whole(b"evil"), b"junk"):
        async with raw_host(answering(whole(b"ok") + extra)) as host:
            assert await fetched(client, call(host)) == b"ok"
            assert await fetched(client, call(host)) == b"ok"
            assert host.connections == 2


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\ny", "a\ry"])
async def test_a_header_with_a_line_break_is_never_sent(client: HttpClient, value: str) -> None:
    async with raw_host(answering(whole(b"ok"))) as host:
        with pytest.raises(Broken, match=r"^upstream up: a header to be sent holds a line break$"):
            await client.send(call(host, headers=[("x-key", value)]))
        assert host.connections == 0


async def test_a_reader_that_rests_makes_the_host_wait(client: HttpClient) -> None:
    sent = 0
    stopped = asyncio.Event()

    async def flood(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.request()
        exchange.writer.transport.set_write_buffer_limits(high=65_536)
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        block = b"x" * 100_000
        for _ in range(1000):
            exchange.writer.write(block)
            try:
                async with asyncio.timeout(0.3):
                    await exchange.writer.drain()
            except TimeoutError:
                stopped.set()
                await exchange.writer.drain()
            sent += len(block)

    async with raw_host(flood) as host:
        answer = await client.send(call(host))
        assert await answer.read_some()
        await asyncio.wait_for(stopped.wait(), 10)
        assert sent < 30_000_000
        held = await answer.read_some()
        assert held is not None
        assert len(held) < 2_000_000
        size = await _drained(answer)
        answer.close()
    assert size > 90_000_000


async def _drained(answer: Answer) -> int:
    size = 0
    while data := await answer.read_some():
        size += len(data)
    return size


async def test_closing_the_client_closes_what_it_kept(client: HttpClient) -> None:
    async with raw_host(answering(whole(b"ok"))) as host:
        await fetched(client, call(host))
        await client.close()
        await asyncio.wait_for(host.left.wait(), 1)
