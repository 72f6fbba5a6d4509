"""Token counts, both ways. Messages counts cached input beside `input_tokens`, the neutral record
inside `tokens_in`. (platform.claude.com/docs/en/build-with-claude/prompt-caching, 2023-06-01)"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.usage import Usage
from dragoman.protocols.anthropic.wire import NAME, object_at

_READ = {
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "output_tokens_details",
}


def usage_in(raw: JsonObject) -> Usage:
    """A `usage` object; in a stream, all of them merged, for a later one may leave counts out."""
    fresh = _count(raw, "input_tokens")
    read = _count(raw, "cache_read_input_tokens")
    write = _count(raw, "cache_creation_input_tokens")
    return Usage(
        tokens_in=None if fresh is None else fresh + (read or 0) + (write or 0),
        tokens_out=_count(raw, "output_tokens"),
        cache_read=read,
        cache_write=write,
        cache_write_1h=_count(object_at(raw, "cache_creation") or {}, "ephemeral_1h_input_tokens"),
        reasoning=_count(object_at(raw, "output_tokens_details") or {}, "thinking_tokens"),
        protocol=NAME,
        extras={k: v for k, v in raw.items() if k not in _READ and v is not None},
    )


def usage_out(usage: Usage) -> JsonObject:
    """A whole `usage` object; counts nobody gave are 0 for the two that must be there, else left
    out."""
    read, write, hour = usage.cache_read, usage.cache_write, usage.cache_write_1h
    out: JsonObject = {
        "input_tokens": max((usage.tokens_in or 0) - (read or 0) - (write or 0), 0),
    }
    if write is not None:
        out["cache_creation_input_tokens"] = write
    if read is not None:
        out["cache_read_input_tokens"] = read
    if hour is not None:
        out["cache_creation"] = {
            "ephemeral_5m_input_tokens": max((write or 0) - hour, 0),
            "ephemeral_1h_input_tokens": hour,
        }
    out["output_tokens"] = usage.tokens_out or 0
    if usage.reasoning is not None:
        out["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    if usage.protocol == NAME:
        out.update(usage.extras)
    return out


def _count(raw: JsonObject, key: str) -> int | None:
    value: Json = raw.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
