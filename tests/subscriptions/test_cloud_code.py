"""Google's logins: the envelope, the account's projects, and limits as Google tells them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.world import asking, path_of
from tests.subscriptions.folder import PROJECT, before, tokens_of, write
from tests.subscriptions.hosts import CloudCodeHost
from tests.upstreams.raw_host import RawHost, chunked, raw_host, whole

from dragoman.upstreams.subscriptions import projects
from dragoman.upstreams.subscriptions.cloud_code import seconds_of

MODEL = "gemini-3-flash-preview"
ANTIGRAVITY = "gemini-3-flash"


def google(provider: str = "gemini", *projects: str, **more: Any) -> CloudCodeHost:
    host = CloudCodeHost(models=[MODEL, ANTIGRAVITY, "claude-sonnet-4-6"])
    host.projects = frozenset(projects or (PROJECT,))
    host.names_client = provider == "antigravity"
    host.open_to(*tokens_of(provider))
    for name, value in more.items():
        setattr(host, name, value)
    return host


async def test_a_gemini_clients_own_bytes_stand_in_the_envelope(tmp_path: Path) -> None:
    write(tmp_path, "gemini", 1)
    host = google()
    turn = b'{"role":"user","parts":[{"text":"echo: bread"}]}'
    text = b'{ "contents": [ ' + turn + b' ],\n "safetySettings":[]}'
    async with before(tmp_path, {"gemini": host}) as here:
        for stream in (False, True):
            path = path_of("gemini", MODEL, stream=stream)
            reply = await here.post(path, text, **{"user-agent": "GeminiCLI-tui/0.61.0"})
            assert reply.status_code == 200, reply.text
            assert "traceId" not in reply.text
            assert "bread" in reply.text
    for request in host.requests:
        assert b'"request":' + text + b"}" in request.body
        assert request.json["project"] == PROJECT
        assert request.json["model"] == MODEL
        assert request.header("user-agent") == "GeminiCLI-tui/0.61.0"
    assert [request.query for request in host.requests] == [{}, {"alt": "sse"}]


async def test_an_error_in_the_stream_and_an_error_answer_come_through(tmp_path: Path) -> None:
    write(tmp_path, "gemini", 1)
    async with before(tmp_path, {"gemini": google()}) as here:
        path = path_of("gemini", MODEL, stream=True)
        mid = await here.post(path, asking("gemini", MODEL, "fail-mid", stream=True))
        refused = await here.post(path, asking("gemini", MODEL, "fail 503", stream=True))
    assert "failed in the middle" in mid.text
    assert refused.status_code == 503


async def test_tokens_are_counted_there(tmp_path: Path) -> None:
    write(tmp_path, "gemini", 1)
    host = google()
    async with before(tmp_path, {"gemini": host}) as here:
        body = asking("gemini", MODEL, "hi", stream=False)
        reply = await here.post(f"/v1beta/models/{MODEL}:countTokens", body)
    assert reply.json()["totalTokens"] == 116
    assert "x-dragoman-estimate" not in reply.headers
    assert host.last["request"]["model"] == f"models/{MODEL}"


async def test_every_project_of_an_account_is_a_credential_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "gemini", 1, project_id="one, two,three")
    host = google("gemini", "one", "two", "three")
    async with before(tmp_path, {"gemini": host}) as here:
        for _ in range(6):
            reply = await here.post(
                "/v1/chat/completions", asking("openai", MODEL, "hi", stream=True)
            )
            assert reply.status_code == 200
    used = sorted(request.json["project"] for request in host.requests)
    assert used == ["one", "one", "three", "three", "two", "two"]
    assert {outcome.credential for outcome in here.outcomes} == {0, 1, 2}


async def test_a_missing_project_is_found_out_once(tmp_path: Path) -> None:
    write(tmp_path, "gemini", 1, project_id="")
    host = google("gemini", "found", onboarded="found")
    async with before(tmp_path, {"gemini": host}) as here:
        for _ in range(2):
            reply = await here.post(
                "/v1/chat/completions", asking("openai", MODEL, "hi", stream=True)
            )
            assert reply.status_code == 200, reply.text
    paths = [request.path.rpartition(":")[2] for request in host.requests]
    assert paths == ["loadCodeAssist", "streamGenerateContent", "streamGenerateContent"]


async def test_an_account_without_a_project_is_onboarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projects, "POLL_S", 0)
    write(tmp_path, "gemini", 1, project_id="")
    host = google("gemini", "made")
    async with before(tmp_path, {"gemini": host}) as here:
        reply = await here.post("/v1/chat/completions", asking("openai", MODEL, "hi", stream=False))
    assert reply.status_code == 200, reply.text
    paths = [request.path.rpartition(":")[2] for request in host.requests]
    assert paths == ["loadCodeAssist", "onboardUser", "onboardUser", "generateContent"]
    assert host.last["project"] == "made"


async def test_an_account_that_gets_no_project_says_what_to_do(tmp_path: Path) -> None:
    async def script(exchange: Any) -> None:
        while (asked := await exchange.request()) is not None:
            done = "onboardUser" in asked.line
            await exchange.send(whole(b'{"done":true}' if done else b"{}"))

    write(tmp_path, "gemini", 1, project_id="")
    async with raw_host(script) as host, before(tmp_path, {}, **settings(host)) as here:
        reply = await here.post("/v1/chat/completions", asking("openai", MODEL, "hi", stream=False))
    assert reply.status_code == 403
    assert "write one into its file as project_id" in reply.text


async def test_antigravity_is_told_who_asks_and_gets_nothing_it_refuses(tmp_path: Path) -> None:
    write(tmp_path, "antigravity", 1)
    host = google("antigravity")
    body = asking("gemini", ANTIGRAVITY, "echo: bread", stream=False)
    body |= {"safetySettings": [], "generationConfig": {"maxOutputTokens": 9, "topK": 3}}
    async with before(tmp_path, {"antigravity": host}) as here:
        path = path_of("gemini", ANTIGRAVITY, stream=False)
        reply = await here.post(path, body, **{"x-session-id": "c"})
    assert reply.status_code == 200, reply.text
    sent = host.last
    assert sent["userAgent"] == "dragoman"
    assert sent["requestType"] == "agent"
    assert sent["requestId"].startswith("agent-")
    assert sent["request"]["generationConfig"] == {"topK": 3}
    assert sent["request"]["sessionId"].startswith("-")
    assert reply.headers["x-dragoman-dropped"] == "safetySettings, maxOutputTokens"


async def test_antigravitys_claude_is_streamed_and_put_together(tmp_path: Path) -> None:
    write(tmp_path, "antigravity", 1)
    host = google("antigravity")
    model = "claude-sonnet-4-6"
    body = asking("anthropic", model, 'call f {"a": 1}', stream=False)
    body["tools"] = [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    async with before(tmp_path, {"antigravity": host}) as here:
        reply = await here.post("/v1/messages", body)
    assert reply.status_code == 200, reply.text
    said, call = reply.json()["content"]
    assert said["text"] == "I'll call it."
    assert (call["name"], call["input"]) == ("f", {"a": 1})
    assert host.requests[0].path.endswith(":streamGenerateContent")
    assert host.last["request"]["toolConfig"]["functionCallingConfig"]["mode"] == "VALIDATED"
    assert host.last["request"]["generationConfig"]["maxOutputTokens"] == 1000


def settings(host: RawHost) -> dict[str, Any]:
    clients = {name: {"base-url": host.url} for name in ("gemini", "antigravity")}
    return {"oauth_clients": clients, "disable_cooling": False, "max_retry_interval": 1}


def limit(reason: str, delay: str) -> bytes:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    info = {"@type": kind, "reason": reason, "metadata": {"quotaResetDelay": delay}}
    error = {"code": 429, "message": "no", "status": "RESOURCE_EXHAUSTED", "details": [info]}
    return whole(json.dumps({"error": error}).encode(), status=429)


@pytest.mark.parametrize(
    ("reason", "delay", "seconds"),
    [("QUOTA_EXHAUSTED", "13h19m1.5s", 47_942), ("RATE_LIMIT_EXCEEDED", "90s", 90)],
)
async def test_a_limit_rests_the_account_for_as_long_as_google_says(
    reason: str, delay: str, seconds: int, tmp_path: Path
) -> None:
    async def script(exchange: Any) -> None:
        while await exchange.request() is not None:
            await exchange.send(limit(reason, delay))

    write(tmp_path, "gemini", 1)
    async with raw_host(script) as host, before(tmp_path, {}, **settings(host)) as here:
        body = asking("openai", MODEL, "hi", stream=False)
        first = await here.post("/v1/chat/completions", body)
        second = await here.post("/v1/chat/completions", body)
    assert (first.status_code, second.status_code) == (429, 429)
    assert seconds - 5 <= int(second.headers["retry-after"]) <= seconds + 1
    assert len(host.asked) == 1


async def test_a_short_limit_goes_on_with_the_next_account(tmp_path: Path) -> None:
    frame = {
        "response": {
            "candidates": [{"content": {"parts": [{"text": "bread"}]}, "finishReason": "STOP"}]
        }
    }
    answers = [
        [limit("RATE_LIMIT_EXCEEDED", "2s")],
        chunked(f"data: {json.dumps(frame)}\r\n\r\n".encode()),
    ]

    async def script(exchange: Any) -> None:
        while await exchange.request() is not None:
            for piece in answers.pop(0):
                await exchange.send(piece)

    write(tmp_path, "gemini", 2)
    async with raw_host(script) as host, before(tmp_path, {}, **settings(host)) as here:
        reply = await here.post("/v1/chat/completions", asking("openai", MODEL, "hi", stream=True))
    assert (reply.status_code, "bread" in reply.text) == (200, True)
    tokens = [asked.header("authorization") for asked in host.asked]
    assert len(set(tokens)) == 2


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("3.5s", 3.5), ("1h2m3s", 3723), ("250ms", 0.25), ("soon", None), ("", None), (5, None)],
)
def test_googles_durations_are_read(told: Any, seconds: float | None) -> None:
    assert seconds_of(told) == seconds
