"""The twelve facts at the top of real-clients.md, each by its number, against the running gateway
and strict fakes of what stands behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.conversions.goldens import INPUTS
from tests.conversions.pipeline import Exchange, body_for
from tests.conversions.running import KEY, running
from tests.conversions.wires import anthropic, chat, chat_call, of_type, received, tool_block
from tests.fakes.anthropic import AnthropicFake
from tests.fakes.gemini import GeminiFake
from tests.fakes.openai_chat import ChatFake

from dragoman.neutral.json import JsonObject

CREATE: JsonObject = {"type": "response.create", "model": "gpt-5", "store": False}


def _user(text: str) -> JsonObject:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def _body(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((INPUTS / f"{name}.json").read_text(encoding="utf-8"))
    return body


@pytest.mark.parametrize("path", ["/v1/responses", "/backend-api/codex/responses"])
async def test_fact_01_codex_finds_a_websocket_and_sends_only_what_is_new(
    path: str, tmp_path: Path
) -> None:
    fake = ChatFake()
    warm: JsonObject = {**CREATE, "generate": False, "input": []}
    first: JsonObject = {**CREATE, "input": [_user("echo: one")]}
    async with running(tmp_path, fake, ["gpt-5"]) as client:
        events = await client.talk(path, [warm, first], "response.completed")
        assert events[0] == "accepted"
        ended = [e["response"] for e in events[1:] if e["type"] == "response.completed"]
        assert [len(response["output"]) for response in ended] == [0, 1]

        id_ = "resp_of_another_connection"
        second: JsonObject = {**CREATE, "previous_response_id": id_, "input": [_user("Go.")]}
        refused = await client.talk(path, [second], "response.completed")
        assert refused[0] == "accepted"
        assert refused[1]["error"]["code"] == "previous_response_not_found"


async def test_fact_01_the_connection_keeps_its_last_response(tmp_path: Path) -> None:
    fake = ChatFake()
    async with running(tmp_path, fake, ["gpt-5"]) as client:
        warm: JsonObject = {**CREATE, "generate": False, "input": [_user("echo: one")]}
        events = await client.talk("/v1/responses", [warm], "response.completed")
        assert [e["type"] for e in events[1:]][-1] == "response.completed"
    assert fake.requests == []


def test_fact_02_tools_inside_the_input_are_tools_and_exec_comes_back_as_custom() -> None:
    body = _body("codex-lite.responses")
    tools = body_for(body, "responses", "openai")["tools"]
    assert [tool["function"]["name"] for tool in tools] == [
        "functions__exec",
        "functions__wait",
        "collaboration__followup_task",
    ]
    stream = chat(*chat_call(0, "functions__exec", '{"input":"te', 'xt(1)"}'), finish="tool_calls")
    out = Exchange("openai", "responses", body).streamed([stream])
    item = of_type(out, "response.output_item.done")[0]["item"]
    assert item["type"] == "custom_tool_call"
    assert (item["namespace"], item["name"], item["input"]) == ("functions", "exec", "text(1)")
    deltas = of_type(out, "response.custom_tool_call_input.delta")
    assert "".join(event["delta"] for event in deltas) == "text(1)"
    assert len(of_type(out, "response.custom_tool_call_input.done")) == 1


@pytest.mark.parametrize(
    ("target", "read"),
    [
        ("openai", lambda sent: sent["messages"][0]["content"]),
        ("anthropic", lambda sent: sent["system"][0]["text"]),
        ("gemini", lambda sent: sent["systemInstruction"]["parts"][0]["text"]),
        ("ollama", lambda sent: sent["messages"][0]["content"]),
    ],
)
def test_fact_03_without_instructions_the_developer_message_is_the_system_prompt(
    target: str, read: Any
) -> None:
    body = _body("codex.responses")
    assert "instructions" not in body
    assert all("id" in item for item in body["input"] if item["type"] == "message")
    assert read(body_for(body, "responses", target)) == "You are a coding agent."


def test_fact_04_every_output_item_is_told_when_it_is_done() -> None:
    stream = chat(
        {"reasoning_content": "Hm."},
        {"content": "Hi."},
        *chat_call(0, "get", "{}"),
        finish="tool_calls",
    )
    out = Exchange("openai", "responses").streamed([stream])
    done = [event["item"] for event in of_type(out, "response.output_item.done")]
    assert [item["type"] for item in done] == ["reasoning", "message", "function_call"]
    assert of_type(out, "response.completed")[0]["response"]["output"] == done


def test_fact_05_a_namespaced_function_comes_back_with_its_namespace() -> None:
    body = _body("codex.responses")
    stream = anthropic(tool_block("a", "multi_agent_v1__close_agent", '{"target":"x"}'))
    out = Exchange("anthropic", "responses", body).streamed([stream])
    item = of_type(out, "response.output_item.done")[0]["item"]
    assert (item["namespace"], item["name"]) == ("multi_agent_v1", "close_agent")


async def test_fact_06_system_messages_among_the_messages_keep_their_place(tmp_path: Path) -> None:
    fake = ChatFake()
    async with running(tmp_path, fake, ["gpt-5"]) as client:
        body = {**_body("claude-code.anthropic"), "model": "gpt-5"}
        answer = await client.ask("POST", "/v1/messages?beta=true", body)
    assert answer.status == 200
    roles = [message["role"] for message in fake.last["messages"]]
    assert roles == ["system", "user", "system", "assistant", "tool"]
    assert "billing" not in json.dumps(fake.last)


@pytest.mark.parametrize("upstream", ["openai", "anthropic"])
def test_fact_07_arguments_arrive_as_deltas_never_in_the_start(upstream: str) -> None:
    stream = {
        "openai": chat(*chat_call(0, "get", '{"a":1}'), finish="tool_calls"),
        "anthropic": anthropic(tool_block("t", "get", '{"a":', "1}"), stop="tool_use"),
    }[upstream]
    out = Exchange(upstream, "anthropic").streamed([stream])
    assert of_type(out, "content_block_start")[0]["content_block"]["input"] == {}
    deltas = [event["delta"] for event in of_type(out, "content_block_delta")]
    assert {delta["type"] for delta in deltas} == {"input_json_delta"}
    assert "".join(delta["partial_json"] for delta in deltas) == '{"a":1}'


async def test_fact_08_events_are_named_message_start_is_first_and_whole_answers_work(
    tmp_path: Path,
) -> None:
    message = {"role": "user", "content": "echo: it's"}
    body = {"model": "gpt-5", "max_tokens": 99, "messages": [message]}
    async with running(tmp_path, ChatFake(), ["gpt-5"]) as client:
        streamed = await client.ask("POST", "/v1/messages", {**body, "stream": True})
        whole = await client.ask("POST", "/v1/messages", {**body, "stream": False})
    assert streamed.body.startswith(b"event: message_start\ndata: ")
    for frame in streamed.body.decode().strip().split("\n\n"):
        name, data = frame.split("\n")
        assert json.loads(data.removeprefix("data: "))["type"] == name.removeprefix("event: ")
    assert whole.json["content"] == [{"type": "text", "text": "it's"}]
    assert whole.json["stop_reason"] == "end_turn"


async def test_fact_09_a_bearer_key_and_the_new_version_are_taken_and_passed_on(
    tmp_path: Path,
) -> None:
    fake = AnthropicFake()
    message = {"role": "user", "content": "echo: hi"}
    body = {"model": "claude-opus-5-5", "max_tokens": 99, "messages": [message]}
    async with running(tmp_path, fake, ["claude-opus-5-5"]) as client:
        bearer = await client.ask("POST", "/v1/messages", body, anthropic_version="2026-10-21")
        by_key = await client.ask(
            "POST", "/v1/messages", body, key="", x_api_key=KEY, anthropic_version="2023-06-01"
        )
        wrong = await client.ask("POST", "/v1/messages", body, key="sk-wrong")
    assert (bearer.status, by_key.status, wrong.status) == (200, 200, 401)
    assert fake.requests[0].header("anthropic-version") == "2026-10-21"
    assert fake.requests[0].header("x-api-key") == "up-key"
    assert KEY not in json.dumps([request.headers for request in fake.requests])


async def test_fact_10_gemini_clients_call_v1_and_write_snake_case(tmp_path: Path) -> None:
    fake = ChatFake()
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    body = {
        "contents": [{"role": "user", "parts": [{"text": 'call get {"id": "7"}'}]}],
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "tools": [{"function_declarations": [{"name": "get", "parameters_json_schema": schema}]}],
        "generation_config": {
            "max_output_tokens": 99,
            "thinking_config": {"include_thoughts": True, "thinking_level": "LOW"},
        },
    }
    async with running(tmp_path, fake, ["gpt-5"]) as client:
        answers = [
            await client.ask(
                "POST", f"/{version}/models/gpt-5:generateContent", body, key="", x_goog_api_key=KEY
            )
            for version in ("v1", "v1beta")
        ]
    for answer in answers:
        parts = answer.json["candidates"][0]["content"]["parts"]
        assert parts[-1]["functionCall"]["args"] == {"id": "7"}
    assert fake.last["messages"][0] == {"role": "system", "content": "Be brief."}
    assert fake.last["max_completion_tokens"] == 99
    assert fake.last["reasoning_effort"] == "low"


def test_fact_10_a_signature_in_the_other_base64_alphabet_is_passed_on() -> None:
    call: JsonObject = {
        "function_call": {"name": "get", "args": {}},
        "thought_signature": "-_8=",
    }
    body: JsonObject = {
        "model": "m",
        "contents": [
            {"role": "user", "parts": [{"text": "Go."}]},
            {"role": "model", "parts": [call]},
            {"role": "user", "parts": [{"function_response": {"name": "get", "response": {}}}]},
        ],
    }
    sent = json.dumps(body_for(body, "gemini", "gemini"))
    assert '"-_8="' in sent or '"+/8="' in sent


async def test_fact_11_names_the_gemini_cli_makes_up_can_be_mapped(tmp_path: Path) -> None:
    fake = GeminiFake()
    names = ["gemini-3.1-pro-preview", "gemini-3.5-flash-lite", "gemini-3.8-flash"]
    models = [{"name": "gemini-3-pro", "alias": name} for name in names]
    body = {"contents": [{"role": "user", "parts": [{"text": "echo: hi"}]}]}
    async with running(tmp_path, fake, models) as client:
        for name in names:
            answer = await client.ask("POST", f"/v1beta/models/{name}:generateContent", body)
            assert answer.status == 200
        unknown = await client.ask("POST", "/v1beta/models/gemini-3.9:generateContent", body)
    assert {request.path for request in fake.requests} == {
        "/v1beta/models/gemini-3-pro:generateContent"
    }
    assert unknown.status == 404
    assert "alias" in unknown.json["error"]["message"]


@pytest.mark.parametrize("fault", ["cut", "drop", "fail-mid"])
async def test_fact_12_a_stream_that_breaks_ends_with_an_error_object_not_a_dropped_socket(
    fault: str, tmp_path: Path
) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": fault}]}]}
    path = "/v1beta/models/gpt-5:streamGenerateContent?alt=sse"
    async with running(tmp_path, ChatFake(), ["gpt-5"]) as client:
        answer = await client.ask("POST", path, body)
    assert answer.status == 200
    assert answer.ended
    *chunks, last = received(answer.body)
    assert chunks[0]["candidates"][0]["content"]["parts"][0]["text"] == "A partial "
    assert last["error"]["code"] >= 500
    assert not any("finishReason" in json.dumps(chunk) for chunk in chunks)
