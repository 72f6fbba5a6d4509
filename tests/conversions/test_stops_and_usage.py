"""ccproxy.md appendix B's table of stop reasons, and how each protocol counts tokens, over every
upstream and every client, streamed and not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conversions.pipeline import PROTOCOLS, Exchange
from tests.conversions.wires import (
    anthropic,
    chat,
    chat_call,
    function_call,
    gemini,
    item_events,
    ollama,
    received,
    response,
    responses,
    text_block,
    told,
    tool_block,
)

from dragoman.neutral.json import JsonObject

FILTERED: JsonObject = {"incomplete_details": {"reason": "content_filter"}}
CUT_SHORT: JsonObject = {"incomplete_details": {"reason": "max_output_tokens"}}
CALL: JsonObject = {"name": "get", "args": {}}

UPSTREAM: dict[str, dict[str, bytes]] = {
    "openai": {
        "end": chat({"content": "Hi."}),
        "tool": chat(*chat_call(0, "get", "{}"), finish="tool_calls"),
        "length": chat({"content": "Hi."}, finish="length"),
        "refusal": chat({"content": "Hi."}, finish="content_filter"),
    },
    "responses": {
        "end": responses(*item_events(0, told("Hi.")), end=response(told("Hi."))),
        "tool": responses(
            *item_events(0, function_call("a", "get")), end=response(function_call("a", "get"))
        ),
        "length": responses(
            *item_events(0, told("Hi.")),
            end=response(told("Hi."), status="incomplete", **CUT_SHORT),
        ),
        "refusal": responses(
            *item_events(0, told("Hi.")),
            end=response(told("Hi."), status="incomplete", **FILTERED),
        ),
    },
    "anthropic": {
        "end": anthropic(text_block("Hi.")),
        "tool": anthropic(tool_block("a", "get", "{}"), stop="tool_use"),
        "length": anthropic(text_block("Hi."), stop="max_tokens"),
        "stop-sequence": anthropic(text_block("Hi."), stop="stop_sequence"),
        "refusal": anthropic(text_block("Hi."), stop="refusal"),
        "context-full": anthropic(text_block("Hi."), stop="model_context_window_exceeded"),
    },
    "gemini": {
        "end": gemini({"text": "Hi."}),
        "tool": gemini({"functionCall": CALL}),
        "length": gemini({"text": "Hi."}, finish="MAX_TOKENS"),
        "refusal": gemini({"text": "Hi."}, finish="PROHIBITED_CONTENT"),
    },
    "ollama": {
        "end": ollama({"content": "Hi."}),
        "tool": ollama({"tool_calls": [{"function": {"name": "get", "arguments": {}}}]}),
        "length": ollama({"content": "Hi."}, done="length"),
    },
}

TOLD: dict[str, dict[str, str]] = {
    "openai": {
        "end": "stop", "tool": "tool_calls", "length": "length", "stop-sequence": "stop",
        "refusal": "content_filter", "context-full": "length",
    },
    "anthropic": {
        "end": "end_turn", "tool": "tool_use", "length": "max_tokens",
        "stop-sequence": "stop_sequence", "refusal": "refusal",
        "context-full": "model_context_window_exceeded",
    },
    "gemini": {
        "end": "STOP", "tool": "STOP", "length": "MAX_TOKENS", "stop-sequence": "STOP",
        "refusal": "SAFETY", "context-full": "MAX_TOKENS",
    },
    "ollama": {
        "end": "stop", "tool": "stop", "length": "length", "stop-sequence": "stop",
        "refusal": "stop", "context-full": "length",
    },
    "responses": {
        "end": "completed", "tool": "completed", "length": "incomplete max_output_tokens",
        "stop-sequence": "completed", "refusal": "incomplete content_filter",
        "context-full": "incomplete max_output_tokens",
    },
}  # fmt: skip


def _stop(client: str, data: bytes) -> str:
    """The stop reason a client's stream tells."""
    if client == "openai":
        reasons = [c["choices"][0]["finish_reason"] for c in received(data) if c["choices"]]
        return str(reasons[-1])
    last = received(data)[-1]
    if client == "anthropic":
        return str(received(data)[-2]["delta"]["stop_reason"])
    if client == "gemini":
        reason = str(last["candidates"][0]["finishReason"])
        return "SAFETY" if reason == "PROHIBITED_CONTENT" else reason
    if client == "ollama":
        return str(last["done_reason"])
    ended = last["response"]
    details = ended["incomplete_details"]
    return f"{ended['status']} {details['reason']}" if details else str(ended["status"])


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize(
    ("upstream", "reason"),
    [(upstream, reason) for upstream, streams in UPSTREAM.items() for reason in streams],
)
def test_each_stop_reason_has_its_word_in_every_protocol(
    upstream: str, reason: str, client: str
) -> None:
    data = Exchange(upstream, client).streamed([UPSTREAM[upstream][reason]])

    assert _stop(client, data) == TOLD[client][reason]


# -- usage: 120 tokens read (100 of them from the cache), 30 written (12 of them thought)

READ, CACHED, WRITTEN, SPOKEN, THOUGHT = 120, 100, 4, 30, 12

COUNTED: dict[str, bytes] = {
    "openai": chat(
        {"content": "Hi."},
        usage={
            "prompt_tokens": READ,
            "completion_tokens": SPOKEN,
            "total_tokens": READ + SPOKEN,
            "prompt_tokens_details": {"cached_tokens": CACHED},
            "completion_tokens_details": {"reasoning_tokens": THOUGHT},
        },
    ),
    "responses": responses(
        *item_events(0, told("Hi.")),
        end=response(
            told("Hi."),
            usage={
                "input_tokens": READ,
                "input_tokens_details": {"cached_tokens": CACHED},
                "output_tokens": SPOKEN,
                "output_tokens_details": {"reasoning_tokens": THOUGHT},
                "total_tokens": READ + SPOKEN,
            },
        ),
    ),
    "anthropic": anthropic(
        text_block("Hi."),
        usage_in={
            "input_tokens": READ - CACHED - WRITTEN,
            "cache_read_input_tokens": CACHED,
            "cache_creation_input_tokens": WRITTEN,
            "output_tokens": 1,
        },
        usage_out={"output_tokens": SPOKEN},
    ),
    "gemini": gemini(
        {"text": "Hi."},
        usage={
            "promptTokenCount": READ,
            "cachedContentTokenCount": CACHED,
            "candidatesTokenCount": SPOKEN - THOUGHT,
            "thoughtsTokenCount": THOUGHT,
            "totalTokenCount": READ + SPOKEN,
        },
    ),
    "ollama": ollama({"content": "Hi."}, prompt_eval_count=READ, eval_count=SPOKEN),
}


def _usage(client: str, data: bytes) -> dict[str, Any]:
    """The counts a client's stream tells, by plain names."""
    last = received(data)[-1]
    if client == "anthropic":
        usage = received(data)[-2]["usage"]
        return {
            "read": usage["input_tokens"]
            + usage.get("cache_read_input_tokens", 0)
            + usage.get("cache_creation_input_tokens", 0),
            "cached": usage.get("cache_read_input_tokens"),
            "written": usage.get("cache_creation_input_tokens"),
            "spoken": usage["output_tokens"],
        }
    if client == "gemini":
        usage = last["usageMetadata"]
        thought = usage.get("thoughtsTokenCount")
        return {
            "read": usage["promptTokenCount"],
            "cached": usage.get("cachedContentTokenCount"),
            "thought": thought,
            "spoken": usage["candidatesTokenCount"] + (thought or 0),
            "total": usage["totalTokenCount"],
        }
    if client == "ollama":
        return {"read": last["prompt_eval_count"], "spoken": last["eval_count"]}
    usage = last["usage"] if client == "openai" else last["response"]["usage"]
    names = ("prompt", "completion") if client == "openai" else ("input", "output")
    into = usage.get(f"{names[0]}_tokens_details") or {}
    out = usage.get(f"{names[1]}_tokens_details") or {}
    return {
        "read": usage[f"{names[0]}_tokens"],
        "cached": into.get("cached_tokens"),
        "written": into.get("cache_write_tokens"),
        "thought": out.get("reasoning_tokens"),
        "spoken": usage[f"{names[1]}_tokens"],
        "total": usage["total_tokens"],
    }


@pytest.mark.parametrize("client", PROTOCOLS)
@pytest.mark.parametrize("upstream", PROTOCOLS)
def test_tokens_are_counted_the_way_each_protocol_counts_them(upstream: str, client: str) -> None:
    told_counts = _usage(client, Exchange(upstream, client).streamed([COUNTED[upstream]]))

    real: dict[str, Any] = {"read": READ, "spoken": SPOKEN, "total": READ + SPOKEN}
    if upstream != "ollama":
        real["cached"] = CACHED
    if upstream == "anthropic":
        real["written"] = WRITTEN
    if upstream in ("openai", "responses", "gemini"):
        real["thought"] = THOUGHT
    known = {name: count for name, count in told_counts.items() if name in real}
    assert known == {name: real[name] for name in known}
    for name in ("cached", "written", "thought"):
        assert name in real or not told_counts.get(name)


def test_fresh_and_cached_of_anthropic_count_once_each() -> None:
    usage: JsonObject = {
        "input_tokens": 114, "cache_read_input_tokens": 1024, "output_tokens": 5,
    }  # fmt: skip
    whole: JsonObject = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "c",
        "content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn", "usage": usage,
    }  # fmt: skip
    counts = Exchange("anthropic", "openai").answered(json.dumps(whole).encode())["usage"]
    assert counts["prompt_tokens"] == 1138
    assert counts["prompt_tokens_details"]["cached_tokens"] == 1024


def test_anthropics_input_never_holds_the_cached_tokens() -> None:
    data = Exchange("openai", "anthropic").streamed([COUNTED["openai"]])
    usage = received(data)[-2]["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (READ - CACHED, CACHED)
