"""Frames of a client's stream: those that are sent, and those to expect."""

import json
from typing import cast

from dragoman.neutral.events import (
    Event,
)
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.requests import Request
from dragoman.protocols.anthropic.events_out import stream_out
from dragoman.protocols.codec import Reply
from dragoman.protocols.framing.sse import SseDecoder

REPLY = Reply(
    Request("anthropic", "alias", ()),
    "alias",
    new_id=lambda prefix: prefix + "new",
    clock=lambda: 0.0,
    created_s=0,
)
WEB: JsonObject = {
    "type": "web_search_result_location",
    "url": "u",
    "title": "t",
    "encrypted_index": "e",
    "cited_text": "q",
}


def sent(*events: Event) -> list[JsonObject]:
    """The frames of a whole stream; each event line says its data's type."""
    encoder = stream_out(REPLY)
    data = encoder.encode(events) + encoder.finish()
    frames = []
    for event in SseDecoder().feed(data):
        frame = cast("JsonObject", json.loads(event.data))
        assert event.event == frame["type"]
        frames.append(frame)
    return frames


def start(index: int, block: JsonObject) -> JsonObject:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, field: str, value: Json) -> JsonObject:
    frame: JsonObject = {"type": kind, field: value}
    return {"type": "content_block_delta", "index": index, "delta": frame}


def stop(index: int) -> JsonObject:
    return {"type": "content_block_stop", "index": index}


def text(index: int, value: str) -> JsonObject:
    return delta(index, "text_delta", "text", value)


TEXT: JsonObject = {"type": "text", "text": ""}
CALL: JsonObject = {
    "type": "server_tool_use",
    "id": "s",
    "name": "web_search",
    "input": {"query": "q"},
}
FOUND: JsonObject = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
