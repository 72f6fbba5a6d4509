"""Bare reasoning state that a conversation has left behind: the account that made it could not
answer, another took over, and from then on the client sends both accounts' state, mixed. What was
left out once is left out of the conversation's later requests too; nobody would take it back."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dragoman.reasoning.passage import digest_of
from dragoman.storage.state import Space, State

SPACE = Space("strange-state", lifetime_s=86_400, max_entries=5_000, max_bytes=16 * 1024 * 1024)
_NONE: frozenset[bytes] = frozenset()
_MOST = 5_000
"""States kept of one conversation; more of them are told apart by the upstream's refusal."""


class Strangers:
    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def any(self) -> bool:
        return self._state.any(SPACE)

    def of(self, session: str) -> frozenset[bytes]:
        """Digests of what the conversation has left behind."""
        data = self._state.get(SPACE, session) if session else None
        return frozenset(msgspec.msgpack.decode(data, type=list[bytes])) if data else _NONE

    def add(self, session: str, blobs: Iterable[str]) -> None:
        known = self.of(session)
        found = known | {digest_of(blob) for blob in blobs}
        if session and found != known and len(found) <= _MOST:
            self._state.put(SPACE, session, msgspec.msgpack.encode(sorted(found)))
