"""Whole answers of OpenAI-compatible hosts, asked for or not."""

import json

from tests.protocols.openai_chat.upstream_streams import answer, chunk, end, events, origin, wire

from dragoman.errors import Broken
from dragoman.neutral.events import (
    Failed,
)
from dragoman.neutral.parts import (
    Reasoning,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.openai_chat.codec import CODEC

WHOLE = {
    "id": "chatcmpl-9",
    "object": "chat.completion",
    "model": "m",
    "system_fingerprint": "fp",
    "service_tier": "default",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "a",
                "reasoning_content": "hm",
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4},
}


def test_a_whole_answer_gives_the_same_events_as_a_stream() -> None:
    response = fold(CODEC.answer_in(json.dumps(WHOLE).encode(), origin()))
    assert response.id == "chatcmpl-9"
    assert response.extras == {"system_fingerprint": "fp", "service_tier": "default"}
    assert response.choices[0].parts == (Reasoning("hm"), Text("a"), ToolCall("c", "f", "{}"))
    assert response.choices[0].stop == "tool-call"
    assert response.usage == Usage(tokens_in=3, tokens_out=4, protocol="openai")


def test_a_whole_answer_or_error_where_a_stream_was_asked_is_read() -> None:
    response = answer(json.dumps(WHOLE, indent=1).encode())
    assert response.choices[0].stop == "tool-call"
    [error] = events(b'\n{"error": {"message": "no", "code": 503}}')
    assert isinstance(error, Failed)
    assert (error.error.status, error.error.message) == (503, "no")


def test_a_stream_where_a_whole_answer_was_asked_is_read() -> None:
    found = CODEC.answer_in(b"\n" + wire(chunk({"content": "a"}), end()), origin())
    assert fold(found).choices[0].parts == (Text("a"),)


def test_a_whole_answer_that_is_an_error_or_garbage_fails() -> None:
    [error] = CODEC.answer_in(b'{"error": {"message": "no", "code": 503}}', origin())
    [garbage] = CODEC.answer_in(b"<html>", origin())
    assert isinstance(error, Failed)
    assert error.error.status == 503
    assert isinstance(garbage, Failed)
    assert isinstance(garbage.error, Broken)
