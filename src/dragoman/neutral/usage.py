"""Token counts, counted one way: `tokens_in` holds everything read (fresh, cached and newly
cached), `tokens_out` everything written (reasoning too). Each protocol converts to and from it."""

from __future__ import annotations

import msgspec

from dragoman.neutral.json import JsonObject
from dragoman.neutral.parts import NO_EXTRAS


class Usage(msgspec.Struct, frozen=True):
    """None = the upstream did not say; a written 0 is 0. `cache_write_1h` is the share of
    `cache_write` that lives an hour. `extras` are `protocol`'s own counters."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    audio_in: int | None = None
    audio_out: int | None = None
    protocol: str = ""
    extras: JsonObject = NO_EXTRAS

    def updated(self, later: Usage) -> Usage:
        """This with every count that `later` knows put in its place (counts are cumulative)."""
        known = {f: v for f in _COUNTS if (v := getattr(later, f)) is not None}
        extras = {**self.extras, **later.extras}
        protocol = later.protocol or self.protocol
        return msgspec.structs.replace(self, **known, extras=extras, protocol=protocol)

    def plus(self, other: Usage) -> Usage:
        """The counts of two answers together; what neither knows stays unknown."""
        sums = {
            f: (mine or 0) + (theirs or 0)
            for f in _COUNTS
            if (mine := getattr(self, f)) is not None or getattr(other, f) is not None
            for theirs in (getattr(other, f),)
        }
        return msgspec.structs.replace(self.updated(other), **sums)


_COUNTS = (
    "tokens_in",
    "tokens_out",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "audio_in",
    "audio_out",
)

NO_USAGE = Usage()
