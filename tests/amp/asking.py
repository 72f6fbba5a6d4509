"""Amp's five ways to ask for text, and where each answer carries the model's name."""

from __future__ import annotations

import json
from typing import Any

from tests.exchange.world import asking

PATHS = {
    "openai": "/api/provider/{provider}/v1/chat/completions",
    "responses": "/api/provider/{provider}/v1/responses",
    "anthropic": "/api/provider/{provider}/v1/messages",
    "gemini": "/api/provider/{provider}/v1beta1/publishers/google/models/{model}:{action}",
}
CLIENTS = list(PATHS)
_OWN = {"openai": "openai", "responses": "openai", "anthropic": "anthropic", "gemini": "google"}


def path_of(protocol: str, model: str, *, stream: bool, provider: str = "") -> str:
    action = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return PATHS[protocol].format(provider=provider or _OWN[protocol], model=model, action=action)


def body_of(protocol: str, model: str, text: str, *, stream: bool) -> dict[str, Any]:
    body = asking(protocol, model, text, stream=stream)
    if protocol == "openai" and stream:
        body["stream_options"] = {"include_usage": True}
    return body


def documents_of(answer: bytes) -> list[dict[str, Any]]:
    """The JSON documents of an answer: one, or one a frame."""
    if answer.startswith((b"{", b"[")):
        return [json.loads(answer)]
    lines = [line[5:].strip() for line in answer.splitlines() if line.startswith(b"data:")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def models_in(value: Any) -> set[str]:
    """Every model's name that stands anywhere in a document."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("model", "modelVersion") and isinstance(inner, str):
                found.add(inner)
            found |= models_in(inner)
    elif isinstance(value, list):
        for inner in value:
            found |= models_in(inner)
    return found
