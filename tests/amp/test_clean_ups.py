"""What Amp would stumble over, taken out of its requests and its answers on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.amp.asking import documents_of, path_of
from tests.exchange.world import upstream, world
from tests.fakes import AnthropicFake, serve
from tests.upstreams.raw_host import answering, chunked, raw_host, whole

YES = {"type": "text", "text": "yes"}
SCHEMA = {"type": "object"}
TOOLS = {
    "anthropic": [{"name": "Bash", "input_schema": SCHEMA}],
    "openai": [{"type": "function", "function": {"name": "Bash", "parameters": SCHEMA}}],
}
CALL = {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": "{}"}}
ENDED = {"index": 0, "finish_reason": "tool_calls"}
CHAT = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "dated-name",
    "choices": [{**ENDED, "message": {"role": "assistant", "tool_calls": [CALL]}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
CHUNK = {
    "id": "x",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "dated-name",
    "choices": [{**ENDED, "delta": {"role": "assistant", "tool_calls": [{"index": 0, **CALL}]}}],
}


def names_in(value: Any) -> set[str]:
    """The names of all calls in an answer."""
    if isinstance(value, list):
        return set().union(*map(names_in, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    own = {value["name"]} if isinstance(value.get("name"), str) else set()
    return own.union(*(names_in(inner) for inner in value.values()))


@pytest.mark.parametrize("client", ["anthropic", "openai"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_a_tool_is_called_by_its_own_name_and_the_model_told_as_asked(
    client: str, stream: bool
) -> None:
    """An upstream of the client's protocol and one of another; both tell a name of their own."""
    said = [{"role": "user", "content": "hi"}]
    body = {
        "model": "claude-x",
        "messages": said,
        "max_tokens": 100,
        "stream": stream,
        "tools": TOOLS[client],
    }
    frames = [b"data: " + json.dumps(CHUNK).encode() + b"\n\n", b"data: [DONE]\n\n"]
    pieces = chunked(*frames) if stream else [whole(json.dumps(CHAT).encode())]
    mapping = {"from": "claude-x", "to": "m"}
    async with (
        raw_host(answering(*pieces)) as host,
        world(
            upstream("openai", host.url + "/v1", "m"), ampcode={"model-mappings": [mapping]}
        ) as here,
    ):
        reply = await here.post(path_of(client, "claude-x", stream=stream), body)
    documents = documents_of(reply.content)
    assert names_in(documents) == {"Bash"}
    assert b"dated-name" not in reply.content
    assert b'"claude-x"' in reply.content


async def test_unsigned_thinking_does_not_reach_anthropic() -> None:
    fake = AnthropicFake(models=["claude-opus-4-7"])
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, YES]},
        {"role": "user", "content": "echo: hello"},
    ]
    async with serve(fake) as url, world(upstream("anthropic", url, "claude-opus-4-7")) as here:
        body = {"model": "claude-opus-4-7", "messages": turns, "max_tokens": 100}
        reply = await here.post(path_of("anthropic", "", stream=False), body)
    assert reply.status_code == 200, reply.text
    assert fake.last["messages"][1]["content"] == [YES]
