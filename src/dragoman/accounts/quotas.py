"""Quota windows as the providers told them last, and how each account stood: kept with the other
small state, so that commands and restarts know."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.accounts.records import Account, Quota, Status, Window
from dragoman.storage.state import Space, State

_QUOTAS = Space("account-quotas", lifetime_s=8 * 86400, max_entries=10_000)
_STANDINGS = Space("account-standings", max_entries=10_000)


class Standing(msgspec.Struct, frozen=True):
    """`login` tells which refresh token it is about."""

    status: Status
    message: str
    login: str
    next_try_at: float | None = None


class Notes:
    def __init__(self, state: State) -> None:
        self._state = state

    def put_quota(self, id_: str, windows: Sequence[Window], now: float) -> None:
        self._state.put(_QUOTAS, id_, msgspec.json.encode(Quota(tuple(windows), now)))

    def quota(self, id_: str) -> Quota | None:
        data = self._state.get(_QUOTAS, id_)
        return None if data is None else msgspec.json.decode(data, type=Quota)

    def put_standing(self, account: Account, login: str) -> None:
        told = Standing(account.status, account.message, login, account.next_try_at)
        data = msgspec.json.encode(told)
        if self._state.get(_STANDINGS, account.id) != data:
            self._state.put(_STANDINGS, account.id, data)

    def standing(self, id_: str) -> Standing | None:
        data = self._state.get(_STANDINGS, id_)
        return None if data is None else msgspec.json.decode(data, type=Standing)

    def forget(self, id_: str) -> None:
        self._state.delete(_STANDINGS, id_)
        self._state.delete(_QUOTAS, id_)
