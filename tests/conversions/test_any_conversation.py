"""Whatever order a client's conversation is in, what goes upstream keeps the rules of the real API;
and what goes to the client's own protocol keeps what it said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conversions.pipeline import PROTOCOLS, TARGETS, VARIANTS, body_for
from tests.conversions.upstream_rules import refusal

from dragoman.neutral.json import JsonObject

WORDS = st.text(alphabet=st.characters(codec="utf-8", categories=("L", "P", "S")), max_size=8)
IDS = st.sampled_from(["call_1", "call_2", "c.3/ä", "long" * 20])
NAMES = st.sampled_from(["get", "mcp__server__tool", "a.b", "x" * 70])
PNG = "data:image/png;base64,iVBORw0KGgo="
SCHEMA: JsonObject = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"-A": {"type": ["integer", "null"], "exclusiveMinimum": 0}},
    "required": ["-A"],
}

_CALL = st.builds(
    lambda id_, name, number: {
        "id": id_,
        "type": "function",
        "function": {"name": name, "arguments": json.dumps({"-A": number})},
    },
    IDS,
    NAMES,
    st.integers(0, 9),
)
_MESSAGE: st.SearchStrategy[JsonObject] = st.one_of(
    st.builds(
        lambda role, text: {"role": role, "content": text},
        st.sampled_from(["user", "assistant", "system", "developer"]),
        WORDS,
    ),
    st.builds(
        lambda text: {
            "role": "user",
            "content": [
                {"type": "text", "text": text},
                {"type": "image_url", "image_url": {"url": PNG}},
            ],
        },
        WORDS,
    ),
    st.builds(
        lambda text, thought, calls: {
            "role": "assistant",
            "content": text or None,
            "reasoning_content": thought,
            "tool_calls": calls,
        },
        WORDS,
        WORDS,
        st.lists(_CALL, min_size=1, max_size=3),
    ),
    st.builds(lambda id_, text: {"role": "tool", "tool_call_id": id_, "content": text}, IDS, WORDS),
)
_BODY: st.SearchStrategy[JsonObject] = st.builds(
    lambda messages, effort, choice: {
        "model": "m",
        "messages": messages,
        "tools": [
            {"type": "function", "function": {"name": name, "parameters": SCHEMA}}
            for name in ("get", "mcp__server__tool", "a.b", "x" * 70)
        ],
        "tool_choice": choice,
        **({"reasoning_effort": effort} if effort else {}),
    },
    st.lists(_MESSAGE, min_size=1, max_size=7),
    st.sampled_from([None, "none", "low", "high"]),
    st.sampled_from(["auto", "none", "required"]),
)
FOREIGN = [name for name, (protocol, _) in {**TARGETS, **VARIANTS}.items() if protocol != "openai"]


@pytest.mark.parametrize("target", FOREIGN)
@settings(max_examples=50)
@given(body=_BODY)
def test_no_upstream_refuses_what_a_chat_client_asks_in_any_order(
    target: str, body: JsonObject
) -> None:
    sent = body_for(body, "openai", target)

    assert refusal(target, sent) is None


def _as_anthropic(body: JsonObject) -> JsonObject:
    """The same conversation as an Anthropic client would send it."""
    messages: Any = body["messages"]
    out: list[Any] = []
    for message in messages:
        blocks: list[Any] = []
        if message["role"] == "tool":
            id_, text = message["tool_call_id"], message["content"]
            blocks.append({"type": "tool_result", "tool_use_id": id_, "content": text})
        elif isinstance(message["content"], str) and message["content"]:
            blocks.append({"type": "text", "text": message["content"]})
        for call in message.get("tool_calls", ()):
            function = call["function"]
            blocks.append(
                {
                    "type": "tool_use",
                    "id": call["id"],
                    "name": function["name"],
                    "input": json.loads(function["arguments"]),
                }
            )
        role = message["role"] if message["role"] in ("assistant", "system") else "user"
        if blocks:
            out.append({"role": role, "content": blocks})
    tools: Any = body["tools"]
    return {
        "model": "m",
        "max_tokens": 4000,
        "messages": out or [{"role": "user", "content": "Hi"}],
        "tools": [
            {"name": tool["function"]["name"], "input_schema": tool["function"]["parameters"]}
            for tool in tools
        ],
    }


@pytest.mark.parametrize("target", ["openai", "responses", "gemini", "ollama", "compatible-chat"])
@settings(max_examples=50)
@given(body=_BODY)
def test_no_upstream_refuses_what_an_anthropic_client_asks_in_any_order(
    target: str, body: JsonObject
) -> None:
    sent = body_for(_as_anthropic(body), "anthropic", target)

    assert refusal(target, sent) is None


@pytest.mark.parametrize("target", PROTOCOLS)
@settings(max_examples=50)
@given(body=_BODY)
def test_the_same_history_gives_the_same_bytes(target: str, body: JsonObject) -> None:
    assert json.dumps(body_for(body, "openai", target)) == json.dumps(
        body_for(body, "openai", target)
    )


_ITEM: st.SearchStrategy[JsonObject] = st.one_of(
    st.builds(
        lambda role, text: {"role": role, "content": [{"type": "input_text", "text": text}]},
        st.sampled_from(["user", "developer", "system"]),
        WORDS,
    ),
    st.builds(
        lambda text: {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        },
        WORDS,
    ),
    st.builds(
        lambda text, blob: {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": text}],
            "encrypted_content": blob,
        },
        WORDS,
        st.text("abc", min_size=1, max_size=5),
    ),
)


@settings(max_examples=100)
@given(
    items=st.lists(_ITEM, min_size=1, max_size=5),
    ids=st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=3),
    more=st.fixed_dictionaries(
        {},
        optional={
            "instructions": WORDS,
            "temperature": st.sampled_from([0, 1, 0.5]),
            "max_output_tokens": st.integers(16, 999),
            "parallel_tool_calls": st.booleans(),
            "store": st.booleans(),
            "metadata": st.dictionaries(WORDS, WORDS, max_size=2),
            "someday": st.none() | st.integers() | WORDS,
        },
    ),
)
def test_a_responses_body_comes_back_as_it_was(
    items: list[JsonObject], ids: list[str], more: JsonObject
) -> None:
    calls: list[JsonObject] = [
        {"type": "function_call", "call_id": id_, "name": "get", "arguments": "{ }"} for id_ in ids
    ]
    outputs: list[JsonObject] = [
        {"type": "function_call_output", "call_id": id_, "output": "A"} for id_ in ids
    ]
    body: JsonObject = {"model": "gpt-5", "input": [*items, *calls, *outputs], **more}

    assert body_for(body, "responses", "responses") == body
