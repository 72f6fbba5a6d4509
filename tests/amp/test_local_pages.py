"""The pages a browser opens: a key is told to nobody who did not type it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.amp.threads import ONE, TWO, browser, text_of, thread

TOKEN = "ab" * 32
LOGIN = f"/auth/cli-login?authToken={TOKEN}&callbackPort=35789"


async def test_the_login_page_asks_for_a_key_and_tells_none(tmp_path: Path) -> None:
    async with browser(tmp_path) as (amp, _):
        reply = await amp.reply("GET", LOGIN)
        headers = dict(reply.headers)
    text = text_of(reply)
    assert reply.status == 200
    assert '<input type="password" name="key"' in text
    assert "sk-" not in text
    assert TOKEN not in text
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


async def test_a_right_key_goes_to_the_cli_that_waits(tmp_path: Path) -> None:
    async with browser(tmp_path) as (amp, _):
        reply = await amp.reply("POST", LOGIN, b"key=sk-one")
    target = urlsplit(dict(reply.headers)["location"])
    assert reply.status == 303
    assert (target.scheme, target.netloc, target.path) == (
        "http",
        "127.0.0.1:35789",
        "/auth/callback",
    )
    assert parse_qs(target.query) == {"authToken": [TOKEN], "accessToken": ["sk-one"]}


async def test_without_a_port_a_right_key_becomes_the_code_to_paste(tmp_path: Path) -> None:
    async with browser(tmp_path) as (amp, _):
        address = f"/auth/cli-login?authToken={TOKEN}"
        text = text_of(await amp.reply("POST", address, b"key=+sk-two+"))
    code = text.partition("<pre>")[2].partition("</pre>")[0]
    assert json.loads(base64.b64decode(code)) == {"token": TOKEN, "accessToken": "sk-two"}


async def test_a_wrong_key_goes_nowhere(tmp_path: Path) -> None:
    async with browser(tmp_path) as (amp, _):
        for body in (b"key=sk-none", b"", b"key=", b"\xff"):
            reply = await amp.reply("POST", LOGIN, body)
            assert reply.status == 403
            assert "location" not in dict(reply.headers)
            assert "none of the gateway's client keys" in text_of(reply)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "authToken=",
        "authToken=x&callbackPort=80",
        "authToken=x&callbackPort=1@evil.example",
        "authToken=x&callbackPort=99999",
    ],
)
async def test_an_odd_login_address_leads_nowhere(query: str, tmp_path: Path) -> None:
    async with browser(tmp_path) as (amp, _):
        for method, body in (("GET", b""), ("POST", b"key=sk-one")):
            reply = await amp.reply(method, f"/auth/cli-login?{query}", body)
            assert reply.status == 400
            assert "sk-one" not in f"{reply.headers} {text_of(reply)}"


async def test_a_threads_page_shows_it_to_its_own_key_alone(tmp_path: Path) -> None:
    title = "<script>alert(1)</script>"
    async with browser(tmp_path) as (amp, cli):
        await cli.result("uploadThread", thread=thread(title=title))
        asked = await amp.reply("GET", f"/threads/{ONE}")
        mine = await amp.reply("POST", f"/threads/{ONE}", b"key=sk-one")
        other = await amp.reply("POST", f"/threads/{ONE}", b"key=sk-two")
        wrong = await amp.reply("POST", f"/threads/{ONE}", b"key=x")
        missing = await amp.reply("GET", f"/threads/{TWO}")
        shown = await cli.reply("GET", f"/threads/{ONE}")
    assert (asked.status, other.status, wrong.status) == (200, 404, 403)
    assert text_of(asked) == text_of(missing)
    assert "race condition" not in text_of(asked) + text_of(other) + text_of(wrong)
    assert "Find the race condition" in text_of(mine)
    assert text_of(shown) == text_of(mine)
    assert "<script>" not in text_of(mine)
    assert "&lt;script&gt;" in text_of(mine)


@pytest.mark.parametrize("path", ["/settings", "/docs/x", "/threads", "/auth", "/threads/T-1"])
async def test_pages_of_ampcode_say_that_they_are_not_here(path: str, tmp_path: Path) -> None:
    async with browser(tmp_path) as (amp, _):
        reply = await amp.reply("GET", path)
    assert reply.status == 404
    assert "amp threads list" in text_of(reply)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/internal"),
        ("GET", "/api/user"),
        ("GET", f"/api/threads/{ONE}.md"),
        ("GET", "/api/threads/find?q="),
        ("GET", "/actors/metadata"),
    ],
)
async def test_nothing_but_pages_is_there_for_who_shows_no_key(
    method: str, path: str, tmp_path: Path
) -> None:
    async with browser(tmp_path) as (amp, cli):
        await cli.result("uploadThread", thread=thread())
        body = b'{"method":"listThreads","params":{}}'
        assert (await amp.reply(method, path, body)).status == 404
