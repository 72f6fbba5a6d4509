"""What the real upstreams refuse, asked of the strict fakes without a socket."""

from __future__ import annotations

import json

from tests.conversions.pipeline import TARGETS, VARIANTS
from tests.fakes.anthropic import AnthropicFake
from tests.fakes.fake import Fake, Recorded
from tests.fakes.gemini import GeminiFake
from tests.fakes.ollama import OllamaFake
from tests.fakes.openai_chat import ChatFake
from tests.fakes.refusal import Refusal
from tests.fakes.responses import ResponsesFake

from dragoman.neutral.json import JsonObject
from dragoman.protocols.registry import CODECS

BETAS = (
    "context-management-2025-06-27, per-turn-control-2026-07-01, interleaved-thinking-2025-05-14"
)
"""What Claude Code opts into; the gateway passes it on to Anthropic."""


class PickyChat(ChatFake):
    picky = True


def _fakes(model: str) -> dict[str, Fake]:
    models = [model]
    return {
        "openai": ChatFake(models=models),
        "responses": ResponsesFake(models=models, own=True),
        "anthropic": AnthropicFake(models=models),
        "gemini": GeminiFake(models=models),
        "ollama": OllamaFake(models=models),
        "compatible-chat": PickyChat(models=models),
        "compatible-responses": ResponsesFake(models=models),
        "anthropic-4-5": AnthropicFake(models=models),
        "gemini-2-5": GeminiFake(models=models),
    }


def refusal(target: str, body: JsonObject) -> str | None:
    """Why this target's API would refuse the body; None when it would not."""
    protocol, goal = {**TARGETS, **VARIANTS}[target]
    codec = CODECS[protocol]
    fake = _fakes(goal.model)[target]
    path, _, _query = codec.path(goal.model, bool(body.get("stream"))).partition("?")
    headers = [("authorization", "Bearer up-key"), ("x-goog-api-key", "up-key"), *codec.headers]
    headers.append(("anthropic-beta", BETAS))
    data = json.dumps(body).encode()
    request = Recorded("POST", codec.base_path + path, {"alt": "sse"}, headers, data, body)
    try:
        fake._answer(request)
    except Refusal as refused:
        return refused.message
    return (
        f"unknown fields {fake.ignored}" if isinstance(fake, OllamaFake) and fake.ignored else None
    )
