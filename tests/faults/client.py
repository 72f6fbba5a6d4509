"""A client of each protocol that asks the same and reads what it is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dragoman.errors import DragomanError
from dragoman.neutral.parts import Text
from dragoman.neutral.responses import fold
from dragoman.protocols.codec import Origin
from dragoman.protocols.registry import CODECS
from dragoman.upstreams.http import Call, Deadlines, Headers, HttpClient

PROTOCOLS = ("openai", "responses", "anthropic", "gemini", "ollama")
_QUESTION = [{"role": "user", "content": "how are you?"}]
_BODIES: dict[str, dict[str, Any]] = {
    "openai": {"messages": _QUESTION},
    "responses": {"input": "how are you?", "store": False},
    "anthropic": {"messages": _QUESTION, "max_tokens": 100},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "how are you?"}]}]},
    "ollama": {"messages": _QUESTION},
}
_PATHS = {
    "openai": "/v1/chat/completions",
    "responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "ollama": "/api/chat",
}


@dataclass(frozen=True)
class Told:
    """What a client got: the text it read, and the error it was told ("" = none)."""

    status: int
    text: str
    error: str
    headers: dict[str, str]


async def ask(
    http: HttpClient,
    base_url: str,
    key: str,
    protocol: str,
    model: str,
    *,
    stream: bool,
    session: str = "",
) -> Told:
    """One request to the gateway, its answer read to the end as the protocol wants."""
    body = dict(_BODIES[protocol])
    if protocol == "gemini":
        path = f"/v1beta/models/{model}:" + (
            "streamGenerateContent?alt=sse" if stream else "generateContent"
        )
    else:
        path = _PATHS[protocol]
        body |= {"model": model, "stream": stream}
    headers: Headers = [("content-type", "application/json"), ("authorization", f"Bearer {key}")]
    if session:
        headers.append(("x-session-id", session))
    call = Call(
        "the gateway", "POST", base_url + path, headers, json.dumps(body).encode(),
        deadlines=Deadlines(10, 120, 120),
    )  # fmt: skip
    try:
        answer = await http.send(call)
    except DragomanError as error:
        return Told(0, "", error.message, {})
    try:
        data = await answer.read_all()
    except DragomanError as error:
        return Told(answer.status, "", error.message, dict(answer.headers))
    finally:
        answer.close()
    if answer.status != 200:
        return Told(answer.status, "", data.decode(), dict(answer.headers))
    text, error_text = _read(protocol, data, stream=stream)
    return Told(200, text, error_text, dict(answer.headers))


def _read(protocol: str, data: bytes, *, stream: bool) -> tuple[str, str]:
    codec = CODECS[protocol]
    origin = Origin(lambda prefix: prefix + "1", "gateway", "0")
    try:
        if stream:
            decoder = codec.stream_in(origin)
            events = [*decoder.feed(data), *decoder.finish()]
        else:
            events = codec.answer_in(data, origin)
        response = fold(events)
    except DragomanError as error:
        return "", error.message
    parts = response.choices[0].parts
    return "".join(part.text for part in parts if isinstance(part, Text)), ""
