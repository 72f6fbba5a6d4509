"""Body logs through the whole gateway: four notes of a request under one id, secrets taken out,
and nothing at all where nobody asked for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.world import KEY, World, asking, path_of, upstream, world
from tests.fakes import FAKES, Fake, in_thread

from dragoman.accounts.client_keys import new_key
from dragoman.storage.client_keys import ClientKey

GROUPS: dict[str, Any] = {
    "studied": {"body-log": True, "prompt": {"mode": "enhance", "text": "Go on."}},
    "quiet": {},
}
UP_KEY = "up-key-of-the-upstream"


@pytest.fixture(scope="module")
def fake() -> Iterator[tuple[Fake, str]]:
    one = FAKES["openai"](models=["qwen3-coder"], key=UP_KEY)
    with in_thread(one) as url:
        yield one, url


@asynccontextmanager
async def logged(fake: tuple[Fake, str], folder: Path, **settings: object) -> AsyncIterator[World]:
    host = upstream("openai", fake[1], "qwen3-coder", keys=[UP_KEY])
    given: dict[str, object] = {"data_dir": str(folder), "groups": GROUPS, **settings}
    async with world(host, **given) as here:
        yield here


def notes(folder: Path) -> list[dict[str, Any]]:
    file = folder / "body-logs" / "bodies.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


async def ask(here: World, group: str, client: str, text: str, *, stream: bool) -> str:
    """The id of the request."""
    path = f"/{group}{path_of(client, 'qwen3-coder', stream=stream)}"
    reply = await here.post(path, asking(client, "qwen3-coder", text, stream=stream))
    assert reply.status_code == 200
    return str(reply.headers["x-dragoman-request"])


async def test_a_converted_request_leaves_four_notes_under_its_id(
    fake: tuple[Fake, str], tmp_path: Path
) -> None:
    said = f"echo: my key is {UP_KEY} and sk-0123456789abcdefghij"
    async with logged(fake, tmp_path) as here:
        number = await ask(here, "studied", "anthropic", said, stream=False)
    client, sent, came, told = notes(tmp_path)
    assert {note["id"] for note in (client, sent, came, told)} == {number}
    assert [note["what"] for note in (client, sent, came, told)] == [
        "client-request", "upstream-request", "upstream-answer", "client-answer",
    ]  # fmt: skip
    assert (client["group"], client["protocol"]) == ("studied", "anthropic")
    assert client["body"]["messages"][0]["content"] == "echo: my key is *** and ***"
    assert sent["body"]["messages"][0] == {"role": "system", "content": "Go on."}
    assert sent["url"] == f"{fake[1]}/v1/chat/completions"
    assert (sent["call"], sent["upstream"], came["status"]) == (1, "up", 200)
    assert came["body"]["choices"][0]["message"]["content"] == "my key is *** and ***"
    assert told["body"]["content"][0]["text"] == "my key is *** and ***"
    text = (tmp_path / "body-logs" / "bodies.jsonl").read_text()
    assert UP_KEY not in text
    assert KEY not in text
    assert "sk-0123" not in text
    assert client["headers"]["authorization"] == "Bear…ient"


async def test_bytes_that_pass_are_noted_once_streamed_or_not(
    fake: tuple[Fake, str], tmp_path: Path
) -> None:
    async with logged(fake, tmp_path) as here:
        await ask(here, "studied", "openai", "echo: hello", stream=True)
        await ask(here, "studied", "openai", "echo: hello", stream=False)
    found = notes(tmp_path)
    kinds = ["client-request", "upstream-request", "upstream-answer"]
    assert [note["what"] for note in found] == kinds * 2
    assert found[2]["body"].endswith("data: [DONE]\n\n")
    assert "cut" not in found[2]
    assert found[5]["body"]["choices"][0]["message"]["content"] == "hello"


async def test_a_converted_stream_is_noted_as_the_client_got_it(
    fake: tuple[Fake, str], tmp_path: Path
) -> None:
    async with logged(fake, tmp_path, streaming={"keepalive-seconds": 0}) as here:
        await ask(here, "studied", "anthropic", "echo: hello", stream=True)
    told = notes(tmp_path)[-1]
    assert told["what"] == "client-answer"
    assert told["body"].startswith("event: message_start\n")
    assert told["body"].rstrip().endswith('{"type":"message_stop"}')


async def test_every_attempt_and_the_error_a_client_is_told_are_noted(
    fake: tuple[Fake, str], tmp_path: Path
) -> None:
    both = [
        upstream("openai", url, "qwen3-coder", name=name, keys=[UP_KEY])
        for name, url in (("gone", "http://127.0.0.1:9/v1"), ("there", fake[1]))
    ]
    settings: dict[str, object] = {"groups": GROUPS, "data_dir": str(tmp_path)}
    async with world(*both, **settings) as here:
        body = asking("openai", "qwen3-coder", "fail 500", stream=False)
        reply = await here.post("/studied/v1/chat/completions", body)
        assert reply.status_code == 500
    found = notes(tmp_path)
    assert [(note["what"], note.get("call"), note.get("upstream")) for note in found] == [
        ("client-request", None, None),
        ("upstream-request", 1, "gone"),
        ("upstream-answer", 1, "gone"),
        ("upstream-request", 2, "there"),
        ("upstream-answer", 2, "there"),
        ("client-answer", None, None),
    ]
    assert "error" in found[2]
    assert found[4]["status"] == found[5]["status"] == 500
    assert "told to fail with 500" in found[5]["body"]["error"]["message"]


async def test_a_client_that_leaves_leaves_what_had_come(
    fake: tuple[Fake, str], tmp_path: Path
) -> None:
    async with logged(fake, tmp_path) as here:
        path = f"/studied{path_of('anthropic', 'qwen3-coder', stream=True)}"
        body = asking("anthropic", "qwen3-coder", "stall", stream=True)
        async with here.stream(path, body) as reply:
            async for data in reply.aiter_raw():
                if b"answer" in data:
                    break
    found = {note["what"]: note for note in notes(tmp_path)}
    assert found["upstream-answer"]["cut"] == "ended before its end"
    assert found["client-answer"]["cut"] == "ended before its end"
    assert "A partial" in found["client-answer"]["body"]


async def test_nobody_asked_nothing_is_written(fake: tuple[Fake, str], tmp_path: Path) -> None:
    async with logged(fake, tmp_path) as here:
        await ask(here, "quiet", "openai", "echo: hello", stream=False)
        await ask(here, "default", "openai", "echo: hello", stream=True)
    assert not (tmp_path / "body-logs").exists()


async def test_one_setting_logs_every_request(fake: tuple[Fake, str], tmp_path: Path) -> None:
    async with logged(fake, tmp_path, request_log=True) as here:
        await ask(here, "quiet", "openai", "echo: hello", stream=False)
    assert len(notes(tmp_path)) == 3


async def test_a_key_may_be_studied_whatever_its_group(
    fake: tuple[Fake, str], tmp_path: Path
) -> None:
    async with logged(fake, tmp_path) as here:
        text, digest = new_key()
        made = ClientKey("k-1", "ci", digest, body_log=True)
        here.gateway.keys.take_made([made])
        body = asking("openai", "qwen3-coder", "echo: hello", stream=False)
        path = "/quiet/v1/chat/completions"
        reply = await here.post(path, body, authorization=f"Bearer {text}")
        assert reply.status_code == 200
        await ask(here, "quiet", "openai", "echo: hello", stream=False)
    found = notes(tmp_path)
    assert (found[0]["key"], len(found)) == ("ci", 3)


async def test_a_full_disk_fails_no_request(
    fake: tuple[Fake, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "body-logs").mkdir()
    (tmp_path / "body-logs" / "bodies.jsonl").symlink_to("/dev/full")
    async with logged(fake, tmp_path) as here:
        told: list[str] = []
        monkeypatch.setattr(here.gateway.body_log, "_warn", told.append)
        await ask(here, "studied", "anthropic", "echo: hello", stream=True)
        await ask(here, "studied", "openai", "echo: hello", stream=False)
    assert len(told) == 1
    assert "No space left on device" in told[0]
