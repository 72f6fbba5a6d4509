"""Each refusal of the Anthropic fake, tripped once."""

from __future__ import annotations

import pytest
from tests.fakes import AnthropicFake
from tests.fakes.seals import seal
from tests.fakes_tests.asking import DROP, Body, changed, get, post

PATH = "/v1/messages"
VERSION = {"anthropic-version": "2023-06-01"}
USER = {"role": "user", "content": "echo: hi"}
GOOD: Body = {"model": "claude-sonnet-4-5", "max_tokens": 2000, "messages": [USER]}
CACHED = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
TOOL = {"name": "f", "input_schema": {"type": "object"}}
BUDGET = {"type": "enabled", "budget_tokens": 1024}
NEW = {"model": "claude-opus-5-5"}


def user(*content: Body) -> Body:
    return {"role": "user", "content": list(content)}


def assistant(*content: Body) -> Body:
    return {"role": "assistant", "content": list(content)}


def use(call_id: str = "t1", **fields: object) -> Body:
    return {"type": "tool_use", "id": call_id, "name": "f", "input": {}, **fields}


def result(call_id: str = "t1", **fields: object) -> Body:
    return {"type": "tool_result", "tool_use_id": call_id, "content": "done", **fields}


def text(value: str, **fields: object) -> Body:
    return {"type": "text", "text": value, **fields}


def turns(*messages: Body) -> Body:
    return {"messages": [USER, *messages]}


def image(media_type: str, data: str) -> Body:
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def schema(**fields: object) -> Body:
    return {"tools": [{"name": "f", "input_schema": {"type": "object", **fields}}]}


def thinking(value: str, signature: str) -> Body:
    return {"type": "thinking", "thinking": value, "signature": signature}


REFUSED: dict[str, tuple[Body, str]] = {
    "unknown field": ({"n": 1}, "n: Extra inputs are not permitted"),
    "beta without its header": ({"context_management": {}}, "context_management: Extra inputs"),
    "no model": ({"model": DROP}, "model: Field required"),
    "no max_tokens": ({"max_tokens": DROP}, "max_tokens: Field required"),
    "max_tokens 0": ({"max_tokens": 0}, "greater than or equal to 1"),
    "huge max_tokens": ({"max_tokens": 200_000}, "maximum allowed number of output tokens"),
    "no messages": ({"messages": DROP}, "messages: Field required"),
    "empty messages": ({"messages": []}, "at least one message is required"),
    "temperature": ({"temperature": 1.5}, "temperature: range: 0..1"),
    "temperature and top_p": ({"temperature": 1, "top_p": 0.9}, "cannot both be specified"),
    "sampling of a new model": ({**NEW, "temperature": 0.5}, "not supported for this model"),
    "thinking type": ({"thinking": {"type": "on"}}, "Input tag 'on'"),
    "thinking without budget": ({"thinking": {"type": "enabled"}}, "budget_tokens: Field required"),
    "small budget": (
        {"thinking": {"type": "enabled", "budget_tokens": 1023}},
        "greater than or equal to 1024",
    ),
    "budget over max_tokens": (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        "`max_tokens` must be greater than `thinking.budget_tokens`",
    ),
    "budget when adaptive": (
        {**NEW, "thinking": {**BUDGET, "type": "adaptive"}},
        "thinking.adaptive.budget_tokens: Extra inputs",
    ),
    "adaptive of an old model": ({"thinking": {"type": "adaptive"}}, "not supported on this model"),
    "budget of a new model": ({**NEW, "thinking": BUDGET}, 'Use "thinking.type.adaptive"'),
    "cool thinking": ({"thinking": BUDGET, "temperature": 0.5}, "may only be set to 1"),
    "top_k thinking": ({"thinking": BUDGET, "top_k": 5}, "`top_k` must be unset"),
    "forced thinking": (
        {"thinking": BUDGET, "tools": [TOOL], "tool_choice": {"type": "any"}},
        "Thinking may not be enabled when tool_choice forces tool use",
    ),
    "prefilled thinking": (
        {"thinking": BUDGET, **turns(assistant(text("a")))},
        "does not support assistant message prefill",
    ),
    "call without its thinking": (
        {"thinking": BUDGET, **turns(assistant(use()), user(result()))},
        "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
    ),
    "made-up signature": (
        turns(assistant(thinking("a", "bWFkZQ=="), text("b")), USER),
        "messages.1.content.0: Invalid `signature` in `thinking` block",
    ),
    "signature of another thought": (
        turns(assistant(thinking("a", seal("anthropic", "b")), text("b")), USER),
        "Invalid `signature`",
    ),
    "no signature": (
        turns(assistant({"type": "thinking", "thinking": "a"}), USER),
        "thinking.signature: Field required",
    ),
    "made-up redaction": (
        turns(assistant({"type": "redacted_thinking", "data": "bWFkZQ=="}), USER),
        "Invalid `data`",
    ),
    "first role": ({"messages": [assistant(text("a"))]}, 'first message must use the "user" role'),
    "role": (turns({"role": "tool", "content": "x"}), "messages.1.role"),
    "system of an old model": (turns({"role": "system", "content": "x"}), "messages.1.role"),
    "field of a message": (turns({**USER, "name": "x"}), "messages.1.name: Extra inputs"),
    "content": (turns({"role": "user", "content": None}), "should be a valid array"),
    "empty content": ({"messages": [user()]}, "must have non-empty content"),
    "empty text": ({"messages": [user(text(""))]}, "text content blocks must be non-empty"),
    "empty system block": ({"system": [text("")]}, "text content blocks must be non-empty"),
    "blank text": ({"messages": [user(text(" \n"))]}, "must contain non-whitespace text"),
    "text missing": ({"messages": [user({"type": "text"})]}, "should be a valid string"),
    "trailing space": (turns(assistant(text("a "))), "cannot end with trailing whitespace"),
    "block type": ({"messages": [user({"type": "input_text"})]}, "Input tag 'input_text'"),
    "call of a user": ({"messages": [user(use())]}, "Input tag 'tool_use'"),
    "field of a block": ({"messages": [user(text("a", index=0))]}, "text.index: Extra inputs"),
    "cached thinking": (
        turns(assistant({**thinking("a", "x"), "cache_control": {}}), USER),
        "thinking.cache_control: Extra inputs",
    ),
    "image type": ({"messages": [user(image("image/bmp", "aGk="))]}, "media_type"),
    "image data": ({"messages": [user(image("image/png", "data:x"))]}, "invalid base64 data"),
    "image source": ({"messages": [user({"type": "image"})]}, "source: Field required"),
    "source type": (
        {"messages": [user({"type": "image", "source": {"type": "x"}})]},
        "source: Input tag 'x'",
    ),
    "call id": (turns(assistant(use("a.b")), user(result("a.b"))), "should match pattern"),
    "input as text": (turns(assistant(use(input="{}")), user(result())), "valid dictionary"),
    "call unanswered": (turns(assistant(use()), USER), "without `tool_result` blocks immediately"),
    "call at the end": (turns(assistant(use())), "without `tool_result` blocks immediately after"),
    "text before the result": (
        turns(assistant(use()), user(text("a"), result())),
        "without `tool_result` blocks immediately after: t1",
    ),
    "orphan": ({"messages": [user(result())]}, "unexpected `tool_use_id`"),
    "result twice": (
        turns(assistant(use()), user(result(), result())),
        "each tool_use must have a single result",
    ),
    "call id twice": (
        turns(assistant(use()), user(result()), assistant(use()), user(result())),
        "`tool_use` ids must be unique",
    ),
    "tool name": ({"tools": [{**TOOL, "name": "a.b"}]}, "tools.0.custom.name"),
    "tool twice": ({"tools": [TOOL, TOOL]}, "Tool names must be unique"),
    "tool type": ({"tools": [{**TOOL, "type": "function"}]}, "Input tag 'function'"),
    "tool field": ({"tools": [{**TOOL, "parameters": {}}]}, "custom.parameters: Extra inputs"),
    "tool without schema": ({"tools": [{"name": "f"}]}, "input_schema: Field required"),
    "schema type": (schema(type="array"), "input_schema.type: Input should be 'object'"),
    "schema union": (schema(anyOf=[{}]), "does not support oneOf, allOf, or anyOf"),
    "property name": (schema(properties={"a b": {}}), "Property keys should match pattern"),
    "choice type": ({"tools": [TOOL], "tool_choice": {"type": "x"}}, "Input tag 'x'"),
    "choice field": (
        {"tools": [TOOL], "tool_choice": {"type": "auto", "name": "f"}},
        "tool_choice.auto.name: Extra inputs",
    ),
    "choice without tools": ({"tool_choice": {"type": "auto"}}, "while providing tools"),
    "choice of a stranger": (
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "g"}},
        "Tool 'g' not found",
    ),
    "effort": ({"output_config": {"effort": "minimal"}}, "output_config.effort"),
    "format": ({"output_config": {"format": {"type": "json"}}}, "should be 'json_schema'"),
    "open format": (
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        "must be explicitly set to false",
    ),
    "metadata": ({"metadata": {"user": "x"}}, "metadata.user: Extra inputs"),
    "blank stop": ({"stop_sequences": ["\n"]}, "non-whitespace"),
    "five cache marks": ({"messages": [user(*[CACHED] * 5)]}, "A maximum of 4 blocks"),
}


@pytest.mark.parametrize("name", list(REFUSED))
async def test_the_anthropic_fake_refuses(name: str) -> None:
    change, message = REFUSED[name]
    answer = await post(AnthropicFake(), PATH, changed(GOOD, change), VERSION)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert message in error["message"]
    assert error["type"] == "invalid_request_error"


NEWEST_REFUSED: dict[str, tuple[Body, str]] = {
    "temperature": ({"temperature": 1}, "temperature: not supported from version 2026-10-21"),
    "document of an assistant": (
        turns(assistant({"type": "document", "source": {"type": "text"}}), USER),
        "document blocks are not permitted in assistant turns",
    ),
    "citations of a user": (
        {"messages": [user(text("a", citations=[]))]},
        "citations are not permitted in user text",
    ),
}


@pytest.mark.parametrize("name", list(NEWEST_REFUSED))
async def test_the_newest_version_refuses_more(name: str) -> None:
    change, message = NEWEST_REFUSED[name]
    newest = {"anthropic-version": "2026-10-21"}
    answer = await post(AnthropicFake(), PATH, changed(GOOD, change), newest)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "message"),
    [({}, "anthropic-version: header is required"), ({"anthropic-version": "1"}, "valid version")],
)
async def test_the_version_header_is_required(headers: dict[str, str], message: str) -> None:
    answer = await post(AnthropicFake(), PATH, GOOD, headers)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


async def test_betas_open_their_fields_and_new_models_take_system_turns() -> None:
    beta = {"anthropic-beta": "context-management-2025-06-27,interleaved-thinking-2025-05-14"}
    change = {"context_management": {}, "thinking": {**BUDGET, "budget_tokens": 2000}}
    answer = await post(AnthropicFake(), PATH, {**GOOD, **change}, {**VERSION, **beta})
    assert answer.status_code == 200
    system = {"role": "system", "content": "x", "output_config": {"effort": "low"}}
    answer = await post(AnthropicFake(), PATH, {**GOOD, **NEW, **turns(system)}, VERSION)
    assert answer.json()["content"] == [{"type": "text", "text": "hi"}]


async def test_an_empty_system_text_is_taken_as_none() -> None:
    answer = await post(AnthropicFake(), PATH, {**GOOD, "system": ""}, VERSION)
    assert answer.status_code == 200


async def test_either_header_carries_the_key_and_a_wrong_one_is_401() -> None:
    keys = {"x-api-key": "up-key", "authorization": ""}
    assert (await post(AnthropicFake(), PATH, GOOD, {**VERSION, **keys})).status_code == 200
    wrong = {"x-api-key": "no", "authorization": ""}
    answer = await post(AnthropicFake(), PATH, GOOD, {**VERSION, **wrong})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"


async def test_tokens_are_counted_and_models_listed() -> None:
    body = changed(GOOD, {"max_tokens": DROP})
    counted = await post(AnthropicFake(), f"{PATH}/count_tokens", body, VERSION)
    assert counted.json() == {"input_tokens": 120}
    refused = await post(AnthropicFake(), f"{PATH}/count_tokens", GOOD, VERSION)
    assert "max_tokens: Extra inputs" in refused.json()["error"]["message"]
    listed = (await get(AnthropicFake(), "/v1/models", VERSION)).json()
    assert listed["first_id"] == "claude-haiku-4-5"
    assert (await get(AnthropicFake(), "/v1/models/x", VERSION)).status_code == 404
