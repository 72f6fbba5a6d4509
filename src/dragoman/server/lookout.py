"""Who serves what beyond the configuration's words: hosts that are asked for their models, and
local servers that are found. One for as long as the process lives; it follows the configuration."""

from __future__ import annotations

import asyncio

from dragoman.errors import DragomanError
from dragoman.observe.log import logger
from dragoman.routing.listed import found_models, told_models
from dragoman.routing.pools import forget_changed
from dragoman.routing.served import HostModels
from dragoman.server.configured import Configured
from dragoman.server.subscriptions import Subscriptions
from dragoman.storage.model_lists import ModelLists
from dragoman.upstreams import discovery, listing
from dragoman.upstreams.hosts import Host
from dragoman.upstreams.http import Deadlines, HttpClient

REFRESH_S = 600


class Lookout:
    """`follow` tells it of the configuration in force; `names` of that one are kept up to date."""

    def __init__(self, http: HttpClient, lists: ModelLists, subscriptions: Subscriptions) -> None:
        self._http = http
        self._lists = lists
        self._subscriptions = subscriptions
        self._subscribed: list[HostModels] = []
        self._told: dict[str, Host] = {}
        self._found: list[discovery.Found] = []
        self._news = asyncio.Event()
        self._look_now = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def follow(self, configured: Configured) -> None:
        """Serves what is known so far; what is not is asked for at once."""
        self._configured = configured
        self._subscribed = self._subscriptions.served(configured.settings)
        if not configured.settings.discover:
            self._found = []
        self._serve()
        self._news.set()
        self._look_now.set()

    def accounts_changed(self) -> None:
        """Serves the accounts as they are now. One that can be used again, or in another way, has
        no rest any more."""
        before = [models.host for models in self._subscribed]
        self._subscribed = self._subscriptions.served(self._configured.settings)
        after = [models.host for models in self._subscribed]
        cooldowns = self._configured.pools.cooldowns
        forget_changed(cooldowns, before, after)
        for account in self._subscriptions.recovered:
            cooldowns.clear(account)
        self._serve()

    async def open(self) -> None:
        """Looks for local servers, and starts asking."""
        self._look_now.clear()
        await self._look_around()
        self._tasks = [
            asyncio.create_task(self._keep_asking()),
            asyncio.create_task(self._keep_looking()),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _serve(self) -> None:
        configured = self._configured
        names = {upstream.name for upstream in configured.upstreams}
        taken = configured.taken()
        asked = [
            told_models(host, upstream, self._lists.get(host.name))
            for host, upstream in configured.asked.values()
        ]
        found = [
            found_models(one.host, one.models)
            for one in self._found
            if one.host.name not in names and _place(one.host) not in taken
        ]
        configured.serve([*asked, *self._subscribed, *found])

    async def _keep_asking(self) -> None:
        """All of them from time to time; after a change those that have not told yet."""
        everyone = True
        while True:
            self._news.clear()
            hosts = [host for host, _ in self._configured.asked.values()]
            if not everyone:
                hosts = [host for host in hosts if self._told.get(host.name) != host]
            await asyncio.gather(*(self._ask(host) for host in hosts))
            if hosts:
                self._serve()
            everyone = not await _within(self._news, REFRESH_S)

    async def _ask(self, host: Host) -> None:
        try:
            models = await listing.ask(self._http, host)
        except (DragomanError, TimeoutError) as error:
            logger().warning(
                "the host did not tell its models; its last known list is used",
                upstream=host.name,
                reason=str(error) or "no answer in time",
            )
        else:
            self._told[host.name] = host
            self._lists.put(host.name, models)

    async def _keep_looking(self) -> None:
        while True:
            await _within(self._look_now, discovery.INTERVAL_S)
            self._look_now.clear()
            await self._look_around()

    async def _look_around(self) -> None:
        settings = self._configured.settings
        if not settings.discover:
            return
        timeouts = settings.timeouts
        deadlines = Deadlines(timeouts.connect, timeouts.first_byte, timeouts.idle, timeouts.total)
        taken = self._configured.taken()
        found = await discovery.discover(self._http, deadlines, taken, settings.port)
        if self._configured.settings.discover:
            self._found = found
            self._serve()


async def _within(event: asyncio.Event, timeout_s: float) -> bool:
    """Whether it was set in this time."""
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return False
    return True


def _place(host: Host) -> str:
    return host.base.removeprefix("http://").partition("/")[0]
