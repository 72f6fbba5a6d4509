"""Each refusal of the Chat fake, tripped once, and what it answers."""

from __future__ import annotations

import json

import pytest
from tests.fakes import ChatFake
from tests.fakes.script import Seen, write
from tests.fakes_tests.asking import DROP, Body, changed, get, post

USER = {"role": "user", "content": "echo: hi"}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
GOOD: Body = {"model": "gpt-5", "messages": [USER]}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def call(call_id: str = "call_1", name: str = "look_up", arguments: object = "{}") -> Body:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def calling(*calls: Body) -> Body:
    return {"role": "assistant", "content": None, "tool_calls": list(calls)}


def result(call_id: str = "call_1", content: object = "done") -> Body:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def turns(*messages: Body) -> Body:
    return {"messages": [USER, *messages], "tools": [TOOL]}


def function(**fields: object) -> Body:
    return {"tools": [{"type": "function", "function": {"name": "f", **fields}}]}


REFUSED: dict[str, tuple[Body, str]] = {
    "unknown field": ({"thinking": {}}, "Unrecognized request argument supplied: thinking"),
    "no messages": ({"messages": DROP}, "Missing required parameter: 'messages'"),
    "no model": ({"model": DROP}, "Missing required parameter: 'model'"),
    "role": ({"messages": [{"role": "model", "content": "x"}]}, "Invalid value: 'model'"),
    "field of a message": ({"messages": [{**USER, "cache_control": {}}]}, "'cache_control' was"),
    "null content": ({"messages": [{"role": "user", "content": None}]}, "got null"),
    "content type": ({"messages": [{"role": "user", "content": 1}]}, "Invalid type for"),
    "empty content": ({"messages": [{"role": "user", "content": []}]}, "empty array"),
    "text missing": ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, ".text'"),
    "part type": (
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
        "Invalid value: 'image'",
    ),
    "image URL": (
        {"messages": [{"role": "user", "content": [{**IMAGE, "image_url": {"url": "hi"}}]}]},
        "Invalid image URL",
    ),
    "image in a tool message": (
        turns(calling(call()), result(content=[IMAGE])),
        "Image URLs are only allowed for messages with role 'user'",
    ),
    "call unanswered": (turns(calling(call())), "did not have response messages: call_1"),
    "call answered late": (
        turns(calling(call()), USER, result()),
        "did not have response messages: call_1",
    ),
    "one of two answered": (
        turns(calling(call(), call("call_2")), result("call_2"), USER),
        "did not have response messages: call_1",
    ),
    "orphan result": (turns(result()), "must be a response to a preceeding message"),
    "result twice": (turns(calling(call()), result(), result()), "must be a response"),
    "call id twice": (turns(calling(call(), call()), result()), "Duplicate value"),
    "long call id": (turns(calling(call("c" * 41)), result("c" * 41)), "maximum length 40"),
    "call without id": (turns(calling({**call(), "id": ""})), "Missing required parameter"),
    "call without type": (turns(calling({**call(), "type": None})), ".type'"),
    "call without function": (turns(calling({**call(), "function": None})), ".function'"),
    "index in a call": (turns(calling({**call(), "index": 0})), "supplied: index"),
    "name of a call": (turns(calling(call(name="a.b"))), "does not match pattern"),
    "arguments as object": (turns(calling(call(arguments={}))), "expected a string"),
    "empty calls": (turns({**calling(), "content": "x"}), "empty array"),
    "empty tools": ({"tools": []}, "Invalid 'tools': empty array"),
    "tool type": ({"tools": [{"type": "web_search"}]}, "Invalid value: 'web_search'"),
    "tool without function": ({"tools": [{"type": "function"}]}, "'tools[0].function'"),
    "tool name": ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "pattern"),
    "long tool name": (
        {"tools": [{"type": "function", "function": {"name": "n" * 65}}]},
        "maximum length 64, but got a string with length 65",
    ),
    "tool field": (function(input_schema={}), "supplied: input_schema"),
    "parameters": (function(parameters={"type": "string"}), "must be a JSON Schema of"),
    "strict tool": (
        function(parameters={"type": "object", "properties": {"a": {}}}, strict=True),
        "'additionalProperties' is required to be false",
    ),
    "strict tool's required": (
        function(
            parameters={
                "type": "object",
                "properties": {"a": {}},
                "additionalProperties": False,
            },
            strict=True,
        ),
        "'required' must include every key",
    ),
    "choice without tools": ({"tool_choice": "auto"}, "only allowed when 'tools' are specified"),
    "parallel without tools": ({"parallel_tool_calls": True}, "only allowed when 'tools'"),
    "choice of a stranger": (
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "other"}}},
        "function 'other' not found",
    ),
    "two limits": ({"max_tokens": 1, "max_completion_tokens": 1}, "at the same time"),
    "high limit": ({"max_tokens": 200_000}, "max_tokens is too large: 200000"),
    "limit of 0": ({"max_tokens": 0}, "out of range"),
    "temperature": ({"temperature": 2.5}, "maximum value is 2"),
    "temperature type": ({"temperature": "1"}, "expected a number"),
    "penalty": ({"presence_penalty": -3}, "minimum value is -2"),
    "effort": ({"reasoning_effort": "adaptive"}, "Invalid value: 'adaptive'"),
    "long user": ({"user": "u" * 65}, "maximum length 64"),
    "five stops": ({"stop": list("abcde")}, "array too long"),
    "top_logprobs alone": ({"top_logprobs": 2}, "needs 'logprobs'"),
    "stream options alone": ({"stream_options": {"include_usage": True}}, "'stream' is enabled"),
    "json_object unsaid": ({"response_format": {"type": "json_object"}}, "the word 'json'"),
    "format type": ({"response_format": {"type": "json"}}, "Invalid value: 'json'"),
    "format without schema": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
        "json_schema.schema'",
    ),
    "strict format": (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "x", "strict": True, "schema": {"type": "object"}},
            }
        },
        "Invalid schema for response_format 'x'",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
async def test_the_chat_fake_refuses(name: str) -> None:
    change, message = REFUSED[name]
    answer = await post(ChatFake(), "/v1/chat/completions", changed(GOOD, change))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert message in error["message"]
    assert error["type"] == "invalid_request_error"


async def test_a_picky_chat_fake_knows_no_schema_keyword() -> None:
    fake = ChatFake()
    body = changed(GOOD, function(parameters={"type": "object", "$schema": "x"}))
    assert (await post(fake, "/v1/chat/completions", body)).status_code == 200
    fake.picky = True
    answer = await post(fake, "/v1/chat/completions", body)
    assert "'$schema' is not permitted" in answer.json()["error"]["message"]


async def test_parallel_calls_stream_interleaved() -> None:
    body = changed(GOOD, turns())
    body |= {"messages": [{"role": "user", "content": 'call look_up {"a": 123456}\n' * 2}]}
    answer = await post(ChatFake(), "/v1/chat/completions", {**body, "stream": True})
    frames = [line[6:] for line in answer.text.splitlines() if line.startswith("data: {")]
    choices = [json.loads(frame)["choices"][0]["delta"] for frame in frames]
    order = [d["tool_calls"][0]["index"] for d in choices if "tool_calls" in d]
    assert order == [0, 1, 0, 1, 0, 1]
    assert answer.text.endswith("data: [DONE]\n\n")
    assert '"usage"' not in answer.text


@pytest.mark.parametrize("key", ["wrong", ""])
async def test_a_wrong_key_is_401(key: str) -> None:
    headers = {"authorization": f"Bearer {key}"}
    answer = await post(ChatFake(), "/v1/chat/completions", GOOD, headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


async def test_a_fake_without_a_key_asks_for_none() -> None:
    headers = {"authorization": ""}
    answer = await post(ChatFake(key=""), "/v1/chat/completions", GOOD, headers)
    assert answer.json()["choices"][0]["message"]["content"] == "hi"


async def test_an_unknown_model_is_404_model_not_found() -> None:
    answer = await post(ChatFake(), "/v1/chat/completions", changed(GOOD, {"model": "x"}))
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "model_not_found"


async def test_requests_are_recorded_whole() -> None:
    fake = ChatFake()
    await post(fake, "/v1/chat/completions?a=b", GOOD, {"X-Own": "1"})
    (request,) = fake.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.query == {"a": "b"}
    assert ("x-own", "1") in request.headers
    assert json.loads(request.body) == request.json == fake.last == GOOD


async def test_embeddings_tell_texts_apart_and_the_model_list_names_all() -> None:
    fake = ChatFake()
    body = {"model": "text-embedding-3-small", "input": ["a", "bb"], "dimensions": 2}
    data = (await post(fake, "/v1/embeddings", body)).json()["data"]
    assert [entry["embedding"] for entry in data] == [[0.125, 0.25], [0.1875, 0.375]]
    listed = (await get(fake, "/v1/models")).json()["data"]
    assert [entry["id"] for entry in listed] == ["gpt-5", "gpt-4o", "text-embedding-3-small"]
    assert (await get(fake, "/v1/models/gpt-5")).json()["id"] == "gpt-5"


def test_the_script_cuts_at_stops_and_at_limits() -> None:
    assert write(Seen(text="echo: a b STOP c", stops=("STOP",))).text == "a b "
    cut = write(Seen(text="long", max_tokens=2))
    assert (cut.text, cut.stop) == ("word0 word1 ", "length")
