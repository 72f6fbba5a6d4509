"""Chat bodies for hosts that want thinking in their own words, whoever asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dragoman.errors import InvalidRequest
from dragoman.exchange.forms import prepared_for
from dragoman.exchange.incoming import Incoming, Outcome
from dragoman.exchange.job import Job
from dragoman.exchange.prepared import Prepared
from dragoman.exchange.remembered import Remembered
from dragoman.neutral.listings import ModelEntry
from dragoman.protocols.registry import CODECS
from dragoman.reasoning.levels import Thinking
from dragoman.reasoning.suffix import parse_suffix
from dragoman.routing.served import Target
from dragoman.storage.state import State
from dragoman.upstreams.hosts import Credential, Host
from dragoman.upstreams.http import Deadlines

TOOL = {"name": "f", "input_schema": {"type": "object", "properties": {}}}
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
ASKS = [{"role": "user", "content": "q"}]


@pytest.fixture
def state() -> State:
    return State(None)


def prepared(
    state: State,
    client: str,
    host: str,
    model: str,
    body: dict[str, Any],
    allowed: Thinking | None = None,
) -> Prepared:
    """A client's request for one model, as one host is to get it."""
    codec, upstream = CODECS[client], CODECS["openai"]
    data = json.dumps({"model": model, **body}).encode()
    credentials = (Credential(0, "k", ()),)
    there = Host("up", upstream, f"https://{host}/v1", host, (), credentials, Deadlines())
    base, thinking = parse_suffix(model)
    target = Target(there, base, base, ModelEntry(base), thinking=thinking, allowed=allowed)
    job = Job(Incoming("r", codec, [], data), Outcome("r", client), b"k" * 32, Remembered(state))
    return prepared_for(job, target, upstream, strict=False)


def sent(found: Prepared) -> dict[str, Any]:
    body = json.loads(found.body)
    assert isinstance(body, dict)
    return body


def test_a_claude_clients_agent_speaks_deepseeks_words(state: State) -> None:
    found = prepared(
        state,
        "anthropic",
        "api.deepseek.com",
        "deepseek-v4",
        {
            "max_tokens": 9000,
            "thinking": {"type": "enabled", "budget_tokens": 31999},
            "tools": [TOOL],
            "tool_choice": {"type": "any"},
            "messages": [
                *ASKS,
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "t1", "name": "f", "input": {}}]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "t1", "content": "r"}]},
            ],
        },
    )  # fmt: skip
    body = sent(found)
    assert (body["thinking"], body["reasoning_effort"]) == ({"type": "enabled"}, "max")
    assert body["tool_choice"] == "auto"
    assert [one.get("reasoning_content") for one in body["messages"]] == [None, "", None]
    assert "tool_choice" in found.losses


def test_a_chat_clients_own_body_passes_where_the_host_takes_it(state: State) -> None:
    fields = {"messages": ASKS, "reasoning_effort": "high"}
    for host, model in (("api.deepseek.com", "deepseek-v4"), ("vllm.example.com", "glm-5")):
        assert prepared(state, "openai", host, model, fields).conversion is None
    found = prepared(state, "openai", "api.z.ai", "glm-5", fields)
    assert found.conversion is not None
    assert sent(found) == {"model": "glm-5", "messages": ASKS, "thinking": {"type": "enabled"}}


def test_a_chat_clients_forced_tool_is_freed_for_deepseek(state: State) -> None:
    fields = {"messages": ASKS, "tools": [FUNCTION], "tool_choice": "required", "seed": 7}
    body = sent(prepared(state, "openai", "api.deepseek.com", "deepseek-v4", fields))
    assert (body["tool_choice"], body["seed"], body["tools"]) == ("auto", 7, [FUNCTION])


def test_a_suffix_is_told_in_the_hosts_words(state: State) -> None:
    body = sent(
        prepared(state, "openai", "dashscope.aliyuncs.com", "qwen3-max(4096)", {"messages": ASKS})
    )
    assert body == {
        "model": "qwen3-max",
        "messages": ASKS,
        "enable_thinking": True,
        "thinking_budget": 4096,
    }


def test_a_model_known_not_to_think_is_not_told_to(state: State) -> None:
    found = prepared(state, "openai", "api.deepseek.com", "deepseek-v3(high)", {"messages": ASKS})
    assert sent(found) == {"model": "deepseek-v3", "messages": ASKS}
    assert found.losses == ("reasoning",)


def test_the_users_word_on_a_models_thinking_goes_before_the_tables(state: State) -> None:
    allowed = Thinking(zero_allowed=True, levels=("max",))
    body = sent(
        prepared(state, "anthropic", "api.deepseek.com", "deepseek-v4(low)",
                 {"max_tokens": 9, "messages": ASKS}, allowed)
    )  # fmt: skip
    assert body["reasoning_effort"] == "max"


def test_what_the_user_wrote_of_the_asked_model_is_what_it_is_held_to(state: State) -> None:
    with pytest.raises(InvalidRequest, match='level "low" not supported, valid levels: high'):
        prepared(state, "openai", "vllm.example.com", "mine(low)", {"messages": ASKS},
                 Thinking(levels=("high",)))  # fmt: skip
