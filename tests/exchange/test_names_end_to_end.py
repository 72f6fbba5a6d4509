"""Names through the whole gateway: aliases to other protocols, chains, suffixes, prefixes, each
against the strict fake of its protocol."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.fakes import FAKES, Fake, in_thread
from tests.sdk.gateway import CLIENT_KEY, gateway_process

LOW_HIGH = {"levels": ["low", "high"]}
MODELS: dict[str, list[Any]] = {
    "openai": ["gpt-5", "gpt-4o", {"name": "gpt-5", "alias": "kimi-k2.5", "thinking": LOW_HIGH}],
    "responses": [{"name": "gpt-5", "alias": "codex"}],
    "anthropic": ["claude-haiku-4-5", "claude-opus-5-5"],
    "gemini": ["gemini-2.5-pro", "gemini-3-pro"],
    "ollama": ["qwen3"],
}  # fmt: skip
NOWHERE = "http://127.0.0.1:9/v1"
SETTINGS: dict[str, object] = {
    "aliases": {
        "claude-sonnet-*": ["kimi-k2.5", "codex"],
        "claude-any*": ["claude-haiku-4-5"],
        "first-down": ["down/gpt-5", "gemini-2.5-pro", "codex"],
        "own-suffix": ["gemini-2.5-pro(512)"],
    },
    "fallbacks": [{"for": "gone-*", "to": ["nobody", "qwen3", "codex"], "on": ["server"]}],
    "default-model": "codex",
    "request-retry": 0,
    "disable-cooling": True,
}


def budget(tokens: int) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": tokens}


class World:
    def __init__(self, base_url: str, fakes: dict[str, Fake]) -> None:
        self.base_url = base_url
        self.fakes = fakes

    def ask(
        self, path: str, body: dict[str, Any], **headers: str
    ) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Status, dragoman's own headers by the word behind `x-dragoman-`, and the body."""
        request = urllib.request.Request(
            self.base_url + path,
            json.dumps(body).encode() if body else None,
            {
                "content-type": "application/json",
                "authorization": f"Bearer {CLIENT_KEY}",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            ours = {
                name.lower().removeprefix("x-dragoman-"): value
                for name, value in answer.headers.items()
                if name.lower().startswith("x-dragoman-")
            }
            return answer.status or 0, ours, json.loads(answer.read())

    def stream(self, path: str, body: dict[str, Any]) -> str:
        """A streamed answer, whole."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {CLIENT_KEY}"}
        request = urllib.request.Request(self.base_url + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: bytes = answer.read()
        return found.decode()

    def chat(self, model: str, **fields: Any) -> tuple[int, dict[str, str], dict[str, Any]]:
        messages = [{"role": "user", "content": "echo: hello"}]
        return self.ask("/v1/chat/completions", {"model": model, "messages": messages, **fields})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fakes = {name: fake() for name, fake in FAKES.items()}
    with ExitStack() as stack:
        upstreams: list[dict[str, object]] = []
        for name, fake in fakes.items():
            base_url = stack.enter_context(in_thread(fake))
            common = {"name": name, "protocol": name, "base-url": base_url, "keys": ["up-key"]}
            upstreams.append({**common, "models": MODELS[name], "excluded-models": ["GPT-4*"]})
        down = {"name": "down", "protocol": "openai", "base-url": NOWHERE, "prefix": "team"}
        upstreams.append({**down, "models": [{"name": "gpt-5", "alias": "gone-5"}, "gone-x"]})
        folder = tmp_path_factory.mktemp("gateway")
        running = gateway_process(folder, upstreams, **SETTINGS)
        yield World(stack.enter_context(running), fakes)


# -- aliases, chains, the default


def test_a_wildcard_alias_leads_to_another_protocol(world: World) -> None:
    status, ours, answer = world.ask(
        "/v1/messages",
        {
            "model": "claude-sonnet-4-5-20250929",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "echo: hello"}],
        },
    )
    assert (status, ours["upstream"], ours["model"]) == (200, "openai", "gpt-5")
    assert (answer["model"], answer["content"]) == (
        "claude-sonnet-4-5-20250929", [{"type": "text", "text": "hello"}]
    )  # fmt: skip
    assert world.fakes["openai"].last["model"] == "gpt-5"


def test_a_chain_goes_on_to_the_next_target_in_order(world: World) -> None:
    status, ours, answer = world.chat("first-down")
    assert (status, ours["upstream"], ours["attempts"]) == (200, "gemini", "2")
    assert answer["choices"][0]["message"]["content"] == "hello"


@pytest.mark.parametrize("name", ["gone-5", "team/gone-x"])
def test_a_fallback_serves_what_its_upstream_cannot(world: World, name: str) -> None:
    status, ours, answer = world.chat(name)
    assert (status, ours["upstream"], ours["model"]) == (200, "ollama", "qwen3")
    assert answer["choices"][0]["message"]["content"] == "hello"


def test_a_name_nobody_knows_is_the_default_models(world: World) -> None:
    status, ours, _ = world.chat("whatever")
    assert (status, ours["upstream"]) == (200, "responses")


def test_lists_show_what_is_served_with_prefixes_and_exact_aliases(world: World) -> None:
    _, _, answer = world.ask("/v1/models", {})
    assert [entry["id"] for entry in answer["data"]] == [
        "claude-haiku-4-5",
        "claude-opus-5-5",
        "codex",
        "first-down",
        "gemini-2.5-pro",
        "gemini-3-pro",
        "gone-5",
        "gone-x",
        "gpt-5",
        "kimi-k2.5",
        "own-suffix",
        "qwen3",
        "team/gone-5",
        "team/gone-x",
    ]


# -- suffixes


@pytest.mark.parametrize(
    ("name", "upstream", "field", "value"),
    [
        ("gpt-5(8192)", "openai", "reasoning_effort", "medium"),
        ("gpt-5(none)", "openai", "reasoning_effort", "minimal"),
        ("openai/gpt-5(low)", "openai", "reasoning_effort", "low"),
        ("codex(64000)", "responses", "reasoning", {"effort": "high", "summary": "auto"}),
        ("claude-haiku-4-5(2048)", "anthropic", "thinking", budget(2048)),
        ("claude-haiku-4-5(none)", "anthropic", "thinking", {"type": "disabled"}),
        ("claude-opus-5-5(xhigh)", "anthropic", "output_config", {"effort": "xhigh"}),
        ("qwen3(high)", "ollama", "think", True),
        ("qwen3(none)", "ollama", "think", False),
        ("claude-anything(4000)", "anthropic", "thinking", budget(4000)),
    ],
)  # fmt: skip
def test_a_suffix_reaches_every_protocol_in_its_own_words(
    world: World, name: str, upstream: str, field: str, value: object
) -> None:
    status, ours, answer = world.chat(name, reasoning_effort="minimal", max_tokens=9000)
    assert (status, ours["upstream"], answer["model"]) == (200, upstream, name)
    found = world.fakes[upstream].last[field]
    if isinstance(value, dict):
        found = {key: found.get(key) for key in value}
    assert found == value


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("gemini-2.5-pro(64000)", "thinkingBudget", 32768),
        ("gemini-2.5-pro(none)", "thinkingBudget", 128),
        ("gemini-2.5-pro(auto)", "thinkingBudget", -1),
        ("gemini-3-pro(minimal)", "thinkingLevel", "LOW"),
        ("own-suffix(high)", "thinkingBudget", 512),
    ],
)
def test_a_suffix_is_clamped_to_what_the_model_can(
    world: World, name: str, key: str, value: object
) -> None:
    status, _, _ = world.chat(name)
    assert status == 200
    assert world.fakes["gemini"].last["generationConfig"]["thinkingConfig"][key] == value


def test_a_gemini_clients_suffix_stands_in_the_url(world: World) -> None:
    turns = [{"role": "user", "parts": [{"text": "echo: hello"}]}]
    config = {"thinkingConfig": {"thinkingBudget": 0}}
    status, ours, _ = world.ask(
        "/v1beta/models/gemini-2.5-pro(1024):generateContent",
        {"contents": turns, "generationConfig": config},
    )
    assert (status, ours["upstream"]) == (200, "gemini")
    assert world.fakes["gemini"].last["generationConfig"] == {
        "thinkingConfig": {"thinkingBudget": 1024}
    }


MESSAGES = [{"role": "user", "content": "echo: hello"}]


@pytest.mark.parametrize(
    ("upstream", "path", "body", "end"),
    [
        (
            "openai",
            "/v1/chat/completions",
            {"model": "gpt-5(low)", "messages": MESSAGES, "stream": True},
            "data: [DONE]",
        ),
        (
            "responses",
            "/v1/responses",
            {"model": "codex(low)", "input": MESSAGES, "stream": True},
            '"type":"response.completed"',
        ),
        (
            "anthropic",
            "/v1/messages",
            {
                "model": "claude-haiku-4-5(low)",
                "messages": MESSAGES,
                "max_tokens": 2000,
                "stream": True,
            },
            "event: message_stop",
        ),
        (
            "gemini",
            "/v1beta/models/gemini-2.5-pro(low):streamGenerateContent?alt=sse",
            {"contents": [{"role": "user", "parts": [{"text": "echo: hello"}]}]},
            '"finishReason":"STOP"',
        ),
        ("ollama", "/api/chat", {"model": "qwen3(low)", "messages": MESSAGES}, '"done":true'),
    ],
)
def test_a_suffix_within_one_protocol_streams_as_ever(
    world: World, upstream: str, path: str, body: dict[str, Any], end: str
) -> None:
    before = len(world.fakes[upstream].requests)
    text = world.stream(path, body)
    assert "hello" in text
    assert text.count(end) == 1
    assert len(world.fakes[upstream].requests) == before + 1


def test_a_suffix_within_one_protocol_keeps_the_rest_of_the_request(world: World) -> None:
    body = {
        "model": "claude-haiku-4-5(high)",
        "max_tokens": 4096,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": "echo: hello"}],
    }
    status, ours, answer = world.ask(
        "/v1/messages?beta=true",
        body,
        anthropic_version="2023-06-01",
        anthropic_beta="context-1m-2025-08-07",
        user_agent="claude-cli/2.1",
    )
    assert (status, ours["upstream"]) == (200, "anthropic")
    assert answer["content"][-1] == {"type": "text", "text": "hello"}
    request = world.fakes["anthropic"].requests[-1]
    assert request.json["thinking"] == {"type": "enabled", "budget_tokens": 4095}
    assert request.json["system"] == body["system"]
    assert request.json["model"] == "claude-haiku-4-5"
    assert (request.header("anthropic-beta"), request.query) == (
        "context-1m-2025-08-07", {"beta": "true"}
    )  # fmt: skip
    assert request.header("user-agent") == "claude-cli/2.1"
    assert [value for name, value in request.headers if name == "x-api-key"] == ["up-key"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_level_the_asked_model_does_not_have_is_a_400(world: World, stream: bool) -> None:
    status, _, answer = world.chat("gpt-5(max)", stream=stream)
    assert status == 400
    assert answer["error"]["message"] == (
        'level "max" not supported, valid levels: minimal, low, medium, high'
    )


def test_thinking_that_the_user_wrote_goes_before_the_catalogue(world: World) -> None:
    status, _, _ = world.chat("kimi-k2.5(medium)")
    assert status == 200
    assert world.fakes["openai"].last["reasoning_effort"] == "low"
