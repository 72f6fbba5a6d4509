"""Upstream streams written briefly, and client streams read back, for tests of single facts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dragoman.neutral.json import Json, JsonObject


def chat(
    *deltas: JsonObject, finish: str | None = "stop", usage: JsonObject | None = None
) -> bytes:
    """Chat chunks of one choice, each with its delta, then the end."""
    chunks: list[JsonObject] = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    if finish is not None:
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    if usage is not None:
        chunks.append({"choices": [], "usage": usage})
    head: JsonObject = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-5"}
    frames = [f"data: {json.dumps(head | chunk)}\n\n" for chunk in chunks]
    if finish is not None:
        frames.append("data: [DONE]\n\n")
    return "".join(frames).encode()


def chat_call(index: int, name: str, *arguments: str, id_: str = "") -> list[JsonObject]:
    """The deltas of one tool call."""
    head: JsonObject = {"name": name, "arguments": ""}
    call_id = id_ or f"call_{index}"
    first: JsonObject = {"index": index, "id": call_id, "type": "function", "function": head}
    more: list[JsonObject] = [
        {"index": index, "function": {"arguments": text}} for text in arguments
    ]
    return [{"tool_calls": [delta]} for delta in (first, *more)]


def anthropic(
    *blocks: tuple[JsonObject, Sequence[JsonObject]],
    stop: str | None = "end_turn",
    usage_in: JsonObject | None = None,
    usage_out: JsonObject | None = None,
) -> bytes:
    """Blocks (start, deltas) between message_start and message_stop."""
    message: JsonObject = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": [],
        "stop_reason": None, "stop_sequence": None,
        "usage": usage_in or {"input_tokens": 10, "output_tokens": 1},
    }  # fmt: skip
    events: list[JsonObject] = [{"type": "message_start", "message": message}]
    for index, (start, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    if stop is not None:
        delta: JsonObject = {"stop_reason": stop, "stop_sequence": None}
        counts = usage_out or {"output_tokens": 5}
        events.append({"type": "message_delta", "delta": delta, "usage": counts})
        events.append({"type": "message_stop"})
    return named(events)


def named(events: Sequence[dict[str, Any]]) -> bytes:
    """Events with their type as the SSE event's name (Anthropic, Responses)."""
    frames = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    return "".join(frames).encode()


def text_block(text: str) -> tuple[JsonObject, list[JsonObject]]:
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": text}]


def tool_block(id_: str, name: str, *arguments: str) -> tuple[JsonObject, list[JsonObject]]:
    start: JsonObject = {"type": "tool_use", "id": id_, "name": name, "input": {}}
    return start, [{"type": "input_json_delta", "partial_json": text} for text in arguments]


def gemini(
    *parts: JsonObject, finish: str | None = "STOP", usage: JsonObject | None = None
) -> bytes:
    """One chunk a part, then the end."""
    chunks: list[JsonObject] = [
        {"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}]}
        for part in parts
    ]
    if finish is not None:
        last: JsonObject = {"candidates": [{"finishReason": finish, "index": 0}]}
        chunks.append(last | ({"usageMetadata": usage} if usage is not None else {}))
    return "".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks).encode()


def ollama(*messages: JsonObject, done: str | None = "stop", **counts: Json) -> bytes:
    """One line a message, then the end."""
    lines: list[JsonObject] = [
        {"model": "qwen3", "message": {"role": "assistant", "content": "", **m}, "done": False}
        for m in messages
    ]
    if done is not None:
        empty: JsonObject = {"role": "assistant", "content": ""}
        end: JsonObject = {"model": "qwen3", "message": empty, "done": True, "done_reason": done}
        lines.append({**end, **counts})
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def response(*items: JsonObject, status: str = "completed", **more: Json) -> JsonObject:
    """A whole response object."""
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5", "status": status,
        "error": None, "incomplete_details": None, "output": list(items), **more,
    }  # fmt: skip


def responses(*events: JsonObject, end: JsonObject | None = None) -> bytes:
    """response.created, these events, and the terminal event of the response `end`."""
    started = response(status="in_progress")
    all_events: list[JsonObject] = [{"type": "response.created", "response": started}, *events]
    if end is not None:
        all_events.append({"type": f"response.{end['status']!s}", "response": end})
    return named([{**event, "sequence_number": n} for n, event in enumerate(all_events)])


def item_events(index: int, item: JsonObject) -> list[JsonObject]:
    """An output item, added and done at once."""
    return [
        {"type": "response.output_item.added", "output_index": index, "item": item},
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def function_call(call_id: str, name: str, arguments: str = "{}") -> JsonObject:
    return {
        "id": f"fc_{call_id}", "type": "function_call", "status": "completed", "call_id": call_id,
        "name": name, "arguments": arguments,
    }  # fmt: skip


def told(text: str, item_id: str = "msg_1") -> JsonObject:
    part: JsonObject = {"type": "output_text", "text": text, "annotations": []}
    return {
        "id": item_id, "type": "message", "status": "completed", "role": "assistant",
        "content": [part],
    }  # fmt: skip


def received(data: bytes) -> list[Any]:
    """The JSON of a client's stream: server-sent events, or lines of JSON."""
    out: list[Any] = []
    for line in data.decode().split("\n"):
        text = line.removeprefix("data:").strip()
        if text.startswith("{"):
            out.append(json.loads(text))
    return out


def of_type(data: bytes, kind: str) -> list[Any]:
    """The events of one type of a client's stream."""
    return [event for event in received(data) if event.get("type") == kind]
