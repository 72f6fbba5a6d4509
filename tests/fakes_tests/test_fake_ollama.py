"""Each refusal of the Ollama fake, tripped once, and the faults that all fakes act out."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from tests.fakes import OllamaFake, in_thread, serve
from tests.fakes.__main__ import all_fakes
from tests.fakes_tests.asking import DROP, Body, changed, get, post

PATH = "/api/chat"
USER = {"role": "user", "content": "echo: a b"}
GOOD: Body = {"model": "qwen3", "messages": [USER]}


def call(arguments: object) -> Body:
    return {
        "role": "assistant",
        "tool_calls": [{"function": {"name": "f", "arguments": arguments}}],
    }


def turns(*messages: Body) -> Body:
    return {"messages": [USER, *messages]}


REFUSED: dict[str, tuple[Body, str]] = {
    "no model": ({"model": DROP}, "model is required"),
    "role": (turns({"role": "developer", "content": "x"}), "invalid role: developer"),
    "content": (turns({"role": "user", "content": [{}]}), "cannot unmarshal array into Go struct"),
    "image": (turns({**USER, "images": ["data:image/png;base64,aGk="]}), "illegal base64 data"),
    "arguments": (turns(call("{}")), "of type api.ToolCallFunctionArguments"),
    "nameless call": (turns({"role": "assistant", "tool_calls": [{}]}), "without a function name"),
    "think": ({"think": "on"}, "invalid think value"),
    "thinking": ({"model": "plain-llama", "think": True}, "does not support thinking"),
    "format": ({"format": "yaml"}, "invalid format"),
    "tool": ({"tools": [{"name": "f"}]}, "invalid tool"),
    "tool's schema": (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "x"}}}]},
        "tools.function.parameters.type",
    ),
    "stop": ({"options": {"stop": "x"}}, "options.stop of type []string"),
}


@pytest.mark.parametrize("name", list(REFUSED))
async def test_the_ollama_fake_refuses(name: str) -> None:
    change, message = REFUSED[name]
    answer = await post(OllamaFake(), PATH, changed(GOOD, change))
    assert answer.status_code == 400
    assert message in answer.json()["error"]


async def test_an_unknown_model_is_404_and_latest_is_no_other() -> None:
    answer = await post(OllamaFake(), PATH, changed(GOOD, {"model": "x"}))
    assert (answer.status_code, answer.json()) == (404, {"error": "model 'x' not found"})
    assert (await post(OllamaFake(), PATH, {**GOOD, "model": "qwen3:latest"})).status_code == 200


async def test_unknown_fields_are_noted() -> None:
    fake = OllamaFake()
    await post(fake, PATH, {**GOOD, "top_p": 1, "options": {"max_tokens": 1}})
    assert fake.ignored == ["top_p", "options.max_tokens"]


async def test_a_stream_is_one_object_a_line_and_ends_done() -> None:
    answer = await post(OllamaFake(), PATH, GOOD)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["message"]["content"] for line in lines] == ["a ", "b", ""]
    assert [line["done"] for line in lines] == [False, False, True]


async def test_generate_embed_show_and_the_rest_answer() -> None:
    fake = OllamaFake()
    asked = {"model": "qwen3", "prompt": "echo: hi", "stream": False}
    assert (await post(fake, "/api/generate", asked)).json()["response"] == "hi"
    body = {"model": "nomic-embed-text", "input": "a", "dimensions": 2}
    assert (await post(fake, "/api/embed", body)).json()["embeddings"] == [[0.125, 0.25]]
    assert "thinking" in (await post(fake, "/api/show", {"model": "qwen3"})).json()["capabilities"]
    assert len((await get(fake, "/api/tags")).json()["models"]) == 3
    assert (await get(fake, "/api/version")).json() == {"version": "0.31.0"}
    assert (await get(fake, "/api/ps")).json() == {"models": []}
    assert (await get(fake, "/api/nothing")).status_code == 404


async def told(line: str, *, stream: bool = True, rechunk: int = 0) -> httpx.Response:
    body = {"model": "qwen3", "messages": [{"role": "user", "content": line}], "stream": stream}
    return await post(OllamaFake(rechunk=rechunk), PATH, body)


async def test_faults_are_acted_out() -> None:
    cut = await told("cut")
    assert cut.text.splitlines()[-1].endswith('"done": false}')
    failed = await told("fail-mid")
    assert json.loads(failed.text.splitlines()[-1]) == {"error": "failed in the middle"}
    assert (await told("fail-mid", stream=False)).status_code == 500
    half = (await told("cut", stream=False)).text
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        json.loads(half)
    limited = await told("fail 429")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")


async def test_a_dropped_connection_is_no_end() -> None:
    body = {"model": "qwen3", "messages": [{"role": "user", "content": "drop"}]}
    async with serve(OllamaFake(key="")) as base_url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(f"{base_url}{PATH}", json=body)


@pytest.mark.parametrize("line", ["stall", "hang"])
async def test_silence_lasts_until_the_client_leaves(line: str) -> None:
    fake = OllamaFake(key="")
    body = {"model": "qwen3", "messages": [{"role": "user", "content": line}]}
    async with serve(fake) as base_url:
        async with httpx.AsyncClient(timeout=0.2) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(f"{base_url}{PATH}", json=body)
        await asyncio.wait_for(fake.disconnected.wait(), 2)


async def test_rechunking_keeps_the_bytes() -> None:
    async with serve(OllamaFake(rechunk=1)) as odd, httpx.AsyncClient() as client:
        headers = {"authorization": "Bearer up-key"}
        answer = await client.post(f"{odd}{PATH}", json=GOOD, headers=headers)
    assert answer.content == (await post(OllamaFake(), PATH, GOOD)).content


def test_all_fakes_share_a_port_by_path() -> None:
    with in_thread(all_fakes(key="")) as base_url:
        listed = httpx.get(f"{base_url}/openai/v1/models").json()
        assert listed["data"][0]["id"] == "gpt-5"
        assert httpx.get(f"{base_url}/ollama/api/version").json() == {"version": "0.31.0"}
        assert httpx.get(f"{base_url}/nobody").status_code == 404
