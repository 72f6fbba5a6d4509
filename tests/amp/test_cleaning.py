"""What of earlier answers Anthropic would refuse, taken out of a request, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dragoman.amp.cleaning import cleaned

USER = {"role": "user", "content": "hi"}
TEXT = {"type": "text", "text": "yes"}


def body(*content: object, **more: Any) -> bytes:
    return json.dumps(
        {
            "model": "m",
            "messages": [USER, {"role": "assistant", "content": list(content)}, USER],
            **more,
        }
    ).encode()


def content(data: bytes) -> Any:
    return json.loads(data)["messages"][1]["content"]


@pytest.mark.parametrize(
    "signature", [{}, {"signature": ""}, {"signature": "  "}, {"signature": 5}]
)
def test_thinking_that_nobody_signed_goes(signature: dict[str, Any]) -> None:
    assert content(cleaned(body({"type": "thinking", "thinking": "x", **signature}, TEXT))) == [
        TEXT
    ]


def test_a_tool_calls_signature_goes_and_its_numbers_stay_exact() -> None:
    call = b'{"type":"tool_use","id":"t","input":{"a":1.50,"b":1e400}}'
    wanted = b'{"messages":[{"role":"assistant","content":[CALL]}], "x" : 1.0}'
    wanted = wanted.replace(b"CALL", call)
    signed = wanted.replace(b"1e400}}", b'1e400},"signature":""}')
    assert cleaned(signed) == wanted


def test_a_message_of_nothing_else_goes_as_a_whole() -> None:
    data = cleaned(body({"type": "thinking", "thinking": "x"}))
    assert json.loads(data)["messages"] == [USER, USER]


@pytest.mark.parametrize(
    "data",
    [
        body({"type": "thinking", "thinking": "x", "signature": "signed"}, TEXT),
        body({"type": "tool_use", "id": "t", "name": "n", "input": {"signature": "of its own"}}),
        body(TEXT, thinking={"type": "enabled", "budget_tokens": 2000}),
        b'{"messages":[{"role":"user","content":[{"type":"thinking","thinking":"x"}]}]}',
        b'{"messages":[{"role":"assistant","content":"thinking"}],"thinking":{}}',
        b'{"thinking":1}',
        b'{"thinking":',
        b'{"messages":[5],"thinking":1}',
        b'{"messages":"thinking"}',
        b'{"messages":[{"role":"assistant","content":[7]}],"thinking":1}',
    ],
)
def test_everything_else_stays_byte_for_byte(data: bytes) -> None:
    assert cleaned(data) == data
