"""Renewing a login: one at a time per account, here and across processes; what the provider told
is on the disk before it is used; a login that is over is told of, not tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from dragoman.accounts.answers import Refusal
from dragoman.accounts.auth_file import OURS
from dragoman.accounts.counted import ENDED, REFRESHES
from dragoman.accounts.fetching import Fetch
from dragoman.accounts.locks import Locks
from dragoman.accounts.login import Login
from dragoman.accounts.providers import Provider
from dragoman.accounts.refreshes import Renewal, Renewed, renewed
from dragoman.accounts.tokens import tokens_out
from dragoman.errors import UpstreamFault
from dragoman.neutral.json import JsonObject
from dragoman.observe.log import logger

PATIENCE_S = 60.0
ANSWER_S = 30.0
INEFFECTIVE_S = 30.0


Change: TypeAlias = Callable[[JsonObject], JsonObject]


class Files(Protocol):
    """The auth files as renewing needs them."""

    async def reread(self, login: Login) -> None:
        """Takes in what stands in the file now."""

    async def write(self, login: Login, change: Change) -> JsonObject | None:
        """Writes what the change makes of the file's object as it stands now, and tells it; None
        where somebody has put another login in its place, or taken it away. Raises OSError."""

    def barred(self) -> str:
        """Why nothing may be written at all; "" where it may."""


class Renewing:
    """`provider` and `proxy` tell a login's; `told` is called when something about a login is
    another than before, with whether it has just ended."""

    def __init__(
        self,
        files: Files,
        fetch: Fetch,
        provider: Callable[[str], Provider],
        proxy: Callable[[Login], str | None],
        told: Callable[[Login, bool], Awaitable[None]],
        now: Callable[[], float],
    ) -> None:
        self._files = files
        self._fetch = fetch
        self._provider = provider
        self._proxy = proxy
        self._told = told
        self._now = now
        self.locks: Locks | None = None

    async def renew(self, login: Login) -> bool:
        """Renews it, or waits for who is renewing it; whether its access token is another one."""
        before = login.tokens.access
        await asyncio.shield(self.begun(login))
        return login.tokens.access != before and not login.trouble

    def begun(self, login: Login) -> asyncio.Task[None]:
        """The renewal in flight, begun if there is none."""
        if login.renewal is None or not login.renewing:
            login.renewal = asyncio.create_task(self._run(login))
        return login.renewal

    async def _run(self, login: Login) -> None:
        ended = False
        try:
            await self._locked(login)
        except Refusal as refused:
            if refused.final:
                ended = await self._ended(login, str(refused))
            else:
                login.failed(str(refused), self._now(), refused.retry_after_s)
        except TimeoutError as error:
            login.failed(str(error) or "no answer in time", self._now(), 0)
        except (OSError, UpstreamFault) as error:
            login.failed(str(error) or type(error).__name__, self._now(), 0)
        if login.trouble:
            REFRESHES.labels(login.kind, "failed").inc()
            logger().warning(
                "a login could not be renewed and is tried again",
                account=login.id,
                provider=login.kind,
                reason=login.trouble,
                in_s=round(login.next_try_at - self._now()),
            )
        await self._told(login, ended)

    async def _locked(self, login: Login) -> None:
        """
        Raises:
            Refusal, OSError, UpstreamFault, TimeoutError.
        """
        if login.kind == "vertex" or self.locks is None:
            await self._asked(login)
            return
        before = login.tokens
        try:
            if barred := self._files.barred():
                raise OSError(barred)
            lock = self.locks.held(login.id, PATIENCE_S)
            await lock.__aenter__()
        except TimeoutError:
            raise TimeoutError("another process has been renewing it for a minute") from None
        except OSError as error:
            login.folder_trouble = f"its folder cannot be written ({error.strerror or error})"
            if not (login.refused or login.tokens.over(self._now() + INEFFECTIVE_S)):
                return
            await self._asked(login)
            return
        try:
            login.folder_trouble = ""
            await self._files.reread(login)
            if login.tokens != before and not login.tokens.over(self._now()):
                return
            if login.may_refresh and not login.damage:
                await self._asked(login)
        finally:
            await lock.__aexit__(None, None, None)

    async def _asked(self, login: Login) -> None:
        renewal = Renewal(
            self._provider(login.kind),
            login.fields,
            login.tokens,
            self._fetch,
            self._proxy(login),
            self._now(),
        )
        async with asyncio.timeout(ANSWER_S):
            answer = await renewed(renewal)
        if login.kind == "vertex":
            login.renew(login.fields, answer.tokens, self._now())
        else:
            await self._kept(login, answer)
        REFRESHES.labels(login.kind, "renewed").inc()
        logger().info(
            "login renewed", account=login.id, provider=login.kind, expires=_in(answer, self._now())
        )

    async def _kept(self, login: Login, answer: Renewed) -> None:
        """Writes what came, then uses it. Where it cannot be written it is used all the same: the
        old refresh token is worth nothing any more."""

        def change(fields: JsonObject) -> JsonObject:
            changed = {**fields, **answer.changes, OURS: "dragoman"}
            return tokens_out(login.kind, changed, answer.tokens)

        failure = ""
        try:
            fields = await self._files.write(login, change)
        except OSError as error:
            failure, fields = error.strerror or str(error), change(login.fields)
        if fields is None:
            return
        login.renew(fields, answer.tokens, self._now())
        if failure:
            login.folder_trouble = (
                f"its new token could not be written ({failure}) and is kept in memory: make the "
                "folder writable before dragoman is stopped"
            )
            logger().error(
                "a renewed login could not be written; it is tried again",
                account=login.id,
                reason=failure,
            )

    async def _ended(self, login: Login, reason: str) -> bool:
        """Whether the login is over: not when somebody has put another one in its place."""
        before = login.tokens.refresh
        await self._files.reread(login)
        if login.tokens.refresh != before:
            return False
        login.trouble = ""
        ENDED.labels(login.kind).inc()
        login.dead = f"{reason}; log in again: dragoman login {login.kind}"
        logger().error(
            "a login has ended", account=login.id, provider=login.kind, reason=login.dead
        )
        return True


def _in(answer: Renewed, now: float) -> str:
    ends = answer.tokens.expires_at
    return f"in {round(ends - now)} s" if ends is not None else ""
