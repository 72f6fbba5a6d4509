"""The running gateway: what all requests share, made from one configuration."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import msgspec

from dragoman.accounts.client_keys import ClientKeys
from dragoman.catalog.models import facts
from dragoman.config.settings import Settings
from dragoman.config.upstreams import Upstream
from dragoman.errors import DragomanError
from dragoman.exchange.attempts import AttemptSettings
from dragoman.exchange.exchange import Exchange
from dragoman.exchange.incoming import Outcome
from dragoman.exchange.remembered import Remembered
from dragoman.exchange.sending import Options
from dragoman.exchange.stored_responses import StoredResponses
from dragoman.neutral.listings import ModelEntry
from dragoman.observe.log import RequestLog, logger
from dragoman.routing.listed import found_models, told_models, written_models
from dragoman.routing.names import Names
from dragoman.routing.pools import plan_settings, pools_of
from dragoman.routing.rules import rules_of
from dragoman.routing.served import HostModels
from dragoman.server.guard import Guard
from dragoman.storage.model_lists import ModelLists
from dragoman.storage.state import State
from dragoman.upstreams import discovery, listing
from dragoman.upstreams.build import build_host
from dragoman.upstreams.hosts import Host
from dragoman.upstreams.http import Deadlines, HttpClient

REFRESH_S = 600


class Gateway:
    """Open it before use, close it at the end."""

    def __init__(self, settings: Settings, state: State, seal_key: bytes) -> None:
        self.settings = settings
        self.max_body = settings.max_body_mb * 1024 * 1024
        self.keys = ClientKeys(
            (f"key-{number}", key.reveal()) for number, key in enumerate(settings.api_keys, 1)
        )
        self.guard = Guard([settings.host, *settings.allowed_hosts])
        self.http = HttpClient()
        self.options = Options(
            strict_conversion=settings.strict_conversion,
            keepalive_s=settings.streaming.keepalive_seconds,
            passthrough_headers=settings.passthrough_headers,
            seal_key=seal_key,
        )
        self._attempts = AttemptSettings(plan_settings(settings), settings.hedge_after_s)
        self.stored = StoredResponses(state)
        self._lists = ModelLists(state)
        self._requests = RequestLog(settings.log_format)
        self._quiet = settings.effective_log_level in ("warning", "error")
        self._written: list[HostModels] = []
        self._asked: dict[str, tuple[Host, Upstream]] = {}
        self._found: list[discovery.Found] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._read_upstreams()
        self._rules = rules_of(settings)
        self.names = Names(self._hosts(), self._rules)
        self.exchange = Exchange(
            self.http,
            lambda: self.names,
            lambda: self.options,
            Remembered(state),
            pools_of(settings, state, random.random),
            lambda: self._attempts,
        )

    async def open(self) -> None:
        """Starts asking hosts for their models, and looking for local servers."""
        if self._asked:
            self._tasks.append(asyncio.create_task(self._keep_asking()))
        if self.settings.discover:
            await self._look_around()
            self._tasks.append(asyncio.create_task(self._keep_looking()))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.close()

    def entries(self) -> Sequence[ModelEntry]:
        """Every served model, with what the catalogue knows of it."""
        return [_completed(entry) for entry in self.names.entries()]

    def log(self, outcome: Outcome) -> None:
        """One line for a finished request."""
        if self._quiet:
            return
        usage = outcome.usage
        self._requests.line(
            {
                "id": outcome.id,
                "key": outcome.key,
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
            }
        )
        if outcome.dropped:
            logger().debug("dropped", id=outcome.id, fields=", ".join(outcome.dropped))

    # -- who serves what

    def _read_upstreams(self) -> None:
        for upstream in self.settings.all_upstreams:
            if upstream.disabled:
                continue
            host = build_host(upstream, self.settings)
            if not host.credentials:
                continue
            if upstream.models is None and host.codec is not None:
                self._asked[upstream.name] = (host, upstream)
            else:
                self._written.append(written_models(host, upstream))

    def _hosts(self) -> list[HostModels]:
        asked = [
            told_models(host, upstream, self._lists.get(host.name))
            for host, upstream in self._asked.values()
        ]
        found = [found_models(found.host, found.models) for found in self._found]
        return [*self._written, *asked, *found]

    async def _keep_asking(self) -> None:
        while True:
            await asyncio.gather(*(self._ask(host) for host, _ in self._asked.values()))
            self.names = Names(self._hosts(), self._rules)
            await asyncio.sleep(REFRESH_S)

    async def _ask(self, host: Host) -> None:
        try:
            models = await listing.ask(self.http, host)
        except (DragomanError, TimeoutError) as error:
            logger().warning(
                "the host did not tell its models; its last known list is used",
                upstream=host.name,
                reason=str(error) or "no answer in time",
            )
        else:
            self._lists.put(host.name, models)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(discovery.INTERVAL_S)
            await self._look_around()

    async def _look_around(self) -> None:
        timeouts = self.settings.timeouts
        deadlines = Deadlines(timeouts.connect, timeouts.first_byte, timeouts.idle, timeouts.total)
        taken = frozenset(_address(up.base_url) for up in self.settings.all_upstreams)
        self._found = await discovery.discover(self.http, deadlines, taken, self.settings.port)
        names = {up.name for up in self.settings.all_upstreams}
        self._found = [found for found in self._found if found.host.name not in names]
        self.names = Names(self._hosts(), self._rules)


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


def _address(url: str) -> str:
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname in ("localhost", "::1") else parts.hostname
    return f"{host}:{parts.port}"
