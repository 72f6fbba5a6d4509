"""What is sent: the traffic an upstream sees, and the client requests that lead to it."""

from __future__ import annotations

import json
from typing import Literal, NamedTuple

from bench.upstream import LARGE

Traffic = Literal["small", "100 KB", "stream"]

CHAT_PATH = "/v1/chat/completions"
MODEL = "bench"
_QUESTION = "A small question, of nine words, for an answer."
_LONG = "word " * (LARGE // 5)
_END_OF_STREAM = b" word199"
_SMALL_ANSWER = b"Nine words of an answer"
_LARGE_ANSWER = b"word word word"


class Scenario(NamedTuple):
    """One kind of client request through the gateway. `floor`: the least ratio to a bare nginx that
    is good enough, 0 = none was set. `proof` stands in a right answer."""

    name: str
    traffic: Traffic
    path: str
    body: bytes
    proof: bytes
    floor: float = 0


def _body(**fields: object) -> bytes:
    return json.dumps({"model": MODEL, **fields}, separators=(",", ":")).encode()


def _messages(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


_STREAM = {"stream": True, "stream_options": {"include_usage": True}}

UPSTREAM_BODIES: dict[Traffic, bytes] = {
    "small": _body(messages=_messages(_QUESTION)),
    "100 KB": _body(messages=_messages(_LONG)),
    "stream": _body(messages=_messages(_QUESTION), **_STREAM),
}
"""What nginx passes on: the bodies the gateway's upstream gets."""

SCENARIOS = (
    Scenario("chat, small", "small", CHAT_PATH, UPSTREAM_BODIES["small"], _SMALL_ANSWER, 0.20),
    Scenario("chat, 100 KB", "100 KB", CHAT_PATH, UPSTREAM_BODIES["100 KB"], _LARGE_ANSWER, 0.20),
    Scenario("chat, stream", "stream", CHAT_PATH, UPSTREAM_BODIES["stream"], _END_OF_STREAM, 0.45),
    Scenario(
        "chat, stream, usage not asked for",
        "stream",
        CHAT_PATH,
        _body(messages=_messages(_QUESTION), stream=True),
        _END_OF_STREAM,
    ),
    Scenario(
        "messages → chat, small",
        "small",
        "/v1/messages",
        _body(max_tokens=1024, messages=_messages(_QUESTION)),
        _SMALL_ANSWER,
        0.10,
    ),
    Scenario(
        "messages → chat, 100 KB",
        "100 KB",
        "/v1/messages",
        _body(max_tokens=1024, messages=_messages(_LONG)),
        _LARGE_ANSWER,
    ),
    Scenario(
        "messages → chat, stream",
        "stream",
        "/v1/messages",
        _body(max_tokens=1024, stream=True, messages=_messages(_QUESTION)),
        _END_OF_STREAM,
        0.10,
    ),
    Scenario(
        "responses → chat, stream",
        "stream",
        "/v1/responses",
        _body(stream=True, input=_QUESTION, store=False),
        _END_OF_STREAM,
        0.10,
    ),
)
