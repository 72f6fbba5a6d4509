"""Three accounts a provider, clients of all five protocols, streamed and not: text, a tool call,
thinking. Claude is pass-through only and has a file of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.world import World, path_of
from tests.subscriptions.folder import PROJECT, before, tokens_of, write
from tests.subscriptions.hosts import (
    CloudCodeHost,
    CodexHost,
    CopilotHost,
    GrokHost,
    KimiHost,
    QwenHost,
    VertexHost,
)

CLIENTS = ("openai", "responses", "anthropic", "gemini", "ollama")
MODELS = {
    "codex": "gpt-5.2",
    "gemini": "gemini-3-flash-preview",
    "antigravity": "gemini-3-flash",
    "qwen": "coder-model",
    "kimi": "kimi-k2.5",
    "xai": "grok-4",
    "copilot": "gpt-5.2",
    "vertex": "gemini-2.5-pro",
}
THINKS = {"includeThoughts": True, "thinkingBudget": 4000}
CLAUDE_CODE = {"user-agent": "claude-cli/2.1.329 (external, cli)"}


def host_of(provider: str) -> Any:
    model = MODELS[provider]
    host: Any
    if provider == "codex":
        host = CodexHost(models=[model], own=True)
        host.accounts = frozenset(f"account-{number}" for number in range(3))
    elif provider in ("gemini", "antigravity"):
        host = CloudCodeHost(models=[model])
        host.projects = frozenset({PROJECT})
        host.names_client = provider == "antigravity"
    elif provider == "kimi":
        host = KimiHost(("k2.5",))
    else:
        made = {"qwen": QwenHost, "xai": GrokHost, "copilot": CopilotHost, "vertex": VertexHost}
        host = made[provider](models=[model])
    host.open_to(*tokens_of(provider))
    return host


def request(client: str, model: str, text: str, *, stream: bool) -> dict[str, Any]:
    """A request with a tool, that asks for thinking."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    function = {"name": "weather", "description": "Tells the weather.", "parameters": schema}
    tools = [{"type": "function", "function": function}]
    match client:
        case "openai":
            body = {"messages": said, "tools": tools, "reasoning_effort": "high"}
        case "responses":
            flat = [{"type": "function", **function, "strict": False}]
            body = {"input": said, "tools": flat, "store": False, "max_output_tokens": 5000}
            body["reasoning"] = {"effort": "high", "summary": "auto"}
        case "anthropic":
            tool = {"name": "weather", "input_schema": schema}
            body = {"system": "Be brief.", "messages": said[1:], "tools": [tool]}
            body |= {"max_tokens": 5000, "thinking": {"type": "enabled", "budget_tokens": 2000}}
        case "gemini":
            return {
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
                "contents": [{"role": "user", "parts": [{"text": text}]}],
                "tools": [{"functionDeclarations": [function]}],
                "generationConfig": {"thinkingConfig": THINKS},
            }
        case _:
            body = {"messages": said, "tools": tools, "think": True}
    return {"model": model, "stream": stream, **body}


async def asked(here: World, client: str, model: str, text: str, *, stream: bool) -> str:
    body = request(client, model, text, stream=stream)
    path = path_of(client, model, stream=stream)
    reply = await here.post(path, body, **CLAUDE_CODE)
    assert reply.status_code == 200, reply.text
    return reply.text


def joined(client: str, answer: str) -> str:
    """The words of an answer, streamed or not, with the pieces of a stream put together."""
    return "".join(_words(client, answer))


def _words(client: str, answer: str) -> Any:
    lines = [line.removeprefix("data:").strip() for line in answer.splitlines()]
    documents = [line for line in lines if line.startswith("{") and line.endswith("}")]
    for document in documents or [answer]:
        yield from _texts(json.loads(document))


_WORDS = frozenset({"text", "content", "delta", "thinking", "reasoning_content", "reasoning"})


def _texts(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        if value.get("type") in {"response.completed", "response.output_text.done"}:
            return
        for name, inner in value.items():
            yield from _texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)
    elif isinstance(value, str) and key in _WORDS:
        yield value


@pytest.mark.parametrize("provider", MODELS)
async def test_text_thinking_and_a_tool_call_come_back(provider: str, tmp_path: Path) -> None:
    write(tmp_path, provider)
    host = host_of(provider)
    model = MODELS[provider]
    async with before(tmp_path, {provider: host}) as here:
        for client in CLIENTS:
            for stream in (False, True):
                text = await asked(here, client, model, "echo: bread & é中文", stream=stream)
                assert "bread & é中文" in joined(client, text), (client, stream, text)
                assert "think: it's a test" in joined(client, text), (client, stream, text)
                call = await asked(
                    here, client, model, 'call weather {"city": "Oslo"}', stream=stream
                )
                assert "weather" in call, (client, stream, call)
                assert "Oslo" in call.replace("\\", ""), (client, stream, call)
    assert {outcome.status for outcome in here.outcomes} <= {0, 200}
    assert {outcome.attempts for outcome in here.outcomes} == {1}
    used = {outcome.credential for outcome in here.outcomes}
    assert used == {0, 1, 2}
