"""Foreign requests to render, and Messages requests to write again."""

from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Text,
)
from dragoman.neutral.requests import (
    Request,
    Turn,
)
from dragoman.protocols.anthropic.requests_in import request_in
from dragoman.protocols.anthropic.requests_out import request_out
from dragoman.protocols.codec import Target

TARGET = Target("claude-sonnet-4-5")
MARK: JsonObject = {"type": "ephemeral"}
HI = Turn("user", (Text("hi"),))


def again(body: JsonObject, target: Target | None = None) -> tuple[JsonObject, tuple[str, ...]]:
    losses = Losses()
    request = request_in(body, losses)
    return request_out(request, target or Target(str(body["model"])), losses), losses.fields


def foreign(
    *turns: Turn, target: Target = TARGET, **fields: object
) -> tuple[JsonObject, tuple[str, ...]]:
    losses = Losses()
    values = {"protocol": "openai", "model": "m", "turns": turns or (HI,), **fields}
    request = Request(**values)  # type: ignore[arg-type]  # built from keywords
    return request_out(request, target, losses), losses.fields
