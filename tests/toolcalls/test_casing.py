"""Tool names told in another letter case, restored in each protocol's answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dragoman.neutral.events import Finished, PartStarted
from dragoman.neutral.parts import Text, ToolCall
from dragoman.toolcalls.casing import Casing, declared_names

CASING = Casing(["Bash", "read", "Task", "task"])


@pytest.mark.parametrize(
    ("told", "restored"),
    [("bash", "Bash"), ("BASH", "Bash"), ("Bash", "Bash"), ("READ", "read"), ("other", "other"),
     ("task", "task"), ("TASK", "TASK")],
)  # fmt: skip
def test_a_name_that_fits_one_tool_but_for_its_case_is_that_tools(told: str, restored: str) -> None:
    assert CASING.of(told) == restored


def test_names_are_read_of_every_protocols_tools() -> None:
    tools = [
        {"name": "a", "input_schema": {}},
        {"type": "function", "function": {"name": "b"}},
        {"type": "function", "name": "c"},
        {"functionDeclarations": [{"name": "d"}]},
        {"function_declarations": [{"name": "e"}, 5]},
        {"googleSearch": {}},
        {"name": 7},
        None,
    ]
    assert list(declared_names(tools)) == ["a", "b", "c", "d", "e"]
    assert list(declared_names("no list")) == []
    assert (bool(Casing([])), bool(CASING)) == (False, True)


def test_a_converted_answers_calls_are_restored_as_they_begin() -> None:
    assert CASING.apply(PartStarted(1, ToolCall("id", "bash", ""), 2)) == [
        PartStarted(1, ToolCall("id", "Bash", ""), 2)
    ]
    for event in (PartStarted(0, Text("")), Finished("end")):
        assert CASING.apply(event) == [event]


@pytest.mark.parametrize(
    "form",
    [
        {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "NAME"}},
        {"content": [{"type": "text"}, {"type": "tool_use", "name": "NAME", "input": {}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": {"name": "NAME"}}]}}]},
        {"choices": [{"message": {"tool_calls": [{"function": {"name": "NAME"}}]}}]},
        {"item": {"type": "function_call", "name": "NAME"}},
        {"response": {"output": [{"type": "custom_tool_call", "name": "NAME"}]}},
        {"candidates": [{"content": {"parts": [{"functionCall": {"name": "NAME"}}]}}]},
    ],
)
def test_a_passed_answers_calls_are_restored(form: dict[str, Any]) -> None:
    text = json.dumps(form)
    told = text.replace("NAME", "bash").encode()
    assert json.loads(CASING.rewritten(told)) == json.loads(text.replace("NAME", "Bash"))
    for name in ("Bash", "unknown"):
        exact = text.replace("NAME", name).encode()
        assert CASING.rewritten(exact) is exact


@pytest.mark.parametrize(
    "document",
    [
        b'{"delta": {"text": "bash"}}',
        b'{"type":"tool_use","name":"bash"',
        b'{"type":"tool_use","name":5}',
        b'{"type":"tool_use","name":"Bash","input":{"type":"tool_use","name":"bash"}}',
        b'["tool_use"]',
    ],
)
def test_what_is_no_call_stays_byte_for_byte(document: bytes) -> None:
    assert CASING.rewritten(document) is document
