"""Claude subscriptions are pass-through only: Claude Code's own requests go through untouched, any
other gets an error that says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.world import World, asking, path_of, upstream
from tests.fakes import AnthropicFake, serve
from tests.subscriptions.folder import before, tokens_of, write
from tests.subscriptions.hosts import IDENTITIES, ClaudeHost
from tests.upstreams.raw_host import raw_host, whole

MODEL = "claude-opus-5-5"
HEADERS = {
    "user-agent": "claude-cli/2.1.329 (external, sdk-cli)",
    "x-app": "cli",
    "x-claude-code-session-id": "00000000-0000-0000-0000-000000000000",
    "x-stainless-lang": "js",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
    "anthropic-dangerous-direct-browser-access": "true",
}


def claude_code(text: str, *, stream: bool) -> bytes:
    """A request of Claude Code's, in a form that is certainly its own."""
    system = [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=cli;"},
        {"type": "text", "text": IDENTITIES[1], "cache_control": {"type": "ephemeral"}},
    ]
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}],
        "system": system,
        "tools": [{"name": "Bash", "input_schema": {"type": "object", "properties": {}}}],
        "metadata": {"user_id": '{"device_id":"0","session_id":"s"}'},
        "max_tokens": 32000,
        "stream": stream,
    }
    return json.dumps(body, indent=1).encode()


def claude_host() -> ClaudeHost:
    host = ClaudeHost()
    host.open_to(*tokens_of("claude"))
    return host


@pytest.mark.parametrize("stream", [False, True])
async def test_claude_codes_own_request_goes_through_untouched(
    stream: bool, tmp_path: Path
) -> None:
    write(tmp_path, "claude")
    host = claude_host()
    async with before(tmp_path, {"claude": host}) as here:
        for _ in range(3):
            sent = claude_code("echo: bread", stream=stream)
            reply = await here.post("/v1/messages?beta=true", sent, **HEADERS)
            assert reply.status_code == 200, reply.text
            assert "bread" in reply.text
    assert [asked.body for asked in host.requests] == [sent, sent, sent]
    got = dict(host.requests[0].headers)
    for name, value in HEADERS.items():
        if name != "anthropic-beta":
            assert got[name] == value
    assert got["anthropic-beta"] == HEADERS["anthropic-beta"] + ",oauth-2025-04-20"
    assert host.requests[0].query == {"beta": "true"}
    assert {got["authorization"] for asked in host.requests for got in [dict(asked.headers)]} <= {
        f"Bearer {token}" for token in tokens_of("claude")
    }


@pytest.mark.parametrize("client", ["openai", "responses", "anthropic", "gemini", "ollama"])
@pytest.mark.parametrize("stream", [False, True])
async def test_any_other_client_is_told_why_it_is_not_served(
    client: str, stream: bool, tmp_path: Path
) -> None:
    write(tmp_path, "claude")
    host = claude_host()
    async with before(tmp_path, {"claude": host}, disable_cooling=False) as here:
        path = path_of(client, MODEL, stream=stream)
        body = asking(client, MODEL, "hi", stream=stream)
        reply = await here.post(path, body)
        assert reply.status_code == 403
        assert "takes the requests of Claude Code alone" in reply.text
        assert "docs/subscriptions.md" in reply.text
        assert "example.com" not in reply.text, "whose accounts they are is nobody's matter"
        again = await here.post(
            "/v1/messages?beta=true", claude_code("hi", stream=False), **HEADERS
        )
        assert again.status_code == 200, "the refused request has put no account to rest"
    assert len(host.requests) == 1


async def test_a_program_that_only_borrows_the_name_is_not_claude_code(tmp_path: Path) -> None:
    write(tmp_path, "claude", 1)
    named = {"user-agent": "claude-cli/0.24.4 (external, cli)", "x-app": "cli"}
    async with before(tmp_path, {"claude": claude_host()}) as here:
        reply = await here.post(
            "/v1/messages", asking("anthropic", MODEL, "hi", stream=False), **named
        )
    assert reply.status_code == 403


async def test_another_upstream_of_the_same_model_serves_who_the_subscription_does_not(
    tmp_path: Path,
) -> None:
    write(tmp_path, "claude")
    host, keyed = claude_host(), AnthropicFake()
    async with serve(keyed) as url:
        given = upstream("anthropic", url, MODEL, name="keyed")
        async with before(tmp_path, {"claude": host}, given) as here:
            for _ in range(4):
                body = asking("openai", MODEL, "echo: bread", stream=True)
                reply = await here.post("/v1/chat/completions", body)
                assert reply.status_code == 200
    assert (len(host.requests), len(keyed.requests)) == (0, 4)


async def test_payload_rules_and_the_accounts_headers_are_in_force_before_it_is_judged(
    tmp_path: Path,
) -> None:
    own = {"X-Claude-Code-Session-Id": "mine", "User-Agent": "claude-cli/9", "X-App": "cli"}
    write(tmp_path, "claude", 1, headers=own)
    rule = {
        "models": [{"name": "claude-*", "protocol": "claude"}],
        "params": {"system": [{"type": "text", "text": IDENTITIES[0]}]},
    }
    host = claude_host()
    async with before(tmp_path, {"claude": host}, payload={"override": [rule]}) as here:
        body = asking("anthropic", MODEL, "echo: bread", stream=False)
        reply = await here.post("/v1/messages", body, **{"anthropic-version": "2023-06-01"})
    assert reply.status_code == 200, reply.text
    assert host.requests[0].header("user-agent") == "claude-cli/9"


async def test_tokens_are_counted_by_the_subscription_for_claude_code_alone(tmp_path: Path) -> None:
    write(tmp_path, "claude", 1)
    host = claude_host()
    body = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}
    async with before(tmp_path, {"claude": host}) as here:
        own = await here.post("/v1/messages/count_tokens", body, **HEADERS)
        other = await here.post("/v1/messages/count_tokens", body)
    assert (own.status_code, other.status_code) == (200, 200)
    assert "x-dragoman-estimate" not in own.headers
    assert other.headers["x-dragoman-estimate"] == "true"
    assert len(host.requests) == 1


async def test_a_conversation_that_comes_from_another_upstream_is_still_claude_codes(
    tmp_path: Path,
) -> None:
    """Its sealed state is taken out; the rest goes as it was, under Claude Code's own headers."""
    write(tmp_path, "claude", 1)
    host = claude_host()
    body = json.loads(claude_code("echo: bread", stream=False))
    thought = {"type": "thinking", "thinking": "hm", "signature": "dgm1.nobodys"}
    body["messages"] = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "hello"}]},
        *body["messages"],
    ]
    async with before(tmp_path, {"claude": host}) as here:
        reply = await here.post("/v1/messages?beta=true", body, **HEADERS)
    assert reply.status_code == 200, reply.text
    assert host.requests[0].header("user-agent") == HEADERS["user-agent"]
    assert b"dgm1." not in host.requests[0].body


UNIFIED = "anthropic-ratelimit-unified"


def limited(**windows: str) -> bytes:
    """A 429 whose windows are at `5h` and so on: rejected or allowed."""
    told = "".join(
        f"{UNIFIED}-{name}-status: {status}\r\n{UNIFIED}-{name}-reset: 4000000000\r\n"
        f"{UNIFIED}-{name}-utilization: {1.0 if status == 'rejected' else 0.25}\r\n"
        for name, status in windows.items()
    )
    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"used up"}}'
    head = f"HTTP/1.1 429 X\r\ncontent-type: application/json\r\n{UNIFIED}-status: rejected\r\n"
    return f"{head}{told}content-length: {len(body)}\r\n\r\n".encode() + body


ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": MODEL,
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}


async def post(here: World, model: str) -> Any:
    body = json.loads(claude_code("hi", stream=False)) | {"model": model}
    return await here.post("/v1/messages", body, **HEADERS)


@pytest.mark.parametrize(("window", "others_rest"), [("5h", True), ("7d_oi", False)])
async def test_a_used_up_window_rests_the_account_or_the_model_alone(
    window: str, others_rest: bool, tmp_path: Path
) -> None:
    write(tmp_path, "claude", 1)
    seen: list[str] = []

    async def script(exchange: Any) -> None:
        while (asked := await exchange.request()) is not None:
            model = json.loads(asked.body)["model"]
            seen.append(model)
            used_up = model == MODEL
            other = {"5h": "allowed", "7d_oi": "allowed"} | {window: "rejected"}
            await exchange.send(limited(**other) if used_up else whole(json.dumps(ANSWER).encode()))

    async with raw_host(script) as host:
        clients = {"claude": {"base-url": host.url}}
        settings: dict[str, Any] = {"oauth_clients": clients, "disable_cooling": False}
        async with before(tmp_path, {}, **settings) as here:
            assert (await post(here, MODEL)).status_code == 429
            assert (await post(here, MODEL)).status_code == 429
            other = await post(here, "claude-haiku-5")
            quota = here.gateway.accounts.quota("claude-user0@example.com.json")
    assert other.status_code == (429 if others_rest else 200)
    assert seen.count(MODEL) == 1
    assert quota is not None
    told = {one.name: (one.used, one.resets_at) for one in quota.windows}
    assert told[window] == (1.0, 4000000000.0)
