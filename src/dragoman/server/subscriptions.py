"""The logins as upstreams: a pool for each provider, made of its accounts, and made anew when one
comes, goes or changes. Requests on their way keep the pool they began with."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from dragoman.accounts.records import Account, Status
from dragoman.accounts.service import Accounts
from dragoman.catalog.subscriptions import SERVED
from dragoman.config.cliproxy_blocks import OauthAlias
from dragoman.config.settings import Settings
from dragoman.errors import DragomanError
from dragoman.observe.log import logger
from dragoman.routing.candidates import account_of
from dragoman.routing.served import HostModels
from dragoman.routing.subscribed import Offer, subscribed
from dragoman.storage.state import Space, State
from dragoman.upstreams.fetch import Fetcher
from dragoman.upstreams.http import HttpClient
from dragoman.upstreams.subscriptions.kinds import KINDS, Kind
from dragoman.upstreams.subscriptions.seats import Desk, Seat, host_of, quota_of, seats_of

T = TypeVar("T")

ASK_EVERY_S = 900.0

_PLACES = Space("account-places", max_entries=1000)
_SERVING = (Status.READY, Status.EXPIRED)
"""An expired token may be renewed when it is asked for; until then its account says why not."""
_TELLING = (Status.DEAD,)
"""Served only where no other account is left, so that the client is told what has happened."""


class Subscriptions:
    """One for as long as the process lives."""

    def __init__(self, accounts: Accounts, http: HttpClient, state: State) -> None:
        self._accounts = accounts
        self._fetch = Fetcher(http)
        self._places = Places(state)
        self._standing: dict[str, Status] = {}
        self._seats: list[tuple[Kind, Seat, Desk]] = []
        self._asking: asyncio.Task[None] | None = None
        self.recovered: list[str] = []
        """Who can be used again since the last look, as cool-downs name them."""

    def served(self, settings: Settings) -> list[HostModels]:
        """What the accounts serve now."""
        desk = Desk(
            settings,
            self._fetch,
            self._accounts.provider,
            self._accounts.source,
            self._places.of,
            self._accounts.note_quota,
        )
        taken = {upstream.name for upstream in settings.all_upstreams}
        self.recovered = []
        self._seats = []
        found = (self._pool(_free(kind, taken), desk) for kind in KINDS.values())
        return [models for models in found if models is not None]

    def _pool(self, kind: Kind, desk: Desk) -> HostModels | None:
        accounts = _fit(self._accounts.of(kind.provider))
        seats = [seat for account in accounts for seat in seats_of(kind, account, desk)]
        if not seats:
            return None
        host = host_of(kind, seats, desk)
        for seat in seats:
            self._seats.append((kind, seat, desk))
            self._look_at(account_of(host, seat.credential), seat.account.status)
        offers = [_offer(kind, seat, desk.settings) for seat in seats]
        force = desk.settings.force_model_prefix
        return subscribed(host, SERVED[kind.provider], offers, force_prefix=force)

    def open(self) -> None:
        """Starts asking providers what accounts have used up."""
        self._asking = asyncio.create_task(self._keep_asking())

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def ask_quotas(self) -> None:
        """Asks for every account that can be used now; who does not answer is asked again later."""
        for kind, seat, desk in list(self._seats):
            if seat.account.status is Status.READY:
                try:
                    await quota_of(kind, seat, desk)
                except (DragomanError, OSError) as error:
                    logger().debug("no quota", account=seat.account.id, reason=str(error))

    async def _keep_asking(self) -> None:
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            await self.ask_quotas()

    def _look_at(self, account: str, status: Status) -> None:
        before = self._standing.get(account, status)
        if status is Status.READY and before is not status:
            self.recovered.append(account)
        self._standing[account] = status


def _free(kind: Kind, taken: set[str]) -> Kind:
    """The kind under a name that no upstream of the configuration has."""
    if kind.name not in taken:
        return kind
    return msgspec.structs.replace(kind, name=f"{kind.name}-logins")


def _fit(accounts: Iterable[Account]) -> list[Account]:
    known = list(accounts)
    serving = [account for account in known if account.status in _SERVING]
    return serving or [account for account in known if account.status in _TELLING]


def _offer(kind: Kind, seat: Seat, settings: Settings) -> Offer:
    account = seat.account
    return Offer(
        seat.credential,
        account.prefix,
        (*account.excluded_models, *_of(settings.oauth_excluded_models, kind)),
        _aliases(account, _of(settings.oauth_model_alias, kind)),
    )


def _of(rules: dict[str, tuple[T, ...]], kind: Kind) -> tuple[T, ...]:
    """The rules for a provider, by the pool's name or the one in its files."""
    return rules.get(kind.name) or rules.get(kind.provider) or ()


def _aliases(account: Account, general: Sequence[OauthAlias]) -> tuple[OauthAlias, ...]:
    """The account's own, and of the general ones those whose alias it does not give away."""
    own = {rule.alias.lower() for rule in account.model_aliases}
    return (*account.model_aliases, *(rule for rule in general if rule.alias.lower() not in own))


class Places:
    """The number of each credential of a pool: given once, and never to another, for sealed state
    and stored responses name the account by it."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, pool: str, credential: str) -> int:
        data = self._state.get(_PLACES, pool)
        known: list[str] = [] if data is None else msgspec.json.decode(data, type=list[str])
        if credential not in known:
            known.append(credential)
            self._state.put(_PLACES, pool, msgspec.json.encode(known))
        return known.index(credential)
