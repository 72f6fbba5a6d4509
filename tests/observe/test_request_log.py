"""One line a request, whatever became of it."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import httpx
import pytest
import structlog
from tests.fakes import ChatFake, serve
from tests.server.running import KEY, app_of, asked, running
from websockets.asyncio.client import connect

from dragoman.accounts.client_keys import key_name
from dragoman.observe.log import RequestLog, logger, set_up

CHAT = {"model": "shown", "messages": [{"role": "user", "content": "Hello there"}]}


def upstream(url: str) -> dict[str, object]:
    return {
        "name": "up",
        "protocol": "openai",
        "base-url": url,
        "keys": ["up-key"],
        "models": [{"name": "m", "alias": "shown"}],
    }


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    err = capfd.readouterr().err
    return [json.loads(line) for line in err.splitlines() if line.startswith('{"event":"request"')]


def body(text: str = "Hello there", **changes: object) -> bytes:
    messages = [{"role": "user", "content": text}]
    return json.dumps({**CHAT, "messages": messages, **changes}).encode()


async def test_a_success_tells_who_asked_for_what_and_how_it_went(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with serve(ChatFake(models=["m"])) as url:
        app = app_of([upstream(url)], log_format="json")
        whole = await asked(app, "POST", "/v1/chat/completions", body())
        await asked(app, "POST", "/v1/chat/completions", body(stream=True))
        await asked(app, "POST", "/v1/messages", body(max_tokens=50, stream=True))
    plain, streamed, converted = lines(capfd)
    assert plain["id"] == whole.headers["x-dragoman-request"]
    for line in (plain, streamed, converted):
        assert {name: line[name] for name in ("key", "model", "served", "upstream")} == {
            "key": key_name(KEY),
            "model": "shown",
            "served": "m",
            "upstream": "up",
        }
        assert (line["status"], line["attempts"]) == (200, 1)
        assert (line["tokens_in"], line["tokens_out"], line["cached"]) == (116, 30, 16)
        assert line["ms"] >= 0
        assert "error" not in line
    assert [line["protocol"] for line in (plain, streamed, converted)] == [
        "openai",
        "openai",
        "anthropic",
    ]
    assert "first_ms" not in plain
    assert streamed["first_ms"] <= streamed["ms"]


@pytest.mark.parametrize(
    ("path", "data", "key", "status", "words"),
    [
        ("/v1/chat/completions", body("fail 429"), KEY, 429, "told to fail"),
        ("/v1/chat/completions", body("fail 500", stream=True), KEY, 500, "told to fail"),
        ("/v1/chat/completions", body(model="nobody"), KEY, 404, "not served here"),
        ("/v1/chat/completions", b"{", KEY, 400, "not valid JSON"),
        ("/v1/messages", b"{", KEY, 400, "not valid JSON"),
        ("/api/chat", b"[]", KEY, 400, "JSON object"),
        ("/v1/messages", body(), "sk-wrong", 401, "unknown API key"),
        ("/no/such/path", b"", KEY, 404, "not served here"),
    ],
)
async def test_a_failure_has_its_line_too(
    capfd: pytest.CaptureFixture[str], path: str, data: bytes, key: str, status: int, words: str
) -> None:
    async with serve(ChatFake(models=["m"])) as url:
        app = app_of([upstream(url)], log_format="json")
        answer = await asked(app, "POST", path, data, key=key)
    assert answer.status == status
    (line,) = lines(capfd)
    assert line["status"] == status
    assert words in line["error"]
    assert ("key" in line) is (key == KEY and path != "/no/such/path")


async def test_lists_and_counts_have_a_line_and_health_has_none(
    capfd: pytest.CaptureFixture[str],
) -> None:
    app = app_of(log_format="json")
    await asked(app, "GET", "/healthz")
    await asked(app, "HEAD", "/")
    await asked(app, "GET", "/v1/models")
    count = json.dumps({**CHAT, "model": "echo"}).encode()
    await asked(app, "POST", "/v1/messages/count_tokens", count)
    told = [(line["protocol"], line.get("model"), line["status"]) for line in lines(capfd)]
    assert told == [("openai", None, 200), ("anthropic", "echo", 200)]


async def test_a_stream_that_breaks_is_told_though_its_status_was_200(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with serve(ChatFake(models=["m"])) as url:
        app = app_of([upstream(url)], log_format="json")
        answer = await asked(app, "POST", "/v1/chat/completions", body("cut", stream=True))
    assert answer.status == 200
    (line,) = lines(capfd)
    assert line["status"] == 502
    assert "cut" in line["error"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_left_is_499_and_the_upstream_is_closed(
    capfd: pytest.CaptureFixture[str], stream: bool
) -> None:
    fake = ChatFake(models=["m"])
    async with serve(fake) as url, running(app_of([upstream(url)], log_format="json")) as address:
        host, port = address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        data = body("stall", stream=stream)
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address}\r\nx-api-key: {KEY}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        writer.write(head.encode() + data)
        if stream:
            await reader.readuntil(b"partial")
        else:
            while not fake.requests:  # noqa: ASYNC110 - the fake tells the end of a request alone
                await asyncio.sleep(0)
        writer.close()
        await asyncio.wait_for(fake.disconnected.wait(), 2)
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"http://{address}/healthz")
    (line,) = lines(capfd)
    assert (line["status"], line["upstream"]) == (499, "up")


async def test_each_response_of_a_websocket_has_its_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with running(app_of(log_format="json")) as address:
        link = connect(
            f"ws://{address}/v1/responses", additional_headers={"x-api-key": KEY}, proxy=None
        )
        async with link as socket:
            for model in ("echo", "nobody"):
                frame = {"type": "response.create", "model": model, "input": "hi"}
                await socket.send(json.dumps(frame))
                kind = ""
                while kind not in ("response.completed", "error"):
                    kind = json.loads(await socket.recv())["type"]
    told = [(line["protocol"], line["model"], line["status"]) for line in lines(capfd)]
    assert told == [("responses/ws", "echo", 200), ("responses/ws", "nobody", 404)]


def test_text_cannot_be_taken_for_another_field_or_line(capfd: pytest.CaptureFixture[str]) -> None:
    log = RequestLog("text")
    log.line({"model": "a\nrequest status=200", "served": "\x1b[31m", "upstream": "x=1", "ms": 0})
    log.line({"model": "vendor/m:v1", "status": 200, "error": "", "first_ms": None})
    one, two = capfd.readouterr().err.splitlines()
    assert one[9:] == (
        r"request model='a\nrequest status=200' served='\x1b[31m' upstream='x=1' ms=0"
    )
    assert two[9:] == "request model=vendor/m:v1 status=200"


def test_quiet_levels_leave_the_lines_out(capfd: pytest.CaptureFixture[str]) -> None:
    async def ask() -> None:
        await asked(app_of(log_level="error"), "GET", "/v1/models")

    asyncio.run(ask())
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_other_lines_leave_blanks_out(capsys: pytest.CaptureFixture[str], form: str) -> None:
    handlers = list(logging.root.handlers)
    try:
        set_up("info", form)
        logger().warning("said", reason="", upstream="up", nothing=None)
        logger().debug("not said")
        err = capsys.readouterr().err
    finally:
        structlog.reset_defaults()
        logging.root.handlers[:] = handlers
    assert err.count("\n") == 1
    assert "said" in err
    assert "up" in err
    assert "reason" not in err
    assert "nothing" not in err
