"""Items 1 to 7 and 12 of ccproxy.md §12, each by its number."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conversions.pipeline import PROTOCOLS, Exchange, body_for, plain_request
from tests.conversions.running import running
from tests.conversions.wires import (
    anthropic,
    chat,
    chat_call,
    function_call,
    gemini,
    item_events,
    of_type,
    ollama,
    received,
    response,
    responses,
    text_block,
    told,
    tool_block,
)
from tests.fakes.openai_chat import ChatFake

from dragoman.neutral.json import JsonObject

CODE = "print('it\\'s') # “é中文😀” \\ \" \n\t<&>"
ARGUMENTS = json.dumps({"code": CODE, "n": 12345678901234567890}, ensure_ascii=False)
OTHER = '{"id":"b\'"}'


def _parallel(upstream: str) -> bytes:
    """Two parallel calls, interleaved where the protocol can."""
    first, second = json.loads(ARGUMENTS), json.loads(OTHER)
    if upstream == "openai":
        half = len(ARGUMENTS) // 2
        a = chat_call(0, "get", ARGUMENTS[:half], ARGUMENTS[half:], id_="call_a")
        b = chat_call(1, "put", OTHER, id_="call_b")
        return chat(a[0], b[0], a[1], b[1], a[2], finish="tool_calls")
    if upstream == "anthropic":
        half = len(ARGUMENTS) // 2
        return anthropic(
            tool_block("call_a", "get", ARGUMENTS[:half], ARGUMENTS[half:]),
            tool_block("call_b", "put", OTHER),
            stop="tool_use",
        )
    if upstream == "responses":
        items = [function_call("call_a", "get", ARGUMENTS), function_call("call_b", "put", OTHER)]
        events = [event for n, item in enumerate(items) for event in item_events(n, item)]
        return responses(*events, end=response(*items))
    calls: list[JsonObject] = [
        {"id": "call_a", "name": "get", "args": first},
        {"id": "call_b", "name": "put", "args": second},
    ]
    if upstream == "gemini":
        parts: list[JsonObject] = [{"functionCall": call} for call in calls]
        return gemini(*parts)
    messages: list[JsonObject] = [
        {"tool_calls": [{"id": c["id"], "function": {"name": c["name"], "arguments": c["args"]}}]}
        for c in calls
    ]
    return ollama(*messages)


def _calls(client: str, data: bytes) -> list[tuple[str, str, Any]]:
    """(id, name, arguments) of a client's stream; arguments as text where the protocol has it."""
    if client == "openai":
        found: dict[int, list[str]] = {}
        deltas = [
            call
            for chunk in received(data)
            for choice in chunk["choices"]
            for call in choice["delta"].get("tool_calls", [])
        ]
        for call in deltas:
            one = found.setdefault(call["index"], ["", "", ""])
            one[0] += call.get("id", "")
            one[1] += call["function"].get("name", "")
            one[2] += call["function"].get("arguments", "")
        return [(id_, name, text) for id_, name, text in found.values()]
    if client == "anthropic":
        blocks = {
            event["index"]: event["content_block"] for event in of_type(data, "content_block_start")
        }
        texts = dict.fromkeys(blocks, "")
        for event in of_type(data, "content_block_delta"):
            texts[event["index"]] += event["delta"].get("partial_json", "")
        return [
            (block["id"], block["name"], texts[index])
            for index, block in blocks.items()
            if block["type"] == "tool_use"
        ]
    if client == "responses":
        items = [event["item"] for event in of_type(data, "response.output_item.done")]
        return [
            (item["call_id"], item["name"], item["arguments"])
            for item in items
            if item["type"] == "function_call"
        ]
    if client == "gemini":
        parts = [
            part["functionCall"]
            for chunk in received(data)
            for part in chunk["candidates"][0]["content"]["parts"]
            if "functionCall" in part
        ]
        return [(part["id"], part["name"], part["args"]) for part in parts]
    return [
        (call["id"], call["function"]["name"], call["function"]["arguments"])
        for line in received(data)
        for call in line["message"].get("tool_calls", [])
    ]


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("upstream", PROTOCOLS)
def test_item_1_arguments_ids_and_order_survive_every_pair(upstream: str, client: str) -> None:
    data = Exchange(upstream, client).streamed([_parallel(upstream)])

    (id_a, name_a, args_a), (id_b, name_b, args_b) = _calls(client, data)

    assert (id_a, name_a, id_b, name_b) == ("call_a", "get", "call_b", "put")
    as_text = ("openai", "responses", "anthropic")
    if upstream in as_text and client in as_text:
        assert (args_a, args_b) == (ARGUMENTS, OTHER)
    read = [json.loads(args) if isinstance(args, str) else args for args in (args_a, args_b)]
    assert read == [json.loads(ARGUMENTS), json.loads(OTHER)]


@settings(max_examples=40)
@given(text=st.text(max_size=30), pair=st.sampled_from([(u, c) for u in ("openai", "anthropic")
                                                        for c in PROTOCOLS]))  # fmt: skip
def test_item_1_any_text_survives_in_arguments(text: str, pair: tuple[str, str]) -> None:
    upstream, client = pair
    arguments = json.dumps({"text": text}, ensure_ascii=False)
    stream = (
        chat(*chat_call(0, "get", arguments[:7], arguments[7:]), finish="tool_calls")
        if upstream == "openai"
        else anthropic(tool_block("a", "get", arguments[:7], arguments[7:]), stop="tool_use")
    )
    ((_, _, args),) = _calls(client, Exchange(upstream, client).streamed([stream]))
    assert (json.loads(args) if isinstance(args, str) else args) == {"text": text}


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("upstream", PROTOCOLS)
def test_item_2_a_stream_without_its_end_ends_as_an_error(upstream: str, client: str) -> None:
    endless = {
        "openai": chat({"content": "Hi."}, finish=None),
        "responses": responses(*item_events(0, told("Hi."))),
        "anthropic": anthropic(text_block("Hi."), stop=None),
        "gemini": gemini({"text": "Hi."}, finish=None),
        "ollama": ollama({"content": "Hi."}, done=None),
    }[upstream]
    last = received(Exchange(upstream, client).streamed([endless]))[-1]
    if client == "responses":
        assert last["type"] == "response.failed"
    else:
        assert "error" in last


@pytest.mark.parametrize("upstream", PROTOCOLS)
def test_item_3_text_is_passed_on_with_the_frame_that_brings_it(upstream: str) -> None:
    first, second = "One ", "two."
    streams = {
        "openai": chat({"content": first}, {"content": second}),
        "responses": _text_deltas(first, second),
        "anthropic": anthropic(
            (
                {"type": "text", "text": ""},
                [{"type": "text_delta", "text": text} for text in (first, second)],
            )
        ),
        "gemini": gemini({"text": first}, {"text": second}),
        "ollama": ollama({"content": first}, {"content": second}),
    }
    data = streams[upstream]
    at = data.index(b"two.")
    held = data.rfind(b"\n", 0, at) + 1
    exchange = Exchange(upstream, "openai")
    decoder = exchange.upstream.stream_in(exchange.origin)
    events = decoder.feed(data[:held])
    out = exchange.client.stream_out(exchange.reply).encode(events)
    assert b"One " in out
    assert b"two." not in out


def _text_deltas(*texts: str) -> bytes:
    at: JsonObject = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    item: JsonObject = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    added: JsonObject = {"type": "response.output_item.added", "output_index": 0, "item": item}
    deltas: list[JsonObject] = [
        {"type": "response.output_text.delta", **at, "delta": text} for text in texts
    ]
    return responses(added, *deltas, end=response())


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_item_3_any_line_ending_and_several_data_lines_make_one_event(ending: str) -> None:
    whole = chat({"content": "é中文😀"}).decode().replace('"choices"', '\ndata: "choices"')
    cut = whole.replace("\n", ending).encode()
    out = Exchange("openai", "ollama").streamed([bytes([byte]) for byte in cut])
    assert received(out)[0]["message"]["content"] == "é中文😀"


async def test_item_4_usage_is_asked_for_and_taken_out_for_who_did_not_ask(tmp_path: Path) -> None:
    fake = ChatFake()
    body = {"model": "gpt-5", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    async with running(tmp_path, fake, ["gpt-5"]) as client:
        silent = await client.ask("POST", "/v1/chat/completions", body)
        assert fake.last["stream_options"] == {"include_usage": True}
        asking = {**body, "stream_options": {"include_usage": True}}
        loud = await client.ask("POST", "/v1/chat/completions", asking)
        claude = await client.ask("POST", "/v1/messages", {**body, "max_tokens": 99})
    assert not any(chunk.get("usage") for chunk in received(silent.body))
    assert received(loud.body)[-1]["usage"]["prompt_tokens"] == 116
    usage = of_type(claude.body, "message_delta")[0]["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (100, 16)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "<think>"])
def test_item_5_every_form_of_reasoning_is_thinking(field: str) -> None:
    deltas: list[JsonObject] = (
        [{"content": "<think>"}, {"content": "Hm."}, {"content": "</think>Hi."}]
        if field == "<think>"
        else [{field: "Hm."}, {"content": "Hi."}]
    )
    out = Exchange("openai", "anthropic").streamed([chat(*deltas)])
    kinds = [event["content_block"]["type"] for event in of_type(out, "content_block_start")]
    assert kinds == ["thinking", "text"]
    texts = [event["delta"].get("thinking") for event in of_type(out, "content_block_delta")]
    assert "".join(text for text in texts if text) == "Hm."


@pytest.mark.parametrize("client", ["anthropic", "responses", "gemini"])
@pytest.mark.parametrize("upstream", ["anthropic", "responses", "gemini"])
def test_item_5_a_state_goes_to_the_client_and_back_to_where_it_came_from(
    upstream: str, client: str
) -> None:
    exchange = Exchange(upstream, client)
    data = exchange.streamed([_thoughtful(upstream)])
    asked = plain_request(client)
    turn = _said(client, data)
    back = body_for({**asked, **_history(client, turn)}, client, upstream)
    assert "c2lnbmF0dXJl" in json.dumps(back)
    other = {"anthropic": "gemini", "responses": "anthropic", "gemini": "responses"}[upstream]
    stranger = body_for({**asked, **_history(client, turn)}, client, other)
    assert "c2lnbmF0dXJl" not in json.dumps(stranger)


def _thoughtful(upstream: str) -> bytes:
    if upstream == "anthropic":
        deltas: list[JsonObject] = [
            {"type": "thinking_delta", "thinking": "Hm."},
            {"type": "signature_delta", "signature": "c2lnbmF0dXJl"},
        ]
        block: JsonObject = {"type": "thinking", "thinking": "", "signature": ""}
        return anthropic((block, deltas), tool_block("a", "get", "{}"), stop="tool_use")
    if upstream == "gemini":
        return gemini(
            {"text": "Hm.", "thought": True},
            {
                "functionCall": {"id": "a", "name": "get", "args": {}},
                "thoughtSignature": "c2lnbmF0dXJl",
            },
        )
    item: JsonObject = {
        "id": "rs_1", "type": "reasoning", "encrypted_content": "c2lnbmF0dXJl",
        "summary": [{"type": "summary_text", "text": "Hm."}],
    }  # fmt: skip
    events = [*item_events(0, item), *item_events(1, function_call("a", "get"))]
    return responses(*events, end=response())


def _said(client: str, data: bytes) -> list[Any]:
    """What the client keeps of an answer: its blocks, items or parts."""
    if client == "responses":
        return [event["item"] for event in of_type(data, "response.output_item.done")]
    if client == "gemini":
        return [
            part
            for chunk in received(data)
            for part in chunk["candidates"][0]["content"]["parts"]
            if part != {"text": ""}
        ]
    blocks = [event["content_block"] for event in of_type(data, "content_block_start")]
    starts = [event["index"] for event in of_type(data, "content_block_start")]
    for event in of_type(data, "content_block_delta"):
        block, delta = blocks[starts.index(event["index"])], event["delta"]
        for key in ("thinking", "signature"):
            if key in delta:
                block[key] += delta[key]
    return blocks


def _history(client: str, said: list[Any]) -> dict[str, Any]:
    if client == "responses":
        output = {"type": "function_call_output", "call_id": "a", "output": "A"}
        return {"input": [{"role": "user", "content": "Go."}, *said, output]}
    if client == "gemini":
        result = {"functionResponse": {"id": "a", "name": "get", "response": {"output": "A"}}}
        return {
            "contents": [
                {"role": "user", "parts": [{"text": "Go."}]},
                {"role": "model", "parts": said},
                {"role": "user", "parts": [result]},
            ]
        }
    results = [{"type": "tool_result", "tool_use_id": "a", "content": "A"}]
    return {
        "messages": [
            {"role": "user", "content": "Go."},
            {"role": "assistant", "content": said},
            {"role": "user", "content": results},
        ]
    }


def test_item_5_a_budget_stays_under_the_limit_and_sampling_makes_way() -> None:
    body: JsonObject = {
        "model": "m", "max_tokens": 2000, "temperature": 0.3, "reasoning_effort": "high",
        "messages": [{"role": "user", "content": "Go."}],
    }  # fmt: skip
    sent = body_for(body, "openai", "anthropic-4-5")
    assert sent["thinking"]["budget_tokens"] < sent["max_tokens"]
    assert "temperature" not in sent


@pytest.mark.parametrize("target", ["anthropic", "responses", "gemini"])
def test_item_6_image_addresses_pass_and_results_keep_their_images(target: str) -> None:
    image: JsonObject = {"type": "image", "source": {"type": "url", "url": "https://e.com/a.png"}}
    call: JsonObject = {"type": "tool_use", "id": "a", "name": "look", "input": {}}
    result: JsonObject = {"type": "tool_result", "tool_use_id": "a", "content": [image]}
    body: JsonObject = {
        "model": "m", "max_tokens": 9,
        "messages": [
            {"role": "user", "content": [image]},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ],
    }  # fmt: skip
    assert json.dumps(body_for(body, "anthropic", target)).count("https://e.com/a.png") == 2


def test_item_7_gemini_gets_function_names_legal_parameters_and_flat_schemas() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"-A": {"type": "integer"}, "node": {"$ref": "#/$defs/n"}},
        "required": ["-A"],
        "$defs": {"n": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    }
    tool: JsonObject = {"name": "grep", "input_schema": schema}
    call: JsonObject = {"type": "tool_use", "id": "t1", "name": "grep", "input": {"-A": 3}}
    result: JsonObject = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}
    body: JsonObject = {
        "model": "m", "max_tokens": 9, "tools": [tool],
        "messages": [
            {"role": "user", "content": "Go."},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ],
    }  # fmt: skip
    sent = body_for(body, "anthropic", "gemini")
    parts = sent["contents"][1]["parts"] + sent["contents"][2]["parts"]
    assert parts[0]["functionCall"]["args"] == {"_A": 3}
    assert parts[1]["functionResponse"]["name"] == "grep"
    declared = sent["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"]
    assert declared["required"] == ["_A"]
    assert "$ref" not in json.dumps(declared)
    stream = gemini({"functionCall": {"id": "f", "name": "grep", "args": {"_A": 5}}})
    ((_, _, args),) = _calls("anthropic", Exchange("gemini", "anthropic", body).streamed([stream]))
    assert json.loads(args) == {"-A": 5}


@pytest.mark.parametrize("client", PROTOCOLS)
def test_item_7_a_blocked_prompt_is_told_and_not_an_empty_answer(client: str) -> None:
    blocked = b'{"promptFeedback":{"blockReason":"SAFETY"}}'
    streamed = Exchange("gemini", client).streamed([b"data: " + blocked + b"\r\n\r\n"]).decode()
    answered = json.dumps(Exchange("gemini", client).answered(blocked))
    words = ("refusal", "content_filter", "SAFETY", "refused to answer")
    for out in (streamed, answered):
        assert any(word in out for word in words)


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/v1/chat/completions", {"model": "gpt-5"}, lambda answer: answer["error"]["message"]),
        ("/v1/messages", {"model": "gpt-5"}, lambda answer: answer["error"]["message"]),
        ("/v1/responses", {"model": "gpt-5", "input": 7}, lambda a: a["error"]["message"]),
        ("/v1beta/models/gpt-5:generateContent", {"contents": 7}, lambda a: a["error"]["message"]),
        ("/api/chat", {"model": "gpt-5", "messages": 7}, lambda answer: answer["error"]),
    ],
)
async def test_item_12_bad_input_is_a_400_in_the_clients_own_shape(
    path: str, body: JsonObject, error: Any, tmp_path: Path
) -> None:
    async with running(tmp_path, ChatFake(), ["gpt-5"]) as client:
        answer = await client.ask("POST", path, body)
    assert answer.status == 400
    assert error(answer.json)


async def test_item_12_a_stop_string_and_missing_parameters_are_taken(tmp_path: Path) -> None:
    body = {
        "model": "gpt-5", "max_tokens": 99, "stop_sequences": ["END"],
        "tools": [{"name": "now", "input_schema": {}}],
        "messages": [{"role": "user", "content": "Hi"}],
    }  # fmt: skip
    fake = ChatFake()
    async with running(tmp_path, fake, ["gpt-5"]) as client:
        answer = await client.ask("POST", "/v1/messages", body)
    assert answer.status == 200
    assert fake.last["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}
    sent = body_for(
        {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stop": "END"},
        "openai",
        "ollama",
    )
    assert sent["options"]["stop"] == ["END"]


async def test_item_12_the_upstream_is_closed_as_soon_as_the_client_leaves(tmp_path: Path) -> None:
    fake = ChatFake()
    body = {"model": "gpt-5", "stream": True, "messages": [{"role": "user", "content": "stall"}]}
    async with running(tmp_path, fake, ["gpt-5"]) as client:
        asking = asyncio.create_task(client.ask("POST", "/v1/messages", {**body, "max_tokens": 9}))
        await asyncio.sleep(0.2)
        assert len(fake.requests) == 1
        asking.cancel()
        await asyncio.wait_for(fake.disconnected.wait(), 1)
