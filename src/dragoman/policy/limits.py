"""What a client key may use in a minute: counted second by second, so that the minute slides.

Plain records and arithmetic; who counts and where it is kept is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

MINUTE_S = 60
_SOON_S = 1.0


class Limits(msgspec.Struct, frozen=True):
    """0 = no limit. `rpm` and `tpm`: requests and tokens a minute; `concurrency`: requests at the
    same time."""

    rpm: int = 0
    tpm: int = 0
    concurrency: int = 0

    @property
    def any(self) -> bool:
        return bool(self.rpm or self.tpm or self.concurrency)


class Second(NamedTuple):
    """What was used in one second since 1970."""

    at: int
    requests: int
    tokens: int


class Refused(NamedTuple):
    """Why a request has to wait, and about how long."""

    why: str
    wait_s: float


class Window:
    """The last minute of one key, the oldest second first. A second is in it to its last moment, so
    no sixty seconds hold more than the limit. One that is to come is left out: the clock was set
    back."""

    def __init__(self, seconds: Sequence[Second], now_s: float) -> None:
        self._now_s = now_s
        now = int(now_s)
        self.seconds = [one for one in seconds if now - MINUTE_S <= one.at <= now]

    def with_use(self, requests: int, tokens: int) -> Window:
        """The same and what is used now."""
        now = int(self._now_s)
        seconds = self.seconds
        if seconds and seconds[-1].at == now:
            requests += seconds[-1].requests
            tokens += seconds[-1].tokens
            seconds = seconds[:-1]
        return Window([*seconds, Second(now, requests, tokens)], self._now_s)

    def refused(self, limits: Limits, under_way: int, reserved: int, wanted: int) -> Refused | None:
        """Why a request of about `wanted` tokens may not begin now; None when it may. `under_way`
        requests have not ended and hold `reserved` tokens. One that is larger than the whole limit
        begins when nothing else counts: else it never would."""
        if limits.concurrency and under_way >= limits.concurrency:
            return Refused(f"{limits.concurrency} requests at the same time", _SOON_S)
        if limits.rpm:
            wait_s = self._until([one.requests for one in self.seconds], limits.rpm - 1)
            if wait_s is not None:
                return Refused(f"{limits.rpm} requests a minute", wait_s)
        if limits.tpm:
            room = limits.tpm - reserved - wanted
            wait_s = self._until([one.tokens for one in self.seconds], max(room, 0))
            if wait_s is None and room < 0 and reserved:
                wait_s = _SOON_S
            if wait_s is not None:
                return Refused(f"{limits.tpm} tokens a minute", wait_s)
        return None

    def _until(self, used: Sequence[int], most: int) -> float | None:
        """How long until no more than `most` of it is left; None when it is so now."""
        total = sum(used)
        if total <= most:
            return None
        left = iter(zip(self.seconds, used, strict=True))
        at = int(self._now_s)
        while total > most:
            second, count = next(left)
            total -= count
            at = second.at
        return max(at + MINUTE_S + 1 - self._now_s, _SOON_S)
