"""Logins that the management API began: from the address of a page, or a code, to a new auth file.

A session is known by its state, which only who began it and the provider know; it lasts half an
hour. Routes of CLIProxyAPI's, about v7.2.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from typing import Literal, TypeAlias

import msgspec

from dragoman.accounts.fetching import Fetch
from dragoman.accounts.folder import AuthFolder
from dragoman.accounts.logins import browser, device
from dragoman.accounts.logins.callback import Callback
from dragoman.accounts.logins.completed import AuthFile, Wishes, completed
from dragoman.accounts.logins.device import Asking
from dragoman.accounts.logins.failed import LoginFailed
from dragoman.accounts.logins.saving import save
from dragoman.accounts.oauth_clients import with_secret
from dragoman.accounts.service import Accounts
from dragoman.errors import UpstreamFault
from dragoman.observe.log import logger

LASTS_S = 1800.0
MOST = 100
Standing: TypeAlias = Literal["wait", "ok", "error"]


class Session(msgspec.Struct):
    provider: str
    state: str
    ends_at: float
    standing: Standing = "wait"
    error: str = ""
    file: str = ""
    pending: browser.Pending | None = None
    wishes: Wishes = Wishes()
    taken: bool = False


class LoginSessions:
    """Closed with the gateway."""

    def __init__(
        self, accounts: Accounts, fetch: Fetch, now: Callable[[], float] = time.time
    ) -> None:
        self._accounts = accounts
        self._fetch = fetch
        self.now = now
        self._sessions: dict[str, Session] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def begin_page(self, name: str, wishes: Wishes, *, listen: bool) -> browser.Pending:
        """A page to open. With `listen` the browser may come back to the provider's own port on
        this machine; else the answer is handed in (`come_back`).

        Raises:
            LoginFailed: the port is taken.
            Missing: the client's secret is not known.
        """
        provider = await asyncio.to_thread(with_secret, self._accounts.provider(name), os.environ)
        pending = browser.begun(provider)
        callback = None
        if listen:
            await self._leave_port(name)
            callback = await Callback(pending).__aenter__()
        session = self._kept(Session(name, pending.state, self.now() + LASTS_S))
        session.pending, session.wishes = pending, wishes
        if callback is not None:
            self._run(session, self._listened(session, callback))
        return pending

    async def begin_code(self, name: str, wishes: Wishes) -> tuple[device.DeviceCode, str]:
        """A code to enter, and the session's state.

        Raises:
            LoginFailed, OSError, UpstreamFault: the provider gave none.
        """
        asking = self._asking()
        code = await device.begun(self._accounts.provider(name), asking)
        state = browser.begun(code.provider).state
        session = self._kept(Session(name, state, code.expires_at))
        session.wishes = msgspec.structs.replace(wishes, device_id=code.device_id)
        self._run(session, self._entered(session, code, asking))
        return code, state

    def standing(self, state: str) -> Session | None:
        self._forget_old()
        return self._sessions.get(state)

    def end(self, state: str) -> bool:
        """Whether there was such a session."""
        task = self._tasks.pop(state, None)
        if task is not None:
            task.cancel()
        return self._sessions.pop(state, None) is not None

    async def come_back(self, text: str, state: str) -> Session:
        """Takes the answer of a page: an address, or its query.

        Raises:
            LoginFailed: no login waits for it, or it is a refusal.
        """
        session = self.standing(state)
        if session is None or session.pending is None:
            raise LoginFailed("no login waits for this answer; begin it again")
        if not session.taken:
            await self._finished(session, self._coded(session, text))
        if session.error:
            raise LoginFailed(session.error)
        return session

    async def _leave_port(self, name: str) -> None:
        """Ends earlier logins that listen where this provider sends browsers."""
        for one in [one for one in self._sessions.values() if one.provider == name]:
            task = self._tasks.get(one.state)
            self.end(one.state)
            if task is not None:
                await asyncio.gather(task, return_exceptions=True)

    def _kept(self, session: Session) -> Session:
        self._forget_old()
        while len(self._sessions) >= MOST:
            self.end(next(iter(self._sessions)))
        self._sessions[session.state] = session
        return session

    def _forget_old(self) -> None:
        now = self.now()
        for state in [one.state for one in self._sessions.values() if one.ends_at <= now]:
            self.end(state)

    def _run(self, session: Session, work: Coroutine[None, None, None]) -> None:
        task = self._tasks[session.state] = asyncio.create_task(work)
        task.add_done_callback(lambda _: self._tasks.pop(session.state, None))

    def _asking(self) -> Asking:
        return Asking(self._fetch, self._accounts.options.proxy_url, self.now, asyncio.sleep)

    async def _listened(self, session: Session, callback: Callback) -> None:
        async def file() -> AuthFile:
            async with asyncio.timeout(LASTS_S):
                code = await callback.code()
            session.taken = True
            return await self._exchanged(session, code)

        try:
            await self._finished(session, file())
        finally:
            await callback.__aexit__(None, None, None)

    async def _entered(self, session: Session, code: device.DeviceCode, asking: Asking) -> None:
        async def file() -> AuthFile:
            body = await device.waited(code, asking)
            return await completed(code.provider, body, session.wishes, asking)

        await self._finished(session, file())

    async def _coded(self, session: Session, text: str) -> AuthFile:
        assert session.pending is not None
        session.taken = True
        return await self._exchanged(session, browser.code_in(text, session.pending))

    async def _exchanged(self, session: Session, code: str) -> AuthFile:
        pending, asking = session.pending, self._asking()
        assert pending is not None
        body = await browser.exchanged(pending, code, asking.fetch, asking.proxy, asking.now())
        return await completed(pending.provider, body, session.wishes, asking)

    async def _finished(self, session: Session, work: Coroutine[None, None, AuthFile]) -> None:
        """Puts the login's file into the folder; how it went is the session's to tell."""
        options = self._accounts.options
        try:
            file = await work
            await asyncio.to_thread(save, AuthFolder(options.auth_dir), options.seal, file)
            session.file, session.standing = file.id, "ok"
            await self._accounts.look()
            logger().info("logged in", provider=session.provider, account=file.id)
        except (LoginFailed, OSError, UpstreamFault) as error:
            session.error, session.standing = str(error), "error"
            logger().warning("a login failed", provider=session.provider, reason=str(error))
