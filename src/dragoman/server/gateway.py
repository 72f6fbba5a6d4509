"""The running gateway: what lives as long as the process, and the configuration in force."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Mapping, Sequence

import msgspec

from dragoman.accounts.client_keys import ClientKeys
from dragoman.accounts.options import options_of
from dragoman.accounts.service import Accounts
from dragoman.amp.control import ControlPlane
from dragoman.catalog.models import facts
from dragoman.config.groups import DEFAULT_GROUP
from dragoman.config.settings import Settings
from dragoman.exchange.exchange import Exchange
from dragoman.exchange.incoming import NOBODY, Caller, Outcome
from dragoman.exchange.remembered import Remembered
from dragoman.exchange.sending import Options
from dragoman.exchange.stored_responses import StoredResponses
from dragoman.neutral.listings import ModelEntry
from dragoman.neutral.usage import NO_USAGE
from dragoman.observe import metrics
from dragoman.observe.body_log import BodyLog
from dragoman.observe.log import logger
from dragoman.observe.redaction import Redactor
from dragoman.routing.decisions import Pools
from dragoman.routing.names import Names
from dragoman.routing.pools import forget_changed, pools_after, pools_of
from dragoman.server.bodies_logged import body_file, secrets_in
from dragoman.server.configured import Configured
from dragoman.server.guard import Guard
from dragoman.server.limiter import Limiter
from dragoman.server.login_sessions import LoginSessions
from dragoman.server.lookout import Lookout
from dragoman.server.management_key import ManagementKey
from dragoman.server.reload import Reload
from dragoman.server.subscriptions import Subscriptions
from dragoman.server.ways import SWITCH
from dragoman.storage.active_group import ACTIVE_GROUP, active_group, chosen
from dragoman.storage.amp_threads import AmpThreads
from dragoman.storage.client_keys import CHANGED, ClientKeyStore
from dragoman.storage.model_lists import ModelLists
from dragoman.storage.shared import Shared
from dragoman.storage.state import State
from dragoman.upstreams.fetch import Fetcher
from dragoman.upstreams.http import HttpClient


class Gateway:
    """Open it before use, close it at the end. With `reload` it follows the configuration file."""

    def __init__(
        self,
        settings: Settings,
        state: State,
        seal_key: bytes,
        reload: Reload | None = None,
        management_password: str = "",
    ) -> None:
        self.http = HttpClient()
        self.stored = StoredResponses(state)
        self.amp_control = ControlPlane(AmpThreads(state))
        self.reload = reload
        self.management_key = ManagementKey(management_password)
        self.accounts = Accounts(options_of(settings, os.environ), Fetcher(self.http), state)
        self.keys = ClientKeys()
        self._shared = Shared(state.engine, state.writing)
        self._made_keys = ClientKeyStore(state.engine) if state.engine else None
        self._shared.on_change(CHANGED, self._take_made_keys)
        self.logins = LoginSessions(self.accounts, Fetcher(self.http))
        self.limiter = Limiter(state)
        self.body_log = BodyLog(body_file(settings), Redactor(secrets_in(settings)))
        self._state = state
        self._seal_key = seal_key
        self.subscriptions = Subscriptions(self.accounts, self.http, state)
        self._lookout = Lookout(self.http, ModelLists(state), self.subscriptions)
        self.accounts.on_change(self._lookout.accounts_changed)
        self._take_written_keys(settings)
        pools = pools_of(settings, state, random.random)
        self.configured = Configured(settings, pools, seal_key, self.keys)
        self._lookout.follow(self.configured)
        self.exchange = Exchange(
            self.http,
            lambda: self.configured.names,
            lambda: self.configured.options,
            Remembered(state),
            lambda: self.configured.pools,
            lambda: self.configured.attempts,
            self.body_log,
        )

    def turn_to(self, settings: Settings) -> None:
        """Puts another configuration in force, for the requests that begin from now on."""
        before = self.configured
        self.accounts.turn_to(options_of(settings, os.environ))
        self._take_written_keys(settings)
        pools = pools_after(before.pools, before.settings, settings, self._state)
        configured = Configured(settings, pools, self._seal_key, self.keys)
        forget_changed(pools.cooldowns, before.hosts(), configured.hosts())
        self._lookout.follow(configured)
        self.body_log.file = body_file(settings)
        self.body_log.redactor = Redactor(secrets_in(settings))
        self.configured = configured

    async def open(self) -> None:
        """Reads client keys and logins; starts renewing these, asking hosts for their models,
        looking for local servers, and watching keys and the configuration."""
        await self._shared.open()
        await self._take_made_keys()
        await self.accounts.open()
        await self._lookout.open()
        self.subscriptions.open()
        if self.reload is not None:
            self.reload.open(self.turn_to)

    async def close(self) -> None:
        if self.reload is not None:
            await self.reload.close()
        await self.subscriptions.close()
        await self._lookout.close()
        await self.logins.close()
        await self.accounts.close()
        await self._shared.close()
        await self.http.close()
        await asyncio.to_thread(self.body_log.close)

    @property
    def settings(self) -> Settings:
        return self.configured.settings

    @property
    def max_body(self) -> int:
        return self.configured.max_body

    @property
    def guard(self) -> Guard:
        return self.configured.guard

    @property
    def options(self) -> Options:
        return self.configured.options

    @property
    def names(self) -> Names:
        return self.configured.names

    @property
    def pools(self) -> Pools:
        return self.configured.pools

    def has_group(self, name: str) -> bool:
        """Whether this may stand as a group in a path."""
        return name in ("", SWITCH) or name in self.configured.groups

    @property
    def active_group(self) -> str:
        """The group that /switch means."""
        shared = self._shared.get(ACTIVE_GROUP)
        known = self.configured.groups.disabled
        return active_group(shared, self.settings.active_group, known)

    async def take_active_group(self, shared: bytes) -> None:
        """Takes the choice that another process has made, where this one does not watch."""
        await self._shared.put(ACTIVE_GROUP, shared)

    async def use_group(self, name: str) -> None:
        """Changes it, for every process on this database.

        Raises:
            OSError: the change cannot be written.
        """
        await self._shared.put(ACTIVE_GROUP, chosen(name, self.settings.active_group))

    def _take_written_keys(self, settings: Settings) -> None:
        self.keys.take_written(key.reveal() for key in settings.api_keys)

    async def _take_made_keys(self) -> None:
        if self._made_keys is not None:
            self.keys.take_made(await self._made_keys.all())

    def entries(self, caller: Caller = NOBODY) -> Sequence[ModelEntry]:
        """The models a caller may ask for, with what the catalogue knows of them.

        Raises:
            UnknownGroup, Forbidden: the caller's group is none of its own.
        """
        caller.groups.check(caller.access, caller.group)
        found = self.names.entries(caller.group)
        return [_completed(entry) for entry in found if caller.access.opens(entry.id)]

    def log(self, outcome: Outcome) -> None:
        """One line for a finished request, and its counts."""
        _count(outcome)
        further = outcome.further(outcome) if outcome.further else {}
        if self.configured.quiet:
            return
        usage = outcome.usage
        self.configured.requests.line(
            {
                "id": outcome.id,
                "key": outcome.key,
                "group": outcome.group if outcome.group != DEFAULT_GROUP else "",
                "protocol": outcome.protocol,
                "model": outcome.model,
                "served": outcome.served if outcome.served != outcome.model else "",
                "upstream": outcome.upstream,
                "status": outcome.status,
                "attempts": outcome.attempts,
                "ms": round(outcome.total_s * 1000),
                "first_ms": round(outcome.first_token_s * 1000) if outcome.first_token_s else None,
                "tokens_in": usage.tokens_in,
                "tokens_out": usage.tokens_out,
                "cached": usage.cache_read,
                "error": outcome.error,
                **further,
            }
        )
        if outcome.dropped:
            logger().debug("dropped", id=outcome.id, fields=", ".join(outcome.dropped))


def _count(outcome: Outcome) -> None:
    metrics.ended(
        outcome.protocol,
        outcome.upstream,
        outcome.status,
        attempts=outcome.attempts,
        seconds=outcome.total_s,
        first_token_s=outcome.first_token_s,
        losses=len(outcome.dropped),
    )
    if outcome.usage is not NO_USAGE:
        metrics.used(outcome.upstream, outcome.served, outcome.usage)


def _completed(entry: ModelEntry) -> ModelEntry:
    known = facts(entry.id)
    if known is None:
        return entry
    changes: Mapping[str, object] = {
        "context_tokens": entry.context_tokens or known.context_tokens,
        "output_tokens": entry.output_tokens or known.output_tokens,
        "capabilities": entry.capabilities or known.capabilities,
        "family": entry.family or known.family,
    }
    return msgspec.structs.replace(entry, **changes)
