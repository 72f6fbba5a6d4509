"""Foreign requests to render."""

from typing import Any

from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Part,
    Text,
)
from dragoman.neutral.requests import (
    Request,
    Turn,
)
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_responses.codec import CODEC

OPENAI = Target("gpt", host="api.openai.com")
OTHER = Target("gpt", host="localhost")
ASKED = Turn("user", (Text("Hi"),))


def render(request: Request, target: Target = OPENAI) -> tuple[JsonObject, tuple[str, ...]]:
    losses = Losses()
    return CODEC.request_out(request, target, losses), losses.fields


def foreign(*turns: Turn, **fields: Any) -> Request:
    return Request("anthropic", "claude", turns or (ASKED,), **fields)


def items(*parts: Part, role: Any = "user") -> tuple[Any, tuple[str, ...]]:
    body, lost = render(foreign(Turn(role, parts)))
    return body["input"], lost


def said(text: str, role: str = "user") -> JsonObject:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
