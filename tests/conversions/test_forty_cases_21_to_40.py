"""The forty edge cases of cliproxyapi.md §6.3, each by its number. Case 28 and the last sentence of
40 are as issue 2 has them: what an upstream's hosted tools did reaches other protocols as text and
citations, and custom tools become functions of one string, and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.conversions.cases import (
    GET,
    PATCH,
    PNG,
    asked,
    call,
    output,
    user,
)
from tests.conversions.pipeline import PROTOCOLS, SEAL_KEY, Exchange, body_for
from tests.conversions.wires import (
    anthropic,
    chat,
    chat_call,
    function_call,
    gemini,
    item_events,
    of_type,
    received,
    response,
    responses,
    text_block,
    told,
    tool_block,
)

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import ReasoningState
from dragoman.reasoning.carrier import seal, unseal


def _namespaced() -> JsonObject:
    inner: list[Json] = [GET, {**GET, "name": "put"}]
    tools: list[Json] = [
        {"type": "namespace", "name": "files", "tools": inner},
        {**GET, "name": "files__put"},
        {**GET, "name": "files__put"},
    ]
    return asked(user("Go."), tools=tools)


def test_case_21_namespaced_tools_are_qualified_and_restored_streamed_and_not() -> None:
    body = _namespaced()
    sent: Any = body_for(body, "responses", "anthropic")["tools"]
    names = [tool["name"] for tool in sent]
    assert names[0] == "files__get"
    assert names.count("files__put") == 1
    assert names[2] == "files__put"
    assert len(set(names)) == 3
    exchange = Exchange("anthropic", "responses", body)
    done = of_type(
        exchange.streamed([anthropic(tool_block("a", names[1], "{}"))]), "response.output_item.done"
    )
    item: Any = done[0]["item"]
    assert (item["namespace"], item["name"]) == ("files", "put")
    whole = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "c",
        "content": [{"type": "tool_use", "id": "a", "name": "files__put", "input": {}}],
        "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 1},
    }  # fmt: skip
    answered: Any = exchange.answered(json.dumps(whole).encode())["output"]
    assert (answered[0].get("namespace"), answered[0]["name"]) == (None, "files__put")


def test_case_22_interleaved_calls_open_one_block_at_a_time() -> None:
    first, *rest = chat_call(0, "get", '{"a"', ":1}")
    other, *more = chat_call(1, "get", '{"b"', ":2}")
    stream = chat(first, other, rest[0], more[0], {"content": "Text."}, rest[1], more[1])
    open_blocks = 0
    kinds: list[str] = []
    for event in received(Exchange("openai", "anthropic").streamed([stream])):
        if event["type"] == "content_block_start":
            open_blocks += 1
            block: Any = event["content_block"]
            kinds.append(block["type"])
        open_blocks -= event["type"] == "content_block_stop"
        assert open_blocks in (0, 1)
    assert sorted(kinds) == ["text", "tool_use", "tool_use"]


def test_case_23_a_name_that_comes_late_delays_its_block() -> None:
    late: JsonObject = {"tool_calls": [{"index": 0, "id": "a", "function": {"arguments": '{"x"'}}]}
    name: JsonObject = {"tool_calls": [{"index": 0, "function": {"name": "get"}}]}
    rest: JsonObject = {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}
    out = Exchange("openai", "anthropic").streamed([chat(late, name, rest, finish="tool_calls")])
    starts: Any = of_type(out, "content_block_start")
    assert [(s["index"], s["content_block"]["name"]) for s in starts] == [(0, "get")]
    deltas: Any = of_type(out, "content_block_delta")
    assert "".join(d["delta"]["partial_json"] for d in deltas) == '{"x":1}'


def test_case_24_a_call_that_never_got_a_name_does_not_stop_for_a_tool() -> None:
    nameless: JsonObject = {"tool_calls": [{"index": 0, "id": "a", "function": {"arguments": ""}}]}
    out = Exchange("openai", "anthropic").streamed([chat({"content": "Hi."}, nameless)])
    end: Any = of_type(out, "message_delta")[0]
    assert end["delta"]["stop_reason"] == "end_turn"


def test_case_25_text_before_tools_ends_once() -> None:
    out = Exchange("openai", "anthropic").streamed(
        [chat({"content": "Hi."}, *chat_call(0, "get", "{}"), finish="tool_calls")]
    )
    kinds = [e["type"] for e in received(out) if str(e["type"]).startswith("content_block_st")]
    assert kinds == ["content_block_start", "content_block_stop"] * 2


def _reasoning_events(*parts: str, blob: str = "ZW5j") -> list[JsonObject]:
    at: JsonObject = {"item_id": "rs_1", "output_index": 0}
    item: JsonObject = {"id": "rs_1", "type": "reasoning", "summary": []}
    events: list[JsonObject] = [
        {"type": "response.output_item.added", "output_index": 0, "item": item}
    ]
    events += [
        {"type": "response.reasoning_summary_text.delta", **at, "summary_index": n, "delta": text}
        for n, text in enumerate(parts)
    ]
    summary: list[Json] = [{"type": "summary_text", "text": text} for text in parts]
    done: JsonObject = {**item, "summary": summary, "encrypted_content": blob}
    events.append({"type": "response.output_item.done", "output_index": 0, "item": done})
    return events


def test_case_26_one_thinking_block_and_one_signature_after_its_text() -> None:
    out = Exchange("responses", "anthropic").streamed(
        [responses(*_reasoning_events("One.", "Two."), end=response())]
    )
    starts: Any = of_type(out, "content_block_start")
    assert [s["content_block"]["type"] for s in starts] == ["thinking"]
    deltas: Any = [d["delta"]["type"] for d in of_type(out, "content_block_delta")]
    assert deltas.count("signature_delta") == 1
    assert deltas[-1] == "signature_delta"


def test_case_26_encrypted_content_alone_is_still_sent() -> None:
    out = Exchange("responses", "anthropic").streamed(
        [responses(*_reasoning_events(), end=response())]
    )
    block: Any = of_type(out, "content_block_start")[0]["content_block"]
    assert block["type"] == "redacted_thinking"
    state = unseal(block["data"], SEAL_KEY)
    assert state is not None
    assert (state.blob, state.protocol) == ("ZW5j", "responses")


def test_case_27_an_empty_terminal_output_falls_back_to_the_done_items() -> None:
    stream = responses(*item_events(0, told("Hi.")), end=response())
    out = Exchange("responses", "openai").streamed([stream])
    texts = [c["choices"][0]["delta"].get("content") for c in received(out) if c["choices"]]
    assert "Hi." in texts


@pytest.mark.parametrize("client", [p for p in PROTOCOLS if p != "responses"])
def test_case_28_a_hosted_search_reaches_others_as_text_and_citations_never_as_a_call(
    client: str,
) -> None:
    search: JsonObject = {
        "id": "ws_1", "type": "web_search_call", "status": "completed",
        "action": {"type": "search", "query": "who won"},
    }  # fmt: skip
    message: JsonObject = told("Alice won.")
    cited: JsonObject = {
        "type": "url_citation", "url": "https://example.com/w", "title": "W",
        "start_index": 0, "end_index": 10,
    }  # fmt: skip
    message["content"] = [{"type": "output_text", "text": "Alice won.", "annotations": [cited]}]
    whole = response(search, message)
    answer = json.dumps(Exchange("responses", client).answered(json.dumps(whole).encode()))
    stream = responses(*item_events(0, search), *item_events(1, message), end=whole)
    streamed = Exchange("responses", client).streamed([stream]).decode()
    for out in (answer, streamed):
        assert "Alice won." in out
        assert "tool_use" not in out
        assert "tool_calls" not in out
        assert "functionCall" not in out
    if client in ("openai", "anthropic", "gemini"):
        assert "https://example.com/w" in answer
        assert "https://example.com/w" in streamed


def test_case_29_output_indices_are_contiguous_and_hidden_tools_leave_no_gap() -> None:
    search: JsonObject = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    thinking: JsonObject = {"type": "thinking", "thinking": "", "signature": ""}
    thought: list[JsonObject] = [
        {"type": "thinking_delta", "thinking": "Hm."},
        {"type": "signature_delta", "signature": "c2ln"},
    ]
    stream = anthropic(
        (thinking, thought),
        (search, []),
        text_block("One."),
        tool_block("a", "get", "{}"),
        text_block("Two."),
        stop="tool_use",
    )
    out = Exchange("anthropic", "responses").streamed([stream])
    added: Any = of_type(out, "response.output_item.added")
    assert [(e["output_index"], e["item"]["type"]) for e in added] == [
        (0, "reasoning"),
        (1, "message"),
        (2, "function_call"),
        (3, "message"),
    ]
    kinds = [e["type"] for e in received(out)]
    first_message_done = kinds.index("response.output_text.done")
    assert first_message_done < kinds.index("response.function_call_arguments.delta")
    assert "signature_delta" not in out.decode()


@pytest.mark.parametrize("client", PROTOCOLS)
def test_case_30_empty_arguments_are_an_empty_object(client: str) -> None:
    out = Exchange("openai", client).streamed([chat(*chat_call(0, "get"), finish="tool_calls")])
    arguments: dict[str, Callable[[], str]] = {
        "openai": lambda: "".join(
            call["function"]["arguments"]
            for chunk in received(out)
            for choice in chunk["choices"]
            for call in choice["delta"].get("tool_calls", [])
        ),
        "responses": lambda: of_type(out, "response.output_item.done")[0]["item"]["arguments"],
        "anthropic": lambda: "".join(
            event["delta"]["partial_json"] for event in of_type(out, "content_block_delta")
        ),
        "gemini": lambda: json.dumps(
            received(out)[0]["candidates"][0]["content"]["parts"][0]["functionCall"]["args"]
        ),
        "ollama": lambda: json.dumps(
            received(out)[0]["message"]["tool_calls"][0]["function"]["arguments"]
        ),
    }
    assert arguments[client]() == "{}"


def test_case_30_an_empty_custom_input_is_the_same_streamed_and_not() -> None:
    body = asked(user("Go."), tools=[PATCH])
    exchange = Exchange("openai", "responses", body)
    out = exchange.streamed(
        [chat(*chat_call(0, "apply_patch", '{"input":""}'), finish="tool_calls")]
    )
    streamed: Any = of_type(out, "response.output_item.done")[0]["item"]
    function: JsonObject = {"name": "apply_patch", "arguments": '{"input":""}'}
    message: JsonObject = {
        "role": "assistant", "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": function}],
    }  # fmt: skip
    whole: JsonObject = {
        "id": "x", "object": "chat.completion", "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }  # fmt: skip
    answered: Any = exchange.answered(json.dumps(whole).encode())["output"]
    assert (streamed["type"], streamed["input"]) == ("custom_tool_call", "")
    assert (answered[0]["type"], answered[0]["input"]) == ("custom_tool_call", "")


def test_case_31_a_top_level_output_text_is_never_sent() -> None:
    out = Exchange("openai", "responses").streamed([chat({"content": "Hi."})])
    completed: Any = of_type(out, "response.completed")[0]["response"]
    assert "output_text" not in completed
    message: JsonObject = {"role": "assistant", "content": "Hi."}
    whole: JsonObject = {
        "id": "x", "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }  # fmt: skip
    answered = Exchange("openai", "responses").answered(json.dumps(whole).encode())
    assert "output_text" not in answered


@pytest.mark.parametrize(
    "stream",
    [
        chat(*chat_call(0, "get", "{}"), finish=None),
        chat({"reasoning_content": "Hm."}, finish=None),
    ],
)
def test_case_32_an_incomplete_stream_is_not_reported_as_completed(stream: bytes) -> None:
    out = Exchange("openai", "responses").streamed([stream])
    assert of_type(out, "response.completed") == []
    assert len(of_type(out, "response.failed")) == 1


def test_case_32_completed_waits_for_the_end_of_the_usage() -> None:
    usage: JsonObject = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    out = Exchange("openai", "responses").streamed([chat({"content": "Hi."}, usage=usage)])
    completed: Any = of_type(out, "response.completed")[0]["response"]
    assert completed["usage"]["total_tokens"] == 9


def test_case_33_finish_reason_comes_last_role_once_and_nothing_follows_the_end() -> None:
    late = chat({"content": "late"})
    stream = chat({"content": "Hi."}, *chat_call(0, "get", "{}"), finish="tool_calls") + late
    out = Exchange("openai", "openai").streamed([stream])
    chunks: Any = [chunk for chunk in received(out) if chunk["choices"]]
    choices = [chunk["choices"][0] for chunk in chunks]
    assert [c["finish_reason"] for c in choices[:-1]] == [None] * (len(choices) - 1)
    assert choices[-1]["finish_reason"] == "tool_calls"
    assert sum("role" in choice["delta"] for choice in choices) == 1
    assert all("content" not in c["delta"] for c in choices if "tool_calls" in c["delta"])
    assert b"late" not in out
    assert out.endswith(b"data: [DONE]\n\n")


def test_case_34_usage_of_start_and_end_is_one_and_what_comes_late_is_ignored() -> None:
    start: JsonObject = {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1}
    late = b'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":999}}\n\n'
    stream = anthropic(text_block("Hi."), usage_in=start, usage_out={"output_tokens": 5}) + late
    body: JsonObject = {
        "model": "m", "messages": [user("Go.")], "stream": True,
        "stream_options": {"include_usage": True},
    }  # fmt: skip
    streamed: Any = received(Exchange("anthropic", "openai", body).streamed([stream]))[-1]["usage"]
    whole: JsonObject = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "c",
        "content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn",
        "usage": {**start, "output_tokens": 5},
    }  # fmt: skip
    answered: Any = Exchange("anthropic", "openai").answered(json.dumps(whole).encode())["usage"]
    assert (streamed["prompt_tokens"], streamed["completion_tokens"]) == (100, 5)
    assert streamed["prompt_tokens_details"]["cached_tokens"] == 90
    assert answered == streamed


@pytest.mark.parametrize("written", [None, 0, 4])
def test_case_35_cache_writes_are_told_when_known_also_when_none(written: int | None) -> None:
    usage: JsonObject = {"input_tokens": 10, "output_tokens": 5}
    if written is not None:
        usage["cache_creation_input_tokens"] = written
    whole: JsonObject = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "c",
        "content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn", "usage": usage,
    }  # fmt: skip
    answered: Any = Exchange("anthropic", "openai").answered(json.dumps(whole).encode())["usage"]
    assert answered.get("prompt_tokens_details", {}).get("cache_write_tokens") == written


def test_case_36_a_refusal_is_a_content_filter_and_redacted_thinking_stays_out_of_chat() -> None:
    redacted: JsonObject = {"type": "redacted_thinking", "data": "c2VjcmV0"}
    stream = anthropic((redacted, []), text_block("No."), stop="refusal")
    out = Exchange("anthropic", "openai").streamed([stream])
    ends: Any = [c["choices"][0]["finish_reason"] for c in received(out) if c["choices"]]
    assert ends[-1] == "content_filter"
    assert b"c2VjcmV0" not in out


def test_case_37_only_the_first_of_parallel_foreign_calls_gets_the_sentinel() -> None:
    sent: Any = body_for(
        asked(user("Go."), call("a"), call("b"), output("a", "A"), output("b", "B")),
        "responses",
        "gemini",
    )
    signatures = [part.get("thoughtSignature") for part in sent["contents"][1]["parts"]]
    assert signatures == ["skip_thought_signature_validator", None]


def test_case_37_signatures_find_their_call_and_forged_ones_are_dropped() -> None:
    sealed = seal(ReasoningState("c2ln", "gemini", "gemini-host", "0", "b"), SEAL_KEY)
    for blob, kept in (
        (sealed, "c2ln"),
        (sealed[:-4] + "AAAA", "skip_thought_signature_validator"),
    ):
        carrier: JsonObject = {"type": "reasoning", "summary": [], "encrypted_content": blob}
        sent: Any = body_for(
            asked(user("Go."), carrier, call("b"), output("b", "B")), "responses", "gemini"
        )
        assert sent["contents"][1]["parts"][0]["thoughtSignature"] == kept
    crossed: Any = body_for(
        asked(
            user("Go."),
            {"type": "reasoning", "summary": [], "encrypted_content": sealed},
            user("No."),
            call("b"),
            output("b", "B"),
        ),
        "responses",
        "gemini",
    )
    assert "c2ln" not in json.dumps(crossed)


def test_case_38_nameless_results_are_named_in_order_and_images_stay_with_theirs() -> None:
    parts: list[Json] = [{"functionCall": {"name": name, "args": {}}} for name in ("a", "b")]
    results: list[Json] = [
        {"functionResponse": {"response": {"output": "A", "n": 12345678901234567890}}},
        {"functionResponse": {"response": {"output": "B"}}},
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
    ]
    body: JsonObject = {
        "model": "m",
        "contents": [
            {"role": "user", "parts": [{"text": "Go."}]},
            {"role": "model", "parts": parts},
            {"role": "user", "parts": results},
        ],
    }
    messages: Any = body_for(body, "gemini", "anthropic")["messages"]
    first, second = messages[2]["content"]
    assert [first["tool_use_id"], second["tool_use_id"]] == [
        part["id"] for part in messages[1]["content"]
    ]
    assert "12345678901234567890" in json.dumps(first)
    assert [part["type"] for part in second["content"]] == ["text", "image"]


def test_case_39_a_callers_user_id_is_kept_and_none_is_made_up() -> None:
    given: JsonObject = {"model": "m", "messages": [user("Go.")], "user": "caller-7"}
    assert body_for(given, "openai", "anthropic")["metadata"] == {"user_id": "caller-7"}
    bare: JsonObject = {"model": "m", "messages": [user("Go.")]}
    assert "metadata" not in body_for(bare, "openai", "anthropic")


def test_case_40_hosted_tools_are_kept_or_left_out_and_aliases_are_one() -> None:
    searching = asked(user("Go."), tools=[{"type": "web_search_preview"}])
    assert body_for(searching, "responses", "anthropic")["tools"] == [
        {
            "type": "web_search_20250305", "name": "web_search",
            "cache_control": {"type": "ephemeral"},
        }
    ]  # fmt: skip
    assert "tools" not in body_for(searching, "responses", "openai")
    chosen: JsonObject = {**searching, "tool_choice": {"type": "web_search_preview"}}
    assert body_for(chosen, "responses", "anthropic")["tool_choice"] == {
        "type": "tool",
        "name": "web_search",
    }
    mixed = asked(user("Go."), tools=[{"type": "web_search"}, GET])
    names = [tool.get("name") for tool in body_for(mixed, "responses", "anthropic")["tools"]]
    assert names == ["web_search", "get"]


@pytest.mark.parametrize("target", PROTOCOLS)
def test_case_40_without_tools_there_is_no_choice_of_them(target: str) -> None:
    client = "openai" if target != "openai" else "responses"
    body: JsonObject = (
        {"model": "m", "messages": [user("Go.")]}
        if client == "openai"
        else {"model": "m", "input": "Go."}
    )
    sent = body_for({**body, "tool_choice": "auto", "parallel_tool_calls": True}, client, target)
    assert not {"tool_choice", "parallel_tool_calls", "toolConfig", "tools"} & set(sent)


def test_case_40_apply_patch_is_not_dropped_but_becomes_a_function_of_one_string() -> None:
    sent: Any = body_for(asked(user("Go."), tools=[PATCH]), "responses", "anthropic")["tools"]
    assert (sent[0]["name"], list(sent[0]["input_schema"]["properties"])) == (
        "apply_patch",
        ["input"],
    )


def test_gemini_parallel_calls_keep_their_order_for_every_client() -> None:
    parts: list[JsonObject] = [{"functionCall": {"name": n, "args": {}}} for n in ("one", "two")]
    for client in PROTOCOLS:
        out = Exchange("gemini", client).streamed([gemini(*parts)]).decode()
        assert out.index('"one"') < out.index('"two"')


def test_a_function_call_item_alone_is_a_tool_stop() -> None:
    stream = responses(*item_events(0, function_call("a", "get")), end=response())
    out = Exchange("responses", "anthropic").streamed([stream])
    end: Any = of_type(out, "message_delta")[0]
    assert end["delta"]["stop_reason"] == "tool_use"
