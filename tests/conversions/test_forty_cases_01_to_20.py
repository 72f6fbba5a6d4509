"""The forty edge cases of cliproxyapi.md §6.3, each by its number. Case 28 and the last sentence of
40 are as issue 2 has them: what an upstream's hosted tools did reaches other protocols as text and
citations, and custom tools become functions of one string, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conversions.cases import (
    PATCH,
    PNG,
    SCHEMA,
    asked,
    call,
    fitted,
    output,
    result_ids,
    to_anthropic,
    user,
)
from tests.conversions.pipeline import Exchange, body_for, convert
from tests.conversions.wires import (
    anthropic,
    chat,
    chat_call,
    of_type,
    tool_block,
)

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses


def test_case_01_parallel_results_end_up_in_one_user_turn() -> None:
    items = (user("Go."), call("a"), call("b"), output("b", "B"), user("And?"), output("a", "A"))
    messages = to_anthropic(*items)
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert result_ids(messages[2]) == ["a", "b"]
    contents: Any = body_for(asked(*items), "responses", "gemini")["contents"]
    assert [list(part) for part in contents[2]["parts"]] == [
        ["functionResponse"],
        ["functionResponse"],
        ["text"],
    ]


def test_case_02_a_system_message_between_does_not_split_the_turn() -> None:
    system: JsonObject = {"role": "system", "content": "Be brief."}
    messages = to_anthropic(
        user("Go."), call("a"), call("b"), output("a", "A"), system, output("b", "B"), user("Now?")
    )
    assert len(messages) == 3
    assert result_ids(messages[2]) == ["a", "b"]
    assert [part["text"] for part in messages[2]["content"][2:]] == [
        "<system-reminder>\nBe brief.\n</system-reminder>",
        "Now?",
    ]


def test_case_03_of_duplicate_results_the_last_is_kept() -> None:
    messages = to_anthropic(user("Go."), call("a"), output("a", "old"), output("a", "new"))
    assert messages[2]["content"] == [{"type": "tool_result", "tool_use_id": "a", "content": "new"}]


def test_case_04_orphan_results_and_ambiguous_call_ids_are_dropped() -> None:
    losses = Losses()
    items = (user("Go."), call("a"), call("a", arguments='{"x":1}'), output("a", "A"))
    body = asked(*items, output("nobody", "x"))
    sent = json.dumps(convert(body, "responses", "anthropic", losses).body, default=str)
    assert sent.count('"tool_use"') == 1
    assert "nobody" not in sent
    assert {"tool_call", "tool_result"} <= set(losses.fields)


@pytest.mark.parametrize("target", ["openai", "responses", "gemini", "ollama"])
def test_case_05_a_call_id_may_come_again_in_a_later_round(target: str) -> None:
    body = asked(user("Go."), call("a"), output("a", "one"), call("a"), output("a", "two"))
    sent = json.dumps(body_for(body, "responses", target))
    assert sent.index("one") < sent.index("two")


def test_case_05_for_anthropic_which_wants_each_id_once_it_is_numbered() -> None:
    messages = to_anthropic(
        user("Go."), call("a"), output("a", "one"), call("a"), output("a", "two")
    )
    assert [part["id"] for part in messages[1]["content"] + messages[3]["content"]] == ["a", "a_2"]
    assert [part["tool_use_id"] for part in messages[2]["content"]] == ["a"]
    assert [part["tool_use_id"] for part in messages[4]["content"]] == ["a_2"]


def test_case_06_a_missing_call_id_is_made_and_its_result_finds_it() -> None:
    contents: JsonObject = {
        "model": "m",
        "contents": [
            {"role": "user", "parts": [{"text": "Go."}]},
            {"role": "model", "parts": [{"functionCall": {"name": "get", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "get", "response": {}}}]},
        ],
    }
    messages: Any = body_for(contents, "gemini", "anthropic")["messages"]
    made = messages[1]["content"][0]["id"]
    assert made
    assert messages[2]["content"][0]["tool_use_id"] == made


def test_case_07_a_result_or_message_out_of_order_waits_for_the_call() -> None:
    early = to_anthropic(user("Go."), output("a", "A"), call("a"))
    assert result_ids(early[2]) == ["a"]
    between = to_anthropic(user("Go."), call("a"), user("Wait."), output("a", "A"))
    assert [part["type"] for part in between[2]["content"]] == ["tool_result", "text"]


@pytest.mark.parametrize(("target", "field"), [("anthropic", "messages"), ("gemini", "contents")])
def test_case_08_system_text_alone_still_has_a_user_message(target: str, field: str) -> None:
    body: JsonObject = {"model": "m", "messages": [{"role": "system", "content": "Say hello."}]}
    turns: Any = body_for(body, "openai", target)[field]
    assert [turn["role"] for turn in turns] == ["user"]


def test_case_09_a_system_part_that_is_no_text_leaves_a_marker() -> None:
    image: JsonObject = {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}
    system: JsonObject = {"role": "system", "content": [image]}
    sent = body_for(asked(system, user("Go.")), "responses", "anthropic")
    assert "[image omitted]" in json.dumps(sent["system"])


def test_case_10_developer_and_system_become_the_system_and_its_mark_stays_last() -> None:
    mark: JsonObject = {"type": "ephemeral"}
    body: JsonObject = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "One."},
            {
                "role": "developer",
                "cache_control": mark,
                "content": [{"type": "text", "text": "Two."}, {"type": "text", "text": "Three."}],
            },
            user("Go."),
        ],
    }
    system: Any = body_for(body, "openai", "anthropic")["system"]
    assert [part["text"] for part in system] == ["One.", "Two.", "Three."]
    assert ["cache_control" in part for part in system] == [False, False, True]


def test_case_11_a_parts_cache_mark_wins_over_its_messages() -> None:
    part: JsonObject = {
        "type": "text", "text": "Go.", "cache_control": {"type": "ephemeral", "ttl": "1h"},
    }  # fmt: skip
    tool: JsonObject = {
        "type": "function", "function": {"name": "f"},
        "cache_control": {"type": "ephemeral", "ttl": "1h"},
    }  # fmt: skip
    message: JsonObject = {
        "role": "user", "content": [part], "cache_control": {"type": "ephemeral"},
    }  # fmt: skip
    body: JsonObject = {"model": "m", "messages": [message], "tools": [tool]}
    sent: Any = body_for(body, "openai", "anthropic")
    assert sent["messages"][0]["content"][0]["cache_control"]["ttl"] == "1h"
    assert sent["tools"][0]["cache_control"]["ttl"] == "1h"


def test_case_12_a_union_at_the_root_becomes_an_object_and_bad_types_are_repaired() -> None:
    one: JsonObject = {"type": "object", "properties": {"a": {"type": "string"}}}
    two: JsonObject = {"type": "object", "properties": {"b": {"type": "string"}}}
    for target in ("anthropic", "responses", "gemini"):
        root: Any = fitted({"anyOf": [one, two]}, target)
        assert (root["type"], set(root["properties"])) == ("object", {"a", "b"})
        assert fitted({"type": "object"}, target)["properties"] == {}
    broken: Any = fitted({"type": "object", "properties": {"x": True}}, "gemini")
    assert isinstance(broken["properties"]["x"], dict)


def test_case_13_properties_named_like_keywords_survive() -> None:
    names = ("title", "format", "x-kind", "default", "$schema")
    schema: JsonObject = {"type": "object", "properties": {n: {"type": "string"} for n in names}}
    kept: Any = fitted(schema, "gemini")["properties"]
    assert {"title", "format", "x-kind", "default"} <= set(kept)


def test_case_14_required_holds_existing_properties_and_a_canonical_schema_stays() -> None:
    loose: JsonObject = {**SCHEMA, "required": ["id", "gone"]}
    assert fitted(loose, "gemini")["required"] == ["id"]
    canonical: JsonObject = {**SCHEMA, "required": ["id"], "additionalProperties": False}
    assert json.dumps(fitted(canonical, "responses")) == json.dumps(canonical)
    assert json.dumps(fitted(canonical, "anthropic")) == json.dumps(canonical)


def test_case_15_images_of_results_travel_and_plain_text_is_left_alone() -> None:
    images: list[Json] = [
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
        {"type": "input_image", "image_url": "https://example.com/a.png"},
    ]
    messages = to_anthropic(user("Go."), call("a"), output("a", images))
    kinds = [part["source"]["type"] for part in messages[2]["content"][0]["content"]]
    assert kinds == ["base64", "url"]
    text = '{"note": "image_url"}'
    plain = to_anthropic(user("Go."), call("a"), output("a", text))
    assert plain[2]["content"][0]["content"] == text


def test_case_15_an_image_told_as_json_text_is_an_image_again() -> None:
    told_image = json.dumps([{"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}])
    messages = to_anthropic(user("Go."), call("a"), output("a", told_image))
    content = messages[2]["content"][0]["content"]
    assert [part["type"] for part in content] == ["image"]


def test_case_16_empty_content_is_accepted_and_makes_no_message() -> None:
    body: JsonObject = {
        "model": "m",
        "messages": [user("Go."), {"role": "assistant", "content": ""}, user("")],
    }
    messages: Any = body_for(body, "openai", "anthropic")["messages"]
    assert [message["role"] for message in messages] == ["user"]


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_case_17_both_names_of_the_limit_are_read(field: str) -> None:
    body: JsonObject = {"model": "m", "messages": [user("Go.")], field: 77}
    assert body_for(body, "openai", "anthropic")["max_tokens"] == 77


@pytest.mark.parametrize("id_", ["call:1/2", "c" * 90, "é"])
def test_case_18_call_ids_are_made_legal_alike_on_call_and_result(id_: str) -> None:
    messages = to_anthropic(user("Go."), call(id_), output(id_, "A"))
    fitted_id = messages[1]["content"][0]["id"]
    assert messages[2]["content"][0]["tool_use_id"] == fitted_id
    assert set(fitted_id) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
    assert len(fitted_id) <= 64
    assert to_anthropic(user("Go."), call(id_), output(id_, "A")) == messages


def test_case_19_shortened_names_stay_apart_and_keep_their_kind() -> None:
    long = "mcp__server__" + "x" * 80
    tools: list[Json] = [
        {"type": "function", "name": long + "1", "parameters": SCHEMA},
        {"type": "custom", "name": long + "2"},
    ]
    body = asked(user("Go."), tools=tools)
    rendered = convert(body, "responses", "openai")
    sent: Any = rendered.body["tools"]
    names = [tool["function"]["name"] for tool in sent]
    assert len(set(names)) == 2
    assert all(len(name) <= 64 for name in names)
    back = [
        item
        for name in names
        for event in of_type(
            Exchange("openai", "responses", body).streamed(
                [chat(*chat_call(0, name, '{"input":"x"}'), finish="tool_calls")]
            ),
            "response.output_item.done",
        )
        for item in [event["item"]]
        if isinstance(item, dict)
    ]
    assert [(item["type"], item["name"]) for item in back] == [
        ("function_call", long + "1"),
        ("custom_tool_call", long + "2"),
    ]


def test_case_20_custom_call_history_replays_and_comes_back() -> None:
    history: tuple[Json, ...] = (
        user("Go."),
        {"type": "custom_tool_call", "call_id": "a", "name": "apply_patch", "input": "it's\n"},
        {"type": "custom_tool_call_output", "call_id": "a", "output": "done"},
    )
    body = asked(*history, tools=[PATCH])
    assert body_for(body, "responses", "responses")["input"] == list(history)
    sent: Any = body_for(body, "responses", "anthropic")["messages"]
    assert sent[1]["content"][0]["input"] == {"input": "it's\n"}
    upstream = anthropic(tool_block("b", "apply_patch", '{"input": "it', "'s\\n\"}"))
    done = of_type(
        Exchange("anthropic", "responses", body).streamed([upstream]), "response.output_item.done"
    )
    item: Any = done[0]["item"]
    assert (item["type"], item["name"], item["input"]) == (
        "custom_tool_call",
        "apply_patch",
        "it's\n",
    )
