"""Payload rules through the whole gateway, where bytes pass and where they are converted, against
the strict fakes."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from tests.fakes import FAKES, Fake, in_thread
from tests.sdk.gateway import CLIENT_KEY, gateway_process

RULES = {
    "default": [{"models": [{"name": "gpt-*"}], "params": {"temperature": 0.25}}],
    "default-raw": [{"models": [{"protocol": "gemini"}], "params": {"generationConfig.topK": "7"}}],
    "override": [
        {
            "models": [{"name": "asked-*", "protocol": "openai", "from-protocol": "claude"}],
            "params": {"user": "from-claude"},
        },
        {
            "models": [{"name": "claude-*", "headers": {"x-team": "red*"}}],
            "params": {"metadata.user_id": "red"},
        },
    ],
    "filter": [
        {"models": [{"exist": ['tools.#(name=="bad")']}], "params": ['tools.#(name=="bad")#']}
    ],
}


class World:
    def __init__(self, base_url: str, fakes: dict[str, Fake]) -> None:
        self.base_url = base_url
        self.fakes = fakes

    def sent(self, path: str, body: str, upstream: str, **headers: str) -> dict[str, Any]:
        """What the upstream got for this body."""
        own = {"content-type": "application/json", "authorization": f"Bearer {CLIENT_KEY}"}
        own["anthropic-version"] = "2023-06-01"
        own |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.base_url + path, body.encode(), own)
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200
            answer.read()
        return self.fakes[upstream].last


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    models: dict[str, list[Any]] = {
        "openai": ["gpt-4o", {"name": "gpt-4o", "alias": "asked-so"}],
        "anthropic": ["claude-haiku-4-5"],
        "gemini": ["gemini-2.5-flash"],
    }
    fakes = {name: FAKES[name]() for name in models}
    with ExitStack() as stack:
        upstreams: list[dict[str, object]] = [
            {
                "name": name,
                "protocol": name,
                "base-url": stack.enter_context(in_thread(fake)),
                "keys": ["up-key"],
                "models": models[name],
            }
            for name, fake in fakes.items()
        ]
        folder = tmp_path_factory.mktemp("gateway")
        running = gateway_process(folder, upstreams, payload=RULES)
        yield World(stack.enter_context(running), fakes)


HELLO = [{"role": "user", "content": "echo: hello"}]


def test_a_default_is_added_to_passed_bytes_and_yields_to_the_clients_own(world: World) -> None:
    plain = json.dumps({"model": "gpt-4o", "messages": HELLO})
    assert world.sent("/v1/chat/completions", plain, "openai")["temperature"] == 0.25
    own = json.dumps({"model": "gpt-4o", "messages": HELLO, "temperature": 1})
    assert world.sent("/v1/chat/completions", own, "openai")["temperature"] == 1


def test_a_converted_body_is_ruled_by_the_name_that_was_asked_for(world: World) -> None:
    body = json.dumps({"model": "asked-so", "max_tokens": 50, "messages": HELLO})
    got = world.sent("/v1/messages", body, "openai")
    assert (got["user"], got["temperature"]) == ("from-claude", 0.25)
    chat = json.dumps({"model": "asked-so", "messages": HELLO})
    assert "user" not in world.sent("/v1/chat/completions", chat, "openai")


def test_a_rule_may_ask_for_a_header_of_the_client(world: World) -> None:
    body = json.dumps({"model": "claude-haiku-4-5", "max_tokens": 50, "messages": HELLO})
    assert "metadata" not in world.sent("/v1/messages", body, "anthropic")
    got = world.sent("/v1/messages", body, "anthropic", x_team="red-1")
    assert got["metadata"] == {"user_id": "red"}


def test_a_raw_default_goes_into_a_converted_bodys_depth(world: World) -> None:
    body = json.dumps({"model": "gemini-2.5-flash", "max_tokens": 50, "messages": HELLO})
    got = world.sent("/v1/messages", body, "gemini")
    assert got["generationConfig"] == {"maxOutputTokens": 50, "topK": 7}


def test_a_filtered_tool_is_gone_and_the_others_stay(world: World) -> None:
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("bad", "good")]
    body = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": HELLO, "tools": tools}
    assert world.sent("/v1/messages", json.dumps(body), "anthropic")["tools"] == tools[1:]
