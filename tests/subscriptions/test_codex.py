"""ChatGPT subscriptions: what goes up and what does not, and streams that hold an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.world import asking
from tests.subscriptions.folder import before, tokens_of, write
from tests.subscriptions.hosts import CodexHost
from tests.upstreams.raw_host import RawHost, chunked, raw_host, whole

from dragoman.accounts.records import Window
from dragoman.upstreams.subscriptions.codex import windows_of

MODEL = "gpt-5.2"
CODEX = {
    "user-agent": "codex_exec/0.169.0 (Debian 12; x86_64)",
    "originator": "codex_exec",
    "session-id": "s-1",
    "thread-id": "s-1",
    "x-codex-turn-metadata": '{"turn_id":"t"}',
}


def codex_host() -> CodexHost:
    host = CodexHost(models=[MODEL], own=True)
    host.accounts = frozenset(f"account-{number}" for number in range(3))
    host.open_to(*tokens_of("codex"))
    return host


def codex_body(**more: object) -> dict[str, Any]:
    """What Codex itself sends; `instructions`, which the host wants, it leaves out."""
    return {
        "model": MODEL,
        "stream": True,
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "echo: bread"}],
            }
        ],
        "parallel_tool_calls": False,
        "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "k-1",
        **more,
    }


async def test_codexs_own_request_is_changed_in_single_fields_only(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1)
    host = codex_host()
    sent = json.dumps(codex_body(), indent=2).encode()
    async with before(tmp_path, {"codex": host}) as here:
        reply = await here.post("/v1/responses", sent, **CODEX)
    assert reply.status_code == 200
    assert host.requests[0].body == sent[:-2] + b',"instructions":""' + sent[-2:]
    got = dict(host.requests[0].headers)
    assert {name: got[name] for name in CODEX} == CODEX
    assert got["chatgpt-account-id"] == "account-0"
    assert got["authorization"] == "Bearer codex-token-0"


async def test_what_the_host_does_not_take_is_left_out_and_told(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1)
    host = codex_host()
    body = codex_body(
        max_output_tokens=900,
        temperature=0.5,
        top_p=0.9,
        user="u",
        truncation="auto",
        service_tier="flex",
        stream=False,
        store=True,
        include=[],
        instructions=None,
        tools=[],
    )
    body["input"].insert(0, {"role": "system", "content": "Be brief."})
    async with before(tmp_path, {"codex": host}) as here:
        reply = await here.post("/v1/responses", body)
    assert reply.status_code == 200, reply.text
    sent = host.last
    assert sent["input"][0] == {"role": "developer", "content": "Be brief."}
    assert sent["instructions"] == ""
    assert not {"service_tier", "parallel_tool_calls", "user", "temperature"} & set(sent)
    assert reply.headers["x-dragoman-dropped"] == "max_output_tokens, temperature, top_p"
    answer = reply.json()
    assert answer["status"] == "completed"
    assert answer["output"][-1]["content"][0]["text"] == "bread"


async def test_others_are_named_dragoman_and_a_conversation_has_one_cache_key(
    tmp_path: Path,
) -> None:
    write(tmp_path, "codex", 1)
    host = codex_host()
    async with before(tmp_path, {"codex": host}) as here:
        for _ in range(2):
            body = asking("openai", MODEL, "hi", stream=True)
            reply = await here.post(
                "/v1/chat/completions", body, **{"x-session-id": "conversation"}
            )
            assert reply.status_code == 200
    keys = {request.json["prompt_cache_key"] for request in host.requests}
    assert len(keys) == 1
    assert "conversation" not in keys.pop()
    assert host.requests[0].header("session-id") == host.last["prompt_cache_key"]
    assert host.requests[0].header("originator") == "dragoman"
    assert (host.requests[0].header("user-agent") or "").startswith("dragoman")


async def test_a_stream_ends_with_the_output_that_the_host_leaves_out(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1)
    async with before(tmp_path, {"codex": codex_host()}) as here:
        reply = await here.post("/v1/responses", codex_body(), **CODEX)
    events = [json.loads(line[5:]) for line in reply.text.splitlines() if line.startswith("data:")]
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"]["output"][-1]["content"][0]["text"] == "bread"


def event(kind: str, **fields: object) -> bytes:
    return f"data: {json.dumps({'type': kind, **fields})}\n\n".encode()


CREATED = event("response.created", response={"id": "resp_1", "model": MODEL, "output": []})
DELTA = event("response.output_text.delta", output_index=0, content_index=0, delta="bread")
DONE = event(
    "response.completed",
    response={"id": "resp_1", "model": MODEL, "status": "completed", "output": []},
)
LIMIT = {"type": "usage_limit_reached", "message": "used up", "resets_in_seconds": 600}
FAULTS: list[tuple[dict[str, Any], int]] = [
    (LIMIT, 429),
    ({"message": "Selected model is at capacity. Please try a different model."}, 429),
    ({"code": "context_length_exceeded", "message": "too long"}, 400),
    ({"code": "invalid_encrypted_content", "message": "cannot be read"}, 400),
    ({"code": "token_invalidated", "message": "log in"}, 401),
    ({"code": "server_is_overloaded", "message": "busy"}, 503),
    ({"code": "strange", "message": "no idea"}, 502),
]


def streaming(*frames: bytes) -> Any:
    async def script(exchange: Any) -> None:
        while await exchange.request() is not None:
            for piece in chunked(*frames):
                await exchange.send(piece)

    return script


def settings(host: RawHost) -> dict[str, Any]:
    clients = {"codex": {"base-url": f"{host.url}/backend-api/codex"}}
    return {"oauth_clients": clients, "disable_cooling": False, "max_retry_interval": 1}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("error", "status"), FAULTS)
async def test_an_error_in_a_stream_is_the_error_it_means(
    error: dict[str, Any], status: int, stream: bool, tmp_path: Path
) -> None:
    write(tmp_path, "codex", 1)
    failed = event("response.failed", response={"id": "resp_1", "error": error})
    async with (
        raw_host(streaming(CREATED, failed)) as host,
        before(tmp_path, {}, **settings(host)) as here,
    ):
        reply = await here.post("/v1/responses", codex_body(stream=stream))
        assert reply.status_code == status, reply.text
        assert error["message"] in reply.text
        if error is LIMIT:
            again = await here.post("/v1/responses", codex_body(stream=stream))
            assert again.status_code == 429
            assert 590 <= int(again.headers["retry-after"]) <= 600
            assert len(host.asked) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_used_up_account_hands_over_to_the_next_before_anything_was_read(
    stream: bool, tmp_path: Path
) -> None:
    write(tmp_path, "codex", 2)
    answers = [
        chunked(CREATED, event("error", error=LIMIT)),
        chunked(
            CREATED, DELTA, event("response.output_item.done", output_index=0, item=ITEM), DONE
        ),
    ]

    async def script(exchange: Any) -> None:
        while await exchange.request() is not None:
            for piece in answers.pop(0):
                await exchange.send(piece)

    async with raw_host(script) as host, before(tmp_path, {}, **settings(host)) as here:
        reply = await here.post("/v1/responses", codex_body(stream=stream))
    assert (reply.status_code, "bread" in reply.text) == (200, True)
    assert here.outcomes[0].attempts == 2


ITEM = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "bread", "annotations": []}],
}


async def test_a_failure_in_mid_answer_passes_as_the_host_told_it(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1)
    failed = event("response.failed", response={"id": "resp_1", "error": LIMIT})
    async with (
        raw_host(streaming(CREATED, DELTA, failed)) as host,
        before(tmp_path, {}, **settings(host)) as here,
    ):
        reply = await here.post("/v1/responses", codex_body())
    assert reply.status_code == 200
    assert reply.content.endswith(failed)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_stream_that_just_stops_is_not_held_against_the_account(
    stream: bool, tmp_path: Path
) -> None:
    write(tmp_path, "codex", 1)
    async with raw_host(streaming(CREATED)) as host, before(tmp_path, {}, **settings(host)) as here:
        for _ in range(2):
            reply = await here.post("/v1/responses", codex_body(stream=stream))
            assert reply.status_code == 408, reply.text
            assert "cut before response.completed" in reply.text
    assert len(host.asked) == 2


async def test_the_windows_in_an_answers_headers_are_noted_on_the_account(tmp_path: Path) -> None:
    write(tmp_path, "codex", 1)
    body = b'{"error":{"type":"usage_limit_reached","message":"used up","resets_in_seconds":60}}'
    told = (
        b"x-codex-primary-used-percent: 100\r\nx-codex-primary-window-minutes: 300\r\n"
        b"x-codex-primary-reset-at: 4000000000\r\nx-codex-secondary-used-percent: 42.5\r\n"
    )
    answer = whole(body, status=429).replace(b"\r\n", b"\r\n" + told, 1)

    async def script(exchange: Any) -> None:
        while await exchange.request() is not None:
            await exchange.send(answer)

    async with raw_host(script) as host, before(tmp_path, {}, **settings(host)) as here:
        reply = await here.post("/v1/responses", codex_body())
        quota = here.gateway.accounts.quota("codex-user0@example.com.json")
    assert reply.status_code == 429
    assert quota is not None
    assert quota.windows == (Window("5h", 1.0, 4000000000.0), Window("7d", 0.425, None))


def test_a_window_is_named_by_its_length() -> None:
    headers = [
        ("x-codex-primary-used-percent", "10"),
        ("x-codex-primary-window-minutes", "43200"),
        ("x-codex-secondary-used-percent", "no number"),
    ]
    assert windows_of(headers) == [Window("30d", 0.1, None)]
    assert windows_of([("x-request-id", "1")]) == []
