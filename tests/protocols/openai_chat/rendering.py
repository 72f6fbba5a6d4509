"""Neutral requests to render for OpenAI-compatible hosts."""

from typing import Any

from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Part,
)
from dragoman.neutral.requests import (
    ProtocolName,
    Request,
    Turn,
)
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.codec import CODEC

OPENAI = "api.openai.com"
ROUTER = "openrouter.ai"


def write(
    *turns: Turn,
    protocol: ProtocolName = "anthropic",
    host: str = "",
    model: str = "m",
    max_output: int | None = None,
    **fields: Any,
) -> tuple[Any, tuple[str, ...]]:
    losses = Losses()
    request = Request(protocol, "asked", turns, **fields)
    body = CODEC.request_out(request, Target(model, host=host, max_output=max_output), losses)
    return body, losses.fields


def messages(*turns: Turn, **fields: Any) -> tuple[Any, tuple[str, ...]]:
    body, lost = write(*turns, **fields)
    return body["messages"], lost


def user(*parts: Part, **fields: Any) -> Turn:
    return Turn("user", parts, **fields)


def assistant(*parts: Part, **fields: Any) -> Turn:
    return Turn("assistant", parts, **fields)


def system(*parts: Part, **fields: Any) -> Turn:
    return Turn("system", parts, **fields)
