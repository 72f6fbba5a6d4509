"""What a conversion could not carry: recorded, logged at debug, named in `x-dragoman-dropped`,
and refused under `strict-conversion`."""

from __future__ import annotations

import msgspec


class Loss(msgspec.Struct, frozen=True):
    """`field` in the client's own words ("metadata", "messages.cache_control"), `reason` for
    the log."""

    field: str
    reason: str


class Losses:
    """The losses of one request, each field once."""

    def __init__(self) -> None:
        self._seen: dict[str, Loss] = {}

    def add(self, field: str, reason: str) -> None:
        self._seen.setdefault(field, Loss(field, reason))

    def __bool__(self) -> bool:
        return bool(self._seen)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self._seen)

    @property
    def entries(self) -> tuple[Loss, ...]:
        return tuple(self._seen.values())
