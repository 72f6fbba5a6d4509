"""Token counts, both ways. Cached tokens stand inside `input_tokens`, reasoning inside
`output_tokens`, as in the neutral record."""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.usage import NO_USAGE, Usage


def _count(value: Json, key: str) -> int | None:
    count = value.get(key) if isinstance(value, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def usage_in(value: Json) -> Usage:
    if not isinstance(value, dict):
        return NO_USAGE
    read, written = value.get("input_tokens_details"), value.get("output_tokens_details")
    return Usage(
        tokens_in=_count(value, "input_tokens"),
        tokens_out=_count(value, "output_tokens"),
        cache_read=_count(read, "cached_tokens"),
        cache_write=_count(read, "cache_write_tokens"),
        reasoning=_count(written, "reasoning_tokens"),
    )


def usage_out(usage: Usage) -> JsonObject:
    """Always whole: SDKs insist on the counts. A cache write that nobody counted is left out."""
    tokens_in, tokens_out = usage.tokens_in or 0, usage.tokens_out or 0
    read: JsonObject = {"cached_tokens": usage.cache_read or 0}
    if usage.cache_write is not None:
        read["cache_write_tokens"] = usage.cache_write
    return {
        "input_tokens": tokens_in,
        "input_tokens_details": read,
        "output_tokens": tokens_out,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": tokens_in + tokens_out,
    }
