"""What a healthy upstream of each protocol says, whole and streamed, and its error inside a 200."""

from __future__ import annotations

import json
from typing import Any

TEXT = "all is well"
_PIECES = ("all ", "is ", "well")
_ERROR = "the model fell over"
_GOOGLE = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
_ANTHROPICS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def whole(protocol: str) -> bytes:
    """An answer that is not streamed."""
    return json.dumps(_WHOLE[protocol]).encode()


def stream(protocol: str) -> list[bytes]:
    """A streamed answer, frame by frame; the first frame holds no content."""
    return _STREAMS[protocol]


def error(protocol: str, *, streamed: bool, status: int = 500) -> bytes:
    """An error in the protocol's own shape, as a stream's event or a whole body."""
    body = error_body(protocol, status)
    if not streamed:
        return json.dumps(body).encode()
    if protocol == "ollama":
        return json.dumps(body).encode() + b"\n"
    if protocol == "responses":
        return _sse({"type": "error", "code": "server_error", "message": _ERROR}, "error")
    return _sse(body, "error" if protocol == "anthropic" else None)


def error_body(protocol: str, status: int) -> dict[str, Any]:
    if protocol == "ollama":
        return {"error": _ERROR}
    if protocol == "gemini":
        word = _GOOGLE.get(status, "INTERNAL")
        return {"error": {"code": status, "message": _ERROR, "status": word}}
    if protocol == "anthropic":
        kind = _ANTHROPICS.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": _ERROR}}
    return {"error": {"message": _ERROR, "type": "server_error", "code": None, "param": None}}


def _sse(data: object, event: str | None = None) -> bytes:
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


def _typed(data: dict[str, Any]) -> bytes:
    return _sse(data, data["type"])


def _chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _sse({**_CHUNK, "choices": [choice]})


_CHUNK = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
_CHAT = [
    _chunk({"role": "assistant", "content": ""}),
    *[_chunk({"content": piece}) for piece in _PIECES],
    _chunk({}, "stop"),
    b"data: [DONE]\n\n",
]

_MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
_ANTHROPIC = [
    _typed({"type": "message_start", "message": _MESSAGE}),
    _typed(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    ),
    *[
        _typed(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": piece},
            }
        )
        for piece in _PIECES
    ],
    _typed({"type": "content_block_stop", "index": 0}),
    _typed(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 3},
        }
    ),
    _typed({"type": "message_stop"}),
]

_ITEM = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
_TEXT_PART = {"type": "output_text", "text": TEXT, "annotations": []}
_RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": [{**_ITEM, "content": [_TEXT_PART]}],
    "usage": {"input_tokens": 3, "output_tokens": 3, "total_tokens": 6},
}
_BEGUN = {**_RESPONSE, "status": "in_progress", "output": [], "usage": None}
_AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
_RESPONSES = [
    _typed({"type": "response.created", "response": _BEGUN}),
    _typed(
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**_ITEM, "status": "in_progress", "content": []},
        }
    ),
    _typed({"type": "response.content_part.added", **_AT, "part": {**_TEXT_PART, "text": ""}}),
    *[_typed({"type": "response.output_text.delta", **_AT, "delta": p}) for p in _PIECES],
    _typed({"type": "response.output_text.done", **_AT, "text": TEXT}),
    _typed({"type": "response.content_part.done", **_AT, "part": _TEXT_PART}),
    _typed(
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": {**_ITEM, "content": [_TEXT_PART]},
        }
    ),
    _typed({"type": "response.completed", "response": _RESPONSE}),
]


def _candidate(text: str, finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}}
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 3, "totalTokenCount": 6}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m"}


_GEMINI = [
    _sse({"candidates": [], "modelVersion": "m"}),
    *[_sse(_candidate(piece)) for piece in _PIECES],
    _sse(_candidate("", "STOP")),
]


def _line(text: str, *, done: bool = False) -> dict[str, Any]:
    line: dict[str, Any] = {
        "model": "m",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": text},
        "done": done,
    }
    if done:
        line |= {"done_reason": "stop", "prompt_eval_count": 3, "eval_count": 3}
    return line


_OLLAMA = [
    json.dumps(line).encode() + b"\n"
    for line in [_line(""), *[_line(piece) for piece in _PIECES], _line("", done=True)]
]

_STREAMS = {
    "openai": _CHAT,
    "anthropic": _ANTHROPIC,
    "responses": _RESPONSES,
    "gemini": _GEMINI,
    "ollama": _OLLAMA,
}
_WHOLE: dict[str, Any] = {
    "openai": {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6},
    },
    "anthropic": {
        **_MESSAGE,
        "content": [{"type": "text", "text": TEXT}],
        "stop_reason": "end_turn",
    },
    "responses": _RESPONSE,
    "gemini": _candidate(TEXT, "STOP"),
    "ollama": _line(TEXT, done=True),
}
