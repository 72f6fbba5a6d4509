"""The accounts of a gateway: found in `auth-dir`, kept fresh, told of when they change.

Opened and closed by the gateway. Logging in is not its matter (`logins/`): a login is a new file,
and the folder is watched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from pathlib import Path

from dragoman.accounts import counted, webhook
from dragoman.accounts.fetching import Fetch
from dragoman.accounts.locks import Locks
from dragoman.accounts.login import REFUSED, Login, refresh_digest, shape_of
from dragoman.accounts.options import AccountOptions
from dragoman.accounts.providers import PROVIDERS, Provider
from dragoman.accounts.quotas import Notes
from dragoman.accounts.records import Account, Quota, Status, Window
from dragoman.accounts.registry import Registry
from dragoman.accounts.renewing import ANSWER_S, Renewing
from dragoman.accounts.source import Source
from dragoman.config.watch import moments
from dragoman.observe.log import logger
from dragoman.storage.state import State

TICK_S = 5.0


class Accounts:
    """`now` tells the time tokens are judged by; every `tick_s` it is looked what is due."""

    def __init__(
        self,
        options: AccountOptions,
        fetch: Fetch,
        state: State,
        now: Callable[[], float] = time.time,
        tick_s: float = TICK_S,
    ) -> None:
        self.options = options
        self._fetch = fetch
        self._notes = Notes(state)
        self._now = now
        self._tick_s = tick_s
        self._callbacks: list[Callable[[], None]] = []
        self._shapes: dict[str, object] = {}
        self._over: dict[str, bool] = {}
        self._writing: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._start()

    def _start(self) -> None:
        options = self.options
        self.registry = Registry(options.auth_dir, options.seal, self._now)
        self.registry.adopt = options.adopt
        self._workers = asyncio.Semaphore(options.workers)
        self._renewing = Renewing(
            self.registry, self._fetch, self.provider, self._proxy, self._told, self._now
        )
        self._renewing.locks = Locks(options.auth_dir)

    def turn_to(self, options: AccountOptions) -> None:
        """Other settings from now on. Another folder is read at once, blocking."""
        before, self.options = self.options, options
        known = set(self._shapes)
        if (before.auth_dir, before.seal) != (options.auth_dir, options.seal):
            self._start()
            known |= self.registry.look_now()
        self.registry.adopt = options.adopt
        for login in self.registry.logins.values():
            login.adopted = options.adopt
        self._took(known)

    def load(self) -> None:
        """Takes in the folder, blocking: for commands that open nothing."""
        self._took(self.registry.look_now())

    async def open(self) -> None:
        await self.look()
        self._begin(self._watch())
        self._begin(self._keep_fresh())

    async def close(self) -> None:
        """What is being renewed may end: a token on its way would be lost."""
        renewals = [
            login.renewal
            for login in self.registry.logins.values()
            if login.renewal is not None and login.renewing
        ]
        if renewals:
            await asyncio.wait(renewals, timeout=ANSWER_S)
        tasks = [*self._tasks, *renewals]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def all(self) -> Sequence[Account]:
        now = self._now()
        found = [login.account(now) for login in self.registry.logins.values()]
        return sorted([*found, *self.registry.bad.values()], key=lambda account: account.id)

    def of(self, provider: str) -> Sequence[Account]:
        return [account for account in self.all() if account.provider == provider]

    def get(self, id_: str) -> Account | None:
        login = self.registry.logins.get(id_)
        return login.account(self._now()) if login is not None else self.registry.bad.get(id_)

    def source(self, id_: str) -> Source:
        """Where requests on this account get their token."""
        return Source(
            id_,
            lambda: self.registry.logins.get(id_),
            self._renewing,
            self._due,
            self._refused,
            self._now,
        )

    def provider(self, name: str) -> Provider:
        return self.options.providers.get(name) or PROVIDERS[name]

    def on_change(self, callback: Callable[[], None]) -> None:
        """Calls it whenever an account came, went, or is another than before; not when only its
        token was renewed."""
        self._callbacks.append(callback)

    def note_quota(self, id_: str, windows: Sequence[Window]) -> None:
        self._notes.put_quota(id_, windows, self._now())

    def quota(self, id_: str) -> Quota | None:
        return self._notes.quota(id_)

    async def look(self) -> None:
        """Takes in what has changed in the folder."""
        changed = await self.registry.look()
        self._took(changed)
        if changed and self._tasks:
            self._tick()

    async def refresh(self, id_: str) -> bool:
        """Renews one now; whether it has another token."""
        login = self.registry.logins.get(id_)
        if login is None or not login.may_refresh:
            return False
        return await self._renewing.renew(login)

    async def refresh_due(self) -> None:
        """Renews what is due, and waits for it."""
        due = [login for login in self.registry.logins.values() if self._due(login)]
        await asyncio.gather(*(self._renew(login) for login in due))

    def _took(self, ids: set[str]) -> None:
        for id_ in ids:
            login = self.registry.logins.get(id_)
            standing = self._notes.standing(id_)
            if login is None and id_ not in self.registry.bad:
                self._notes.forget(id_)
            elif (
                login is not None
                and standing is not None
                and standing.status is Status.DEAD
                and standing.login == refresh_digest(login.tokens)
            ):
                login.dead = standing.message
        self._announce(ids)

    def _announce(self, ids: set[str]) -> None:
        changed = False
        for id_ in ids:
            account, login = self.get(id_), self.registry.logins.get(id_)
            shape = shape_of(account) if account is not None else None
            if login is not None and account is not None:
                self._notes.put_standing(account, refresh_digest(login.tokens))
            if shape == self._shapes.get(id_):
                continue
            changed = True
            if account is None:
                self._shapes.pop(id_, None)
                continue
            _tell(account, known=id_ in self._shapes)
            self._shapes[id_] = shape
        if changed:
            counted.show(self.all())
            for callback in self._callbacks:
                callback()

    async def _told(self, login: Login, ended: bool) -> None:
        self._announce({login.id})
        if ended and self.options.webhook:
            account = login.account(self._now())
            proxy = self.options.proxy_url
            self._begin(
                webhook.tell(self._fetch, self.options.webhook, account, proxy, self._now())
            )

    async def _refused(self, login: Login) -> None:
        before = login.tokens.access
        await self.registry.reread(login)
        if login.tokens.access == before:
            login.refused = REFUSED
        self._announce({login.id})

    def _due(self, login: Login) -> bool:
        if login.kind not in PROVIDERS:
            return False
        due_at = login.due_at(self.provider(login.kind))
        return due_at is not None and due_at <= self._now()

    def _proxy(self, login: Login) -> str | None:
        own = login.fields.get("proxy_url")
        return own.strip() if isinstance(own, str) and own.strip() else self.options.proxy_url

    async def _renew(self, login: Login) -> None:
        async with self._workers:
            await asyncio.shield(self._renewing.begun(login))

    async def _watch(self) -> None:
        while True:
            folder = self.options.auth_dir
            watched = _watched(folder)
            async with aclosing(moments(watched, below=True)) as found:
                async for _ in found:
                    try:
                        await self.look()
                    except Exception as error:  # noqa: BLE001 - the next change must be seen all the same
                        logger().error("the auth files could not be read", exc_info=error)
                    if self.options.auth_dir != folder or _watched(folder) != watched:
                        break

    async def _keep_fresh(self) -> None:
        while True:
            self._tick()
            await asyncio.sleep(self._tick_s)

    def _tick(self) -> None:
        now = self._now()
        turned: set[str] = set()
        for login in self.registry.logins.values():
            over = login.tokens.over(now)
            if self._over.get(login.id, over) != over:
                turned.add(login.id)
            self._over[login.id] = over
            if login.unwritten is not None and login.id not in self._writing:
                self._writing.add(login.id)
                self._begin(self._write_again(login))
            if self._due(login) and not login.renewing:
                self._begin(self._renew(login))
        self._announce(turned)

    async def _write_again(self, login: Login) -> None:
        try:
            if await self.registry.write_again(login):
                self._announce({login.id})
        finally:
            self._writing.discard(login.id)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _tell(account: Account, *, known: bool) -> None:
    """A login that cannot be used is never passed over in silence. The end of one has been told by
    who saw it, unless it was before this process began."""
    if account.status is Status.EXPIRED or (account.status is Status.DEAD and not known):
        logger().warning(
            "a login cannot be used",
            account=account.id,
            provider=account.provider,
            status=account.status.value,
            reason=account.message,
        )


def _watched(folder: Path) -> dict[Path, int]:
    try:
        return {folder: folder.stat().st_ino}
    except OSError:
        return {}
