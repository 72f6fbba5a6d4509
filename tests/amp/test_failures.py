"""A failed Responses stream on Amp's routes has an `error` event before its end."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import pytest
from tests.fakes import ResponsesFake, serve
from tests.server.running import app_of, asked

from dragoman.amp.failures import Failures, told_failures

BEFORE = b'event: response.output_text.delta\ndata: {"delta":"of a response.failed \\u00e9"}\n\n'
FAILED = (
    b'event: response.failed\ndata: {"type":"response.failed","sequence_number":7,'
    b'"response":{"error":{"code":"server_error","message":"it broke"}}}\n\n'
)
ERROR = (
    b'event: error\ndata: {"type":"error","code":"server_error","message":"it broke",'
    b'"param":null,"sequence_number":7}\n\n'
)


def through(*pieces: bytes) -> bytes:
    failures = Failures()
    return b"".join(failures.feed(piece) for piece in pieces) + failures.finish()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 17, 10_000])
def test_an_error_event_comes_before_a_failed_response_at_any_cut(size: int) -> None:
    whole = BEFORE + FAILED
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert through(*pieces) == BEFORE + ERROR + FAILED
    crlf = whole.replace(b"\n", b"\r\n")
    pieces = [crlf[at : at + size] for at in range(0, len(crlf), size)]
    assert through(*pieces) == BEFORE.replace(b"\n", b"\r\n") + ERROR + FAILED.replace(
        b"\n", b"\r\n"
    )


def test_whole_lines_are_not_held() -> None:
    failures = Failures()
    assert failures.feed(BEFORE + b"event: res") == BEFORE
    assert failures.feed(b"ponse.completed\n") == b"event: response.completed\n"
    assert failures.finish() == b""


@pytest.mark.parametrize("data", [b"no json", b"{}", b'{"response":{"error":null}}'])
def test_a_failure_that_says_nothing_is_one_still(data: bytes) -> None:
    event = b"event: response.failed\ndata: " + data + b"\n\n"
    before, _, after = through(event).partition(b"\n\n")
    assert json.loads(before.partition(b"data: ")[2])["type"] == "error"
    assert after == event


def test_a_stream_that_ends_within_the_event_loses_nothing() -> None:
    assert through(FAILED[:-1]) == FAILED[:-1]
    assert through(FAILED[:30]) == FAILED[:30]


async def test_closing_it_before_it_is_read_closes_the_stream() -> None:
    closed = []

    async def stream() -> AsyncGenerator[bytes, None]:
        try:
            yield b"data: 1\n\n"
        finally:
            closed.append(True)

    body = stream()
    await anext(body)
    await (await told_failures(body)).aclose()
    assert closed == [True]


@pytest.mark.parametrize("fault", ["fail-mid", "cut", "drop"])
async def test_amps_route_tells_it_and_others_do_not(fault: str) -> None:
    async with serve(ResponsesFake(models=["m"])) as url:
        up = {"name": "up", "protocol": "responses", "base-url": url, "keys": ["up-key"]}
        app = app_of([{**up, "models": ["m"]}])
        body = json.dumps({"model": "m", "input": fault, "stream": True}).encode()
        amp = await asked(app, "POST", "/api/provider/openai/v1/responses", body)
        plain = await asked(app, "POST", "/v1/responses", body)
    kinds = [line for line in amp.body.decode().splitlines() if line.startswith("event: ")]
    assert kinds[-2:] == ["event: error", "event: response.failed"]
    assert b"event: error" not in plain.body
