"""Neutral requests to write as generateContent bodies."""

from __future__ import annotations

from dragoman.neutral.json import JsonObject, decode, encode
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Text,
)
from dragoman.neutral.requests import (
    Request,
    Turn,
)
from dragoman.protocols.codec import Target
from dragoman.protocols.gemini.requests_out import request_out

HELLO = Turn("user", (Text("hello"),))
GEMINI_25 = Target("gemini-2.5-pro", max_output=65536)


def write(request: Request, target: Target = GEMINI_25) -> tuple[JsonObject, tuple[str, ...]]:
    losses = Losses()
    body = decode(encode(request_out(request, target, losses)))
    assert isinstance(body, dict)
    return body, losses.fields


def chat(*turns: Turn) -> Request:
    return Request(protocol="openai", model="m", turns=turns)
