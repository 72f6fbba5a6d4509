"""Token counts, both ways. Chat counts cached tokens inside `prompt_tokens` and reasoning inside
`completion_tokens`; hosts that leave reasoning out are known by their total."""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.usage import NO_USAGE, Usage
from dragoman.protocols.openai_chat.wire import NAME

_READ = frozenset(
    {
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "prompt_tokens_details",
        "completion_tokens_details",
        "prompt_cache_hit_tokens",
        "cached_tokens",
    }
)


def usage_in(value: Json) -> Usage:
    """The counts of a `usage` object. `prompt_cache_hit_tokens` is DeepSeek's, a `cached_tokens`
    beside the totals Kimi's; counters that only the host knows (a cost) are kept."""
    if not isinstance(value, dict):
        return NO_USAGE
    prompt, completion = _details(value, "prompt"), _details(value, "completion")
    tokens_in, tokens_out = _count(value, "prompt_tokens"), _count(value, "completion_tokens")
    reasoning, total = _count(completion, "reasoning_tokens"), _count(value, "total_tokens")
    if reasoning and tokens_out is not None and total == (tokens_in or 0) + tokens_out + reasoning:
        tokens_out += reasoning
    return Usage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cache_read=_known(
            _count(prompt, "cached_tokens"),
            _count(value, "prompt_cache_hit_tokens"),
            _count(value, "cached_tokens"),
        ),
        cache_write=_count(prompt, "cache_write_tokens"),
        reasoning=reasoning,
        audio_in=_count(prompt, "audio_tokens"),
        audio_out=_count(completion, "audio_tokens"),
        protocol=NAME,
        extras={key: item for key, item in value.items() if key not in _READ},
    )


def usage_out(usage: Usage) -> JsonObject:
    """The `usage` object; totals nobody told are 0, since every SDK requires them."""
    tokens_in, tokens_out = usage.tokens_in or 0, usage.tokens_out or 0
    prompt = _told(
        cached_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        audio_tokens=usage.audio_in,
    )
    completion = _told(reasoning_tokens=usage.reasoning, audio_tokens=usage.audio_out)
    out: JsonObject = {
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
    }
    if prompt:
        out["prompt_tokens_details"] = prompt
    if completion:
        out["completion_tokens_details"] = completion
    return {**out, **usage.extras} if usage.protocol == NAME else out


def _details(usage: JsonObject, side: str) -> JsonObject:
    value = usage.get(f"{side}_tokens_details")
    return value if isinstance(value, dict) else {}


def _count(values: JsonObject, key: str) -> int | None:
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _known(*counts: int | None) -> int | None:
    return next((count for count in counts if count is not None), None)


def _told(**counts: int | None) -> JsonObject:
    return {key: count for key, count in counts.items() if count is not None}
