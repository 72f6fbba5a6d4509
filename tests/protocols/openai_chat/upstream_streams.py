"""Streams of OpenAI-compatible hosts, and their reading."""

import itertools
import json
from typing import Any

from dragoman.neutral.events import (
    Event,
)
from dragoman.neutral.responses import Response, fold
from dragoman.protocols.codec import Origin
from dragoman.protocols.openai_chat.codec import CODEC


def origin() -> Origin:
    counter = itertools.count(1)
    return Origin(new_id=lambda prefix: f"{prefix}made{next(counter)}")


def chunk(delta: dict[str, Any] | None = None, **choice: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta or {}, "finish_reason": None, **choice}],
    }


def end(reason: str = "stop") -> dict[str, Any]:
    return chunk({}, finish_reason=reason)


def wire(*chunks: dict[str, Any], done: bool = True) -> bytes:
    text = "".join(f"data: {json.dumps(c, ensure_ascii=False)}\n\n" for c in chunks)
    return (text + ("data: [DONE]\n\n" if done else "")).encode()


def events(data: bytes) -> list[Event]:
    decoder = CODEC.stream_in(origin())
    return decoder.feed(data) + decoder.finish()


def answer(data: bytes) -> Response:
    return fold(events(data))


def call(index: int | None, **fields: Any) -> dict[str, Any]:
    body = {k: fields.pop(k) for k in ("name", "arguments") if k in fields}
    out: dict[str, Any] = {"function": body, **fields}
    if index is not None:
        out["index"] = index
    return out
