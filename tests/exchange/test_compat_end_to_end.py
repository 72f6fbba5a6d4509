"""Compat mode over real sockets: every client protocol before a model without function calling of
every protocol, streamed and whole, in every form that models write."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from tests.exchange.world import asking, path_of, upstream, world
from tests.fakes import FAKES, Fake, serve
from tests.fakes.dialects import WRITERS

MODELS = {
    "openai": "gpt-4o",
    "responses": "gpt-5",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-2.5-pro",
    "ollama": "qwen3",
}
ARGUMENTS = {"path": "a b.txt", "count": 12, "edits": [{"old": 'it\'s <b> & "é"', "new": "x\ny"}]}
SCHEMA = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "count": {"type": "integer"},
        "edits": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"old": {"type": "string"}, "new": {"type": "string"}},
                "required": ["old", "new"],
            },
        },
    },
    "required": ["path", "count"],
}
CALL = f"call Edit {json.dumps(ARGUMENTS, ensure_ascii=False)}"


def with_tool(protocol: str, body: dict[str, Any]) -> dict[str, Any]:
    tool = {"name": "Edit", "description": "Edits."}
    match protocol:
        case "responses":
            tools: list[Any] = [{"type": "function", **tool, "parameters": SCHEMA}]
        case "gemini":
            tools = [{"functionDeclarations": [{**tool, "parametersJsonSchema": SCHEMA}]}]
        case "anthropic":
            tools = [{**tool, "input_schema": SCHEMA}]
        case _:
            tools = [{"type": "function", "function": {**tool, "parameters": SCHEMA}}]
    return {**body, "tools": tools}


def frames(response: httpx2.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data:").strip() for line in response.text.splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


def read(protocol: str, response: httpx2.Response, *, stream: bool) -> tuple[str, list[Any], str]:
    """(text, [(name, arguments)], stop) as this protocol's client sees them."""
    found = frames(response) if stream else [response.json()]
    return READERS[protocol](found)


def read_chat(found: list[dict[str, Any]]) -> tuple[str, list[Any], str]:
    text, stop = "", ""
    calls: dict[int, list[str]] = {}
    for frame in found:
        for choice in frame["choices"]:
            said = choice.get("delta") or choice.get("message") or {}
            text += said.get("content") or ""
            stop = choice["finish_reason"] or stop
            for number, call in enumerate(said.get("tool_calls") or ()):
                entry = calls.setdefault(call.get("index", number), ["", ""])
                entry[0] += call["function"].get("name") or ""
                entry[1] += call["function"].get("arguments") or ""
    return text, [(name, json.loads(told)) for name, told in calls.values()], stop


def read_responses(found: list[dict[str, Any]]) -> tuple[str, list[Any], str]:
    last = found[-1].get("response", found[-1])
    text, calls = "", []
    for item in last["output"]:
        if item["type"] == "function_call":
            calls.append((item["name"], json.loads(item["arguments"])))
        elif item["type"] == "message":
            text += "".join(part["text"] for part in item["content"])
    return text, calls, last["status"]


def read_anthropic(found: list[dict[str, Any]]) -> tuple[str, list[Any], str]:
    if found[0].get("type") == "message":
        message = found[0]
        blocks = message["content"]
        text = "".join(b["text"] for b in blocks if b["type"] == "text")
        calls = [(b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"]
        return text, calls, message["stop_reason"]
    text, names, inputs, stop = "", [], {}, ""
    for frame in found:
        if frame["type"] == "content_block_start" and frame["content_block"]["type"] == "tool_use":
            names.append(frame["content_block"]["name"])
            inputs[frame["index"]] = ""
        elif frame["type"] == "content_block_delta":
            text += frame["delta"].get("text", "")
            if "partial_json" in frame["delta"]:
                inputs[frame["index"]] += frame["delta"]["partial_json"]
        elif frame["type"] == "message_delta":
            stop = frame["delta"]["stop_reason"]
    parsed = [json.loads(told) for told in inputs.values()]
    return text, list(zip(names, parsed, strict=True)), stop


def read_gemini(found: list[dict[str, Any]]) -> tuple[str, list[Any], str]:
    candidates = [frame["candidates"][0] for frame in found]
    parts = [p for one in candidates for p in one.get("content", {}).get("parts", ())]
    text = "".join(p.get("text", "") for p in parts if not p.get("thought"))
    calls = [(p["functionCall"]["name"], p["functionCall"]["args"]) for p in parts
             if "functionCall" in p]  # fmt: skip
    return text, calls, candidates[-1]["finishReason"]


def read_ollama(found: list[dict[str, Any]]) -> tuple[str, list[Any], str]:
    text = "".join(frame["message"].get("content", "") for frame in found)
    calls = [call["function"] for frame in found for call in frame["message"].get("tool_calls", ())]
    return text, [(c["name"], c["arguments"]) for c in calls], found[-1]["done_reason"]


READERS = {
    "openai": read_chat,
    "responses": read_responses,
    "anthropic": read_anthropic,
    "gemini": read_gemini,
    "ollama": read_ollama,
}
TOOL_STOPS = {
    "openai": "tool_calls",
    "responses": "completed",
    "anthropic": "tool_use",
    "gemini": "STOP",
    "ollama": "stop",
}
PLAIN_STOPS = {**TOOL_STOPS, "openai": "stop", "anthropic": "end_turn"}


async def ask(
    fake: Fake, client: str, text: str, *, stream: bool, **group: object
) -> httpx2.Response:
    model = MODELS[fake.protocol]
    async with (
        serve(fake) as url,
        world(upstream(fake.protocol, url, f"{model}>m"), groups={"g": group}) as there,
    ):
        body = with_tool(client, asking(client, "m", text, stream=stream))
        answer = await there.post(f"/g/compat{path_of(client, 'm', stream=stream)}", body)
    assert fake.refusals == []
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("up", FAKES)
@pytest.mark.parametrize("client", FAKES)
async def test_a_model_without_tools_calls_one(client: str, up: str, stream: bool) -> None:
    fake = FAKES[up](text_only=True, rechunk=23)
    text, calls, stop = read(client, await ask(fake, client, CALL, stream=stream), stream=stream)
    assert text == "I'll call it."
    assert calls == [("Edit", ARGUMENTS)]
    assert stop == TOOL_STOPS[client]


@pytest.mark.parametrize("form", WRITERS)
async def test_each_form_is_read_as_the_same_call(form: str) -> None:
    fake = FAKES["openai"](text_only=True, rechunk=7)
    answer = await ask(fake, "anthropic", f"dialect: {form}\n{CALL}", stream=True)
    text, calls, stop = read_anthropic(frames(answer))
    assert (text, calls, stop) == ("I'll call it.", [("Edit", ARGUMENTS)], "tool_use")


@pytest.mark.parametrize("form", WRITERS)
async def test_a_quoted_call_is_none(form: str) -> None:
    fake = FAKES["openai"](text_only=True)
    answer = await ask(fake, "anthropic", f"quote\ndialect: {form}\n{CALL}", stream=True)
    text, calls, stop = read_anthropic(frames(answer))
    assert (calls, stop) == ([], "end_turn")
    assert text.startswith("I'll call it.It is written like `")
    assert text.endswith("` there.")
