"""Each refusal of the Responses fake, tripped once, and what it stores."""

from __future__ import annotations

import pytest
from tests.fakes import ResponsesFake
from tests.fakes_tests.asking import DROP, Body, changed, get, post

PATH = "/v1/responses"
USER = {"role": "user", "content": "echo: hi"}
GOOD: Body = {"model": "gpt-5", "input": [USER], "store": False}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "done"}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "made up"}


def given(*items: Body) -> Body:
    return {"input": [USER, *items]}


def said(role: str, part: Body) -> Body:
    return given({"role": role, "content": [part]})


def tool(**fields: object) -> Body:
    return {"tools": [{"type": "function", "name": "f", **fields}]}


TEXT_IN = {"type": "input_text", "text": "x"}

REFUSED: dict[str, tuple[Body, str]] = {
    "unknown field": ({"messages": []}, "Unknown parameter: 'messages'"),
    "no model": ({"model": DROP}, "Missing required parameter: 'model'"),
    "no input": ({"input": DROP}, "One of 'input'"),
    "low limit": ({"max_output_tokens": 10}, "Expected a value >= 16, but got 10"),
    "temperature": ({"temperature": 3}, "maximum value is 2"),
    "effort": ({"reasoning": {"effort": "huge"}}, "Invalid value: 'huge'"),
    "include": ({"include": ["thinking"]}, "Invalid value: 'thinking'"),
    "long user": ({"user": "u" * 65}, "maximum length 64"),
    "stream options alone": ({"stream_options": {}}, "'stream' is enabled"),
    "tool in chat's form": (
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        "Missing required parameter: 'tools[0].name'",
    ),
    "tool type": ({"tools": [{"type": "web_search_20250305"}]}, "Invalid value"),
    "namespace": ({"tools": [{"type": "namespace", "name": "n"}]}, "Invalid value: 'namespace'"),
    "custom tool": ({"tools": [{"type": "custom", "name": "n"}]}, "Invalid value: 'custom'"),
    "tool name": ({"tools": [{"type": "function", "name": "a b"}]}, "pattern"),
    "parameters": (tool(parameters={"type": "array"}), "must be a JSON Schema of"),
    "strict tool": (tool(parameters={"type": "object"}, strict=True), "additionalProperties"),
    "choice of a stranger": (
        {**tool(), "tool_choice": {"type": "function", "name": "other"}},
        "Tool choice 'other' not found",
    ),
    "required without tools": ({"tool_choice": "required"}, "must be specified with 'tools'"),
    "format type": ({"text": {"format": {"type": "json"}}}, "Invalid value: 'json'"),
    "format name": ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "format.name"),
    "format schema": (
        {"text": {"format": {"type": "json_schema", "name": "x"}}},
        "'text.format.schema'",
    ),
    "strict format": (
        {
            "text": {
                "format": {
                    "type": "json_schema",
                    "name": "x",
                    "strict": True,
                    "schema": {"type": "object"},
                }
            }
        },
        "Invalid schema for response_format 'x'",
    ),
    "item type": (given({"type": "tool_result"}), "Invalid value: 'tool_result'"),
    "additional tools": (given({"type": "additional_tools"}), "Invalid value: 'additional_tools'"),
    "compaction": (given({"type": "compaction_trigger"}), "Invalid value: 'compaction_trigger'"),
    "custom call": (given({"type": "custom_tool_call"}), "Invalid value: 'custom_tool_call'"),
    "item field": (given({**CALL, "index": 0}, OUTPUT), "Unknown parameter: 'input[1].index'"),
    "call without output": (given(CALL), "No tool output found for function call call_1"),
    "output without call": (given(OUTPUT), "No tool call found for function call output"),
    "output before call": (given(OUTPUT, CALL), "No tool call found"),
    "output twice": (given(CALL, OUTPUT, OUTPUT), "Duplicate function call output"),
    "id of a call": (given({**CALL, "id": "call_1"}, OUTPUT), "an ID that begins with 'fc'"),
    "long call id": (given({**CALL, "call_id": "c" * 65}), "maximum length 64"),
    "name of a call": (given({**CALL, "name": "a.b"}, OUTPUT), "pattern"),
    "arguments as object": (given({**CALL, "arguments": {}}, OUTPUT), "expected a string"),
    "output as object": (given(CALL, {**OUTPUT, "output": {}}), "Invalid type"),
    "output part": (given(CALL, {**OUTPUT, "output": [{"type": "text"}]}), "'text'"),
    "role": (given({"role": "tool", "content": "x"}), "Invalid value: 'tool'"),
    "content": (given({"role": "user", "content": None}), "Invalid type for"),
    "input_text of an assistant": (
        said("assistant", TEXT_IN),
        "Supported values are: 'output_text' and 'refusal'",
    ),
    "output_text of a user": (said("user", {"type": "output_text", "text": "x"}), "Invalid value"),
    "image of a system": (said("system", {"type": "input_image"}), "Invalid value: 'input_image'"),
    "text missing": (said("user", {"type": "input_text"}), "Missing required parameter"),
    "image URL": (
        said("user", {"type": "input_image", "image_url": "aGk="}),
        "Expected a valid URL",
    ),
    "foreign reasoning": (given(REASONING), "could not be verified"),
    "reasoning's summary": (given({**REASONING, "summary": None}), "summary'"),
    "previous": ({"previous_response_id": "resp_x"}, "Previous response with id 'resp_x'"),
}


@pytest.mark.parametrize("name", list(REFUSED))
async def test_the_responses_fake_refuses(name: str) -> None:
    change, message = REFUSED[name]
    answer = await post(ResponsesFake(), PATH, changed(GOOD, change))
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "item_reference", "id": "rs_9"},
        {"type": "reasoning", "id": "rs_9", "summary": []},
    ],
)
async def test_an_item_that_was_never_stored_is_not_found(item: Body) -> None:
    answer = await post(ResponsesFake(), PATH, changed(GOOD, given(item)))
    assert answer.status_code == 404
    assert "'rs_9' not found" in answer.json()["error"]["message"]


async def test_reasoning_needs_what_it_led_to() -> None:
    fake = ResponsesFake()
    asked = {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"]}
    output = (await post(fake, PATH, {**GOOD, **asked})).json()["output"]
    answer = await post(fake, PATH, changed(GOOD, given(output[0], USER)))
    assert "without its required following item" in answer.json()["error"]["message"]
    assert (await post(fake, PATH, changed(GOOD, given(*output, USER)))).status_code == 200


async def test_openais_own_host_takes_its_own_types() -> None:
    items = given({"type": "additional_tools", "role": "developer", "tools": []})
    tools = {"tools": [{"type": "custom", "name": "exec"}]}
    answer = await post(ResponsesFake(own=True), PATH, changed(GOOD, {**items, **tools}))
    assert answer.status_code == 200


async def test_answers_are_stored_unless_store_is_false() -> None:
    fake = ResponsesFake()
    kept = (await post(fake, PATH, changed(GOOD, {"store": DROP}))).json()
    assert (await get(fake, f"{PATH}/{kept['id']}")).json() == kept
    more = {"previous_response_id": kept["id"], "input": "echo: on"}
    assert (await post(fake, PATH, changed(GOOD, more))).json()["output"][0]["content"][0][
        "text"
    ] == "on"
    lost = (await post(fake, PATH, GOOD)).json()
    assert (await get(fake, f"{PATH}/{lost['id']}")).status_code == 404
