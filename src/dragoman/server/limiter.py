"""The limits of client keys while requests run: what each has used in the last minute, kept in the
state, and what is under way, which is this process's alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import msgspec

from dragoman.accounts.client_keys import NO_KEY
from dragoman.errors import RateLimited
from dragoman.exchange.incoming import Outcome
from dragoman.neutral.estimate import json_tokens
from dragoman.neutral.json import decode
from dragoman.policy.limits import MINUTE_S, Limits, Second, Window
from dragoman.storage.client_keys import ClientKey
from dragoman.storage.state import Space, State

_USED = Space("key-use", lifetime_s=2 * MINUTE_S, max_entries=10_000)
_DECODER = msgspec.msgpack.Decoder(list[Second])


class _UnderWay(msgspec.Struct):
    requests: int = 0
    reserved: int = 0


class Use:
    """One request under way. `end` it however it ends; once is enough."""

    def __init__(self, limiter: Limiter | None, key: ClientKey, reserved: int) -> None:
        self._limiter = limiter
        self._key = key
        self._reserved = reserved

    def end(self, outcome: Outcome) -> None:
        """Gives back what was held, and counts the tokens the request has used: those told, or the
        estimate where an answer came and told none."""
        limiter, self._limiter = self._limiter, None
        if limiter is None:
            return
        told = (outcome.usage.tokens_in, outcome.usage.tokens_out)
        if any(count is not None for count in told):
            tokens = sum(count or 0 for count in told)
        else:
            tokens = self._reserved if _has_answered(outcome) else 0
        limiter.ended(self._key, self._reserved, tokens)


NO_USE = Use(None, NO_KEY, 0)


class Limiter:
    """One per process."""

    def __init__(self, state: State, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._clock = clock
        self._under_way: dict[str, _UnderWay] = {}

    def begin(self, key: ClientKey, body: bytes) -> Use:
        """
        Raises:
            RateLimited: the key has used up what it may.
        """
        limits = Limits(key.rpm, key.tpm, key.concurrency)
        if not limits.any:
            return NO_USE
        wanted = _estimate(body) if limits.tpm else 0
        now = self._under_way.get(key.id, _UnderWay())
        window = self._window(key)
        refused = window.refused(limits, now.requests, now.reserved, wanted)
        if refused is not None:
            wait_s = math.ceil(refused.wait_s)
            raise RateLimited(
                f"key {key.name} may use {refused.why}; try again in {wait_s} s",
                code="rate_limit_exceeded",
                retry_after_s=wait_s,
            )
        if limits.rpm:
            self._keep(key, window.with_use(1, 0))
        now.requests += 1
        now.reserved += wanted
        self._under_way[key.id] = now
        return Use(self, key, wanted)

    def ended(self, key: ClientKey, reserved: int, tokens: int) -> None:
        """A request of the key has ended."""
        now = self._under_way[key.id]
        now.requests -= 1
        now.reserved -= reserved
        if not now.requests:
            del self._under_way[key.id]
        if key.tpm and tokens:
            self._keep(key, self._window(key).with_use(0, tokens))

    def _window(self, key: ClientKey) -> Window:
        data = self._state.get(_USED, key.id)
        return Window(_DECODER.decode(data) if data else (), self._clock())

    def _keep(self, key: ClientKey, window: Window) -> None:
        self._state.put(_USED, key.id, msgspec.msgpack.encode(window.seconds))


def _has_answered(outcome: Outcome) -> bool:
    return outcome.first_token_s is not None or 200 <= outcome.status < 300


def _estimate(body: bytes) -> int:
    try:
        return json_tokens(decode(body))
    except ValueError:
        return 0
