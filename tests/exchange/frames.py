"""Real upstreams' streams and answers, each as its frames: preamble, content, end."""

from __future__ import annotations

import json
from dataclasses import dataclass


def _sse(*events: dict[str, object], named: bool = False, end: str = "\n\n") -> tuple[bytes, ...]:
    line = end[: len(end) // 2]
    names = [f"event: {event['type']}{line}" if named else "" for event in events]
    texts = [json.dumps(event, ensure_ascii=False) for event in events]
    return tuple(
        f"{name}data: {text}{end}".encode() for name, text in zip(names, texts, strict=True)
    )


def _chunk(delta: object, reason: str | None = None, **more: object) -> dict[str, object]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1"} | {
        "choices": [choice],
        **more,
    }


@dataclass(frozen=True)
class Stream:
    """`error` is the protocol's own error in mid-stream; `whole` the answer unstreamed. All tell
    11 tokens in, 7 out."""

    protocol: str
    content_type: str
    preamble: tuple[bytes, ...]
    content: tuple[bytes, ...]
    end: tuple[bytes, ...]
    error: bytes
    whole: bytes

    @property
    def frames(self) -> tuple[bytes, ...]:
        return self.preamble + self.content + self.end

    @property
    def data(self) -> bytes:
        return b"".join(self.frames)


USAGE_CHAT = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
USAGE_CHUNK = _sse(_chunk(None) | {"choices": [], "usage": USAGE_CHAT})[0]

CHAT = Stream(
    "openai",
    "text/event-stream",
    (b": PROCESSING\n\n", *_sse(_chunk({"role": "assistant", "content": ""}))),
    _sse(_chunk({"content": "Hé"}), _chunk({"content": "llo"})),
    (*_sse(_chunk({}, "stop")), USAGE_CHUNK, b"data: [DONE]\n\n"),
    _sse({"error": {"message": "it broke", "type": "server_error", "code": 500}})[0],
    json.dumps(
        {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m-1"}
        | {
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hello"},
                    "finish_reason": "stop",
                }
            ],
            "usage": USAGE_CHAT,
        }
    ).encode(),
)


def _response(status: str, text: str = "") -> dict[str, object]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    usage = {
        "input_tokens": 11,
        "output_tokens": 7,
        "total_tokens": 18,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    return {"id": "resp_1", "object": "response", "created_at": 1, "model": "m-1"} | {
        "status": status,
        "output": [message] if text else [],
        "usage": usage if text else None,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }


def responses(text: str = "Héllo") -> Stream:
    item = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part: dict[str, object] = {"type": "output_text", "text": "", "annotations": []}
    done = {**part, "text": text, "logprobs": []}
    preamble: list[dict[str, object]] = [
        {"type": "response.created", "response": _response("in_progress")},
        {"type": "response.in_progress", "response": _response("in_progress")},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress"},
        },
        {"type": "response.content_part.added", **at, "part": part},
    ]
    content: list[dict[str, object]] = [
        {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
        for piece in (text[:2], text[2:])
    ]
    end: list[dict[str, object]] = [
        {"type": "response.output_text.done", **at, "text": text, "logprobs": []},
        {"type": "response.content_part.done", **at, "part": done},
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": {**item, "status": "completed", "content": [done]},
        },
        {"type": "response.completed", "response": _response("completed", text)},
    ]
    for number, event in enumerate([*preamble, *content, *end]):
        event["sequence_number"] = number
    failed = _response("failed") | {"error": {"code": "server_error", "message": "it broke"}}
    return Stream(
        "responses",
        "text/event-stream",
        _sse(*preamble, named=True),
        _sse(*content, named=True),
        _sse(*end, named=True),
        _sse({"type": "response.failed", "response": failed, "sequence_number": 9}, named=True)[0],
        json.dumps(_response("completed", text)).encode(),
    )


_MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1"}

ANTHROPIC = Stream(
    "anthropic",
    "text/event-stream; charset=utf-8",
    _sse(
        {
            "type": "message_start",
            "message": {
                **_MESSAGE,
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 11, "output_tokens": 1},
            },
        },
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        {"type": "ping"},
        named=True,
    ),
    _sse(
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": text},
            }
            for text in ("Hé", "llo")
        ),
        named=True,
    ),
    _sse(
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 7},
        },
        {"type": "message_stop"},
        named=True,
    ),
    _sse(
        {"type": "error", "error": {"type": "overloaded_error", "message": "it broke"}}, named=True
    )[0],
    json.dumps(
        {
            **_MESSAGE,
            "content": [{"type": "text", "text": "Hello"}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 11, "output_tokens": 7},
        }
    ).encode(),
)


def _candidate(text: str, reason: str | None = None, index: int = 0) -> dict[str, object]:
    candidate: dict[str, object] = {
        "content": {"role": "model", "parts": [{"text": text}]},
        "index": index,
    }
    return candidate | ({"finishReason": reason} if reason else {})


_COUNTS = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}


def gemini_chunk(text: str, reason: str | None = None, index: int = 0) -> dict[str, object]:
    return {
        "candidates": [_candidate(text, reason, index)],
        "usageMetadata": _COUNTS if reason else {"promptTokenCount": 11, "totalTokenCount": 11},
        "modelVersion": "m-1",
        "responseId": "r1",
    }


def gemini(*, end: str = "\r\n\r\n") -> Stream:
    content = _sse(gemini_chunk("Hé"), gemini_chunk("llo"), end=end)
    error = {"error": {"code": 503, "message": "it broke", "status": "UNAVAILABLE"}}
    return Stream(
        "gemini",
        "text/event-stream",
        (),
        content,
        _sse(gemini_chunk("!", "STOP"), end=end),
        json.dumps(error).encode(),
        json.dumps(gemini_chunk("Hello", "STOP")).encode(),
    )


def _line(text: str, *, done: bool = False) -> dict[str, object]:
    line: dict[str, object] = {"model": "m-1", "created_at": "2026-11-21T00:00:00Z"}
    line |= {"message": {"role": "assistant", "content": text}, "done": done}
    if done:
        line |= {"done_reason": "stop", "prompt_eval_count": 11, "eval_count": 7}
        line |= {"total_duration": 1, "load_duration": 1}
        line |= {"prompt_eval_duration": 1, "eval_duration": 1}
    return line


def _lines(*values: dict[str, object]) -> tuple[bytes, ...]:
    return tuple(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)


OLLAMA = Stream(
    "ollama",
    "application/x-ndjson",
    (),
    _lines(_line("Hé"), _line("llo")),
    _lines(_line("", done=True)),
    _lines({"error": "it broke"})[0],
    json.dumps(_line("Hello", done=True)).encode(),
)

STREAMS = {stream.protocol: stream for stream in (CHAT, responses(), ANTHROPIC, gemini(), OLLAMA)}
CRLF = {
    name: Stream(
        name,
        one.content_type,
        tuple(frame.replace(b"\n", b"\r\n") for frame in one.preamble),
        tuple(frame.replace(b"\n", b"\r\n") for frame in one.content),
        tuple(frame.replace(b"\n", b"\r\n") for frame in one.end),
        one.error.replace(b"\n", b"\r\n"),
        one.whole,
    )
    for name, one in STREAMS.items()
    if name != "gemini"
} | {"gemini": gemini(end="\n\n")}
