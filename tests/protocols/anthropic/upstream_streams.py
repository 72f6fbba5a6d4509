"""Streams of a Messages upstream, and their reading."""

import json

from dragoman.neutral.events import (
    Event,
)
from dragoman.neutral.json import Json, JsonObject, encode
from dragoman.neutral.parts import (
    ReasoningState,
)
from dragoman.protocols.anthropic.events_in import stream_in
from dragoman.protocols.codec import Origin

ORIGIN = Origin(lambda prefix: prefix + "new", "up", "cred")


def wire(*frames: JsonObject) -> bytes:
    return b"".join(
        f"event: {frame['type']!s}\ndata: {json.dumps(frame, ensure_ascii=False)}\n\n".encode()
        for frame in frames
    )


def read(*pieces: bytes) -> list[Event]:
    decoder = stream_in(ORIGIN)
    out = [event for piece in pieces for event in decoder.feed(piece)]
    return out + decoder.finish()


def started(**usage: Json) -> JsonObject:
    message: JsonObject = {"id": "msg_1", "model": "claude-x", "usage": usage}
    return {"type": "message_start", "message": message}


def block(index: int, start: JsonObject, *deltas: JsonObject) -> list[JsonObject]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *[_delta(index, delta) for delta in deltas],
        {"type": "content_block_stop", "index": index},
    ]


def _delta(index: int, delta: JsonObject) -> JsonObject:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def ended(reason: str = "end_turn", **more: Json) -> list[JsonObject]:
    delta: JsonObject = {"stop_reason": reason, "stop_sequence": None, **more}
    return [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]


TEXT: JsonObject = {"type": "text", "text": ""}
STREAM = wire(
    started(
        input_tokens=10,
        cache_read_input_tokens=20,
        cache_creation_input_tokens=5,
        cache_creation={"ephemeral_1h_input_tokens": 3, "ephemeral_5m_input_tokens": 2},
        output_tokens=1,
        service_tier="standard",
    ),
    {"type": "ping"},
    *block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "hm é"},
        {"type": "signature_delta", "signature": "SIG"},
    ),
    *block(1, {"type": "redacted_thinking", "data": "RED"}),
    *block(
        2,
        TEXT,
        {"type": "text_delta", "text": "Hello 😀"},
        {
            "type": "citations_delta",
            "citation": {"type": "web_search_result_location", "url": "u", "title": "t"},
        },
        {"type": "text_delta", "text": ""},
        {"type": "future_delta", "text": "?"},
    ),
    *block(
        3,
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}, "caller": {"a": 1}},
        {"type": "input_json_delta", "partial_json": ""},
        {"type": "input_json_delta", "partial_json": '{"cmd": "it'},
        {"type": "input_json_delta", "partial_json": "'s\"}"},
    ),
    *ended("tool_use"),
)
SIGNED = ReasoningState("SIG", "anthropic", "up", "cred")
CITED: JsonObject = {"type": "web_search_result_location", "url": "u", "title": "t"}


def whole(**fields: Json) -> bytes:
    body: JsonObject = {
        "id": "msg_1",
        "type": "message",
        "model": "claude-x",
        "content": [],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }
    return encode({**body, **fields})
