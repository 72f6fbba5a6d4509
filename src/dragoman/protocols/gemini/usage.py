"""Gemini's usageMetadata and the neutral counts.

https://ai.google.dev/api/generate-content#UsageMetadata: cached tokens are counted inside
promptTokenCount, thoughts outside candidatesTokenCount, what tools fed to the model outside both.
"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.usage import Usage
from dragoman.protocols.gemini.wire import NAME

_KNOWN = frozenset(
    {
        "promptTokenCount",
        "cachedContentTokenCount",
        "candidatesTokenCount",
        "thoughtsTokenCount",
        "totalTokenCount",
    }
)


def usage_in(value: Json) -> Usage:
    """Counts that are no integers (some servers send objects) are not known."""
    wire = value if isinstance(value, dict) else {}
    thoughts = _count(wire, "thoughtsTokenCount")
    return Usage(
        tokens_in=_sum(_count(wire, "promptTokenCount"), _count(wire, "toolUsePromptTokenCount")),
        tokens_out=_sum(_count(wire, "candidatesTokenCount"), thoughts),
        cache_read=_count(wire, "cachedContentTokenCount"),
        reasoning=thoughts,
        audio_in=_audio(wire.get("promptTokensDetails")),
        audio_out=_audio(wire.get("candidatesTokensDetails")),
        protocol=NAME,
        extras={key: item for key, item in wire.items() if key not in _KNOWN},
    )


def usage_out(usage: Usage) -> JsonObject:
    """{} when nothing is known."""
    extras = usage.extras if usage.protocol == NAME else {}
    wire: JsonObject = {}
    if usage.tokens_in is not None:
        wire["promptTokenCount"] = usage.tokens_in - (
            _count(extras, "toolUsePromptTokenCount") or 0
        )
    if usage.tokens_out is not None:
        wire["candidatesTokenCount"] = usage.tokens_out - (usage.reasoning or 0)
    if wire:
        wire["totalTokenCount"] = (usage.tokens_in or 0) + (usage.tokens_out or 0)
    if usage.cache_read is not None:
        wire["cachedContentTokenCount"] = usage.cache_read
    if usage.reasoning is not None:
        wire["thoughtsTokenCount"] = usage.reasoning
    return {**wire, **extras}


def _count(wire: JsonObject, key: str) -> int | None:
    value = wire.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def _audio(details: Json) -> int | None:
    for entry in details if isinstance(details, list) else []:
        if isinstance(entry, dict) and entry.get("modality") == "AUDIO":
            return _count(entry, "tokenCount")
    return None
