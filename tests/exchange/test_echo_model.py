"""The embedded model, in every client's protocol."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.exchange.frames import STREAMS
from tests.exchange.world import KEY, asking, upstream, world
from tests.sdk.drivers import session
from tests.sdk.session import PARAMETERS, Settings

PROTOCOLS = list(STREAMS)
ECHO: dict[str, Any] = {"name": "echo", "protocol": "echo"}
streamed = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


@streamed
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_it_says_the_last_user_text_with_usage(client: str, stream: bool) -> None:
    async with (
        world(ECHO) as here,
        session(client, here.url, KEY, "echo", Settings(stream=stream)) as begun,
    ):
        said = await begun.say("one two  thrée\nfour")
        again = await begun.say("five")
    assert (said.text, said.stop, said.thinking) == ("one two  thrée\nfour", "end", "")
    assert (said.usage.tokens_in, said.usage.tokens_out) == (4, 4)
    assert (again.text, again.usage.tokens_in) == ("five", 9)
    assert (here.outcomes[0].usage.tokens_out, here.outcomes[0].upstream) == (4, "echo")


@streamed
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_it_calls_a_declared_tool_and_reads_its_result(client: str, stream: bool) -> None:
    settings = Settings(stream=stream, tools={"look_up": PARAMETERS})
    async with (
        world(ECHO) as here,
        session(client, here.url, KEY, "echo", settings) as begun,
    ):
        said = await begun.say('call look_up {"text": "it\'s é"}')
        assert (said.calls, said.stop) == ([("look_up", {"text": "it's é"})], "tool")
        result = await begun.give(["found it"])
        assert (result.text, result.calls) == ("found it", [])
        other = await begun.say("call other {}")
        assert (other.text, other.calls) == ("call other {}", [])
        broken = await begun.say("call look_up {nonsense")
        assert broken.calls == []


@streamed
@pytest.mark.parametrize("client", PROTOCOLS)
async def test_it_thinks_when_thinking_is_asked_for(client: str, stream: bool) -> None:
    settings = Settings(stream=stream, thinking=True)
    async with (
        world(ECHO) as here,
        session(client, here.url, KEY, "echo", settings) as begun,
    ):
        said = await begun.say("hello there")
    assert said.text == "hello there"
    assert said.thinking == "The user wrote: hello there"
    assert said.usage.tokens_out == 7


async def test_echo_thinking_always_thinks() -> None:
    async with (
        world(ECHO) as here,
        session("openai", here.url, KEY, "echo-thinking", Settings(stream=True)) as begun,
    ):
        assert (await begun.say("x")).thinking == "The user wrote: x"


@streamed
async def test_it_stops_at_the_limit(stream: bool) -> None:
    settings = Settings(stream=stream, max_tokens=2)
    async with (
        world(ECHO) as here,
        session("openai", here.url, KEY, "echo", settings) as begun,
    ):
        said = await begun.say("one two three")
    assert (said.text, said.stop, said.usage.tokens_out) == ("one two ", "length", 2)


async def test_a_custom_tool_gets_the_text_as_it_stands() -> None:
    async with world(ECHO) as here:
        body = asking("responses", "echo", "call apply_patch *** Begin\n+it's\n", stream=False)
        body["tools"] = [{"type": "custom", "name": "apply_patch"}]
        reply = await here.post("/v1/responses", body)
    item = reply.json()["output"][0]
    assert (item["type"], item["name"]) == ("custom_tool_call", "apply_patch")
    assert item["input"] == "*** Begin\n+it's\n"


async def test_words_come_one_by_one_at_its_pace() -> None:
    async with world({**ECHO, "words-per-second": 20}) as here:
        times, texts = [], []
        body = asking("openai", "echo", "a b c d e", stream=True)
        async with here.stream("/v1/chat/completions", body) as reply:
            async for line in reply.aiter_lines():
                if line.startswith("data: {"):
                    choice = json.loads(line[6:])["choices"][0]
                    if choice["delta"].get("content"):
                        texts.append(choice["delta"]["content"])
                        times.append(asyncio.get_running_loop().time())
    assert texts == ["a ", "b ", "c ", "d ", "e"]
    assert 0.15 < times[-1] - times[0] < 0.6


async def test_without_a_pace_each_word_is_still_a_delta_of_its_own() -> None:
    async with world(ECHO) as here:
        reply = await here.post(
            "/v1/chat/completions", asking("openai", "echo", "a b c", stream=True)
        )
    assert reply.text.count('"content":"') >= 3
    assert reply.headers["x-dragoman-upstream"] == "echo"


async def test_auto_never_means_the_echo_model() -> None:
    async with world(ECHO) as here:
        reply = await here.post("/v1/chat/completions", asking("openai", "auto", "x", stream=False))
        assert reply.status_code == 404
    async with world(ECHO, upstream("openai", "http://127.0.0.1:9", "m-1")) as here:
        await here.post("/v1/chat/completions", asking("openai", "auto", "x", stream=False))
    assert (here.outcomes[0].upstream, here.outcomes[0].served) == ("up", "m-1")


async def test_no_tool_is_called_when_none_may_be() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    async with world(ECHO) as here:
        body = asking("openai", "echo", "call f {}", stream=False) | {"tools": tools}
        none = await here.post("/v1/chat/completions", body | {"tool_choice": "none"})
        bare = await here.post(
            "/v1/chat/completions", body | {"messages": [{"role": "user", "content": "call f"}]}
        )
    assert none.json()["choices"][0]["message"]["content"] == "call f {}"
    call = bare.json()["choices"][0]["message"]["tool_calls"][0]
    assert call["function"] == {"name": "f", "arguments": "{}"}


@streamed
async def test_a_thinking_suffix_makes_it_think(stream: bool) -> None:
    async with (
        world(ECHO) as here,
        session("openai", here.url, KEY, "echo(high)", Settings(stream=stream)) as begun,
    ):
        said = await begun.say("one two")
    assert (said.text, said.thinking) == ("one two", "The user wrote: one two")
