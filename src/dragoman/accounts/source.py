"""An account's token as requests ask for it: valid when it is handed out, renewed when it must be,
and once more when the host says no to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dragoman.accounts.fetching import Headers
from dragoman.accounts.login import REFUSED, Login
from dragoman.accounts.records import Status
from dragoman.accounts.renewing import INEFFECTIVE_S, Renewing
from dragoman.errors import ErrorKind, UpstreamFault


class Source:
    """Of one account, for as long as the gateway lives; it follows what happens to the file."""

    def __init__(
        self,
        id_: str,
        login: Callable[[], Login | None],
        renewing: Renewing,
        due: Callable[[Login], bool],
        refused: Callable[[Login], Awaitable[None]],
        now: Callable[[], float],
    ) -> None:
        self._id = id_
        self._login = login
        self._renewing = renewing
        self._due = due
        self._refused = refused
        self._now = now

    async def headers(self) -> Headers:
        """
        Raises:
            UpstreamFault: the account has no token that would do.
        """
        login = self._login()
        if login is None:
            raise _fault("the login that this needs is gone", self._id)
        now = self._now()
        if login.dead or login.fields.get("disabled") is True:
            raise self._useless(login)
        if not login.tokens.over(now):
            if self._due(login):
                self._renewing.begun(login)
            return _bearer(login.tokens.access)
        if login.may_refresh and login.next_try_at <= now and await self._renewing.renew(login):
            return _bearer(login.tokens.access)  # just renewed: whether it is good the host says
        if login.tokens.over(self._now()):
            raise self._useless(login)
        return _bearer(login.tokens.access)

    async def refused(self, sent: Headers) -> bool:
        """Whether there is another token than the one that was `sent` and refused."""
        login = self._login()
        if login is None or login.dead:
            return False
        if _bearer(login.tokens.access) != _authorization(sent):
            return login.may_refresh or not login.tokens.over(self._now())
        now = self._now()
        if login.may_refresh:
            fresh = now - login.renewed_at < INEFFECTIVE_S and not self._due(login)
            if (fresh or login.next_try_at > now) and not login.renewing:
                return False
            login.refused = REFUSED
            return await self._renewing.renew(login)
        before = login.tokens.access
        await self._refused(login)
        return login.tokens.access != before and not login.tokens.over(self._now())

    def _useless(self, login: Login) -> UpstreamFault:
        """Clients are told of the provider, the log of the account: it may be somebody's name."""
        account = login.account(self._now())
        who = f"a login with {account.provider}"
        if account.status is Status.EXPIRED and login.trouble:
            return UpstreamFault(
                f"{who} could not be renewed: {login.trouble}",
                status=503,
                kind=ErrorKind.OVERLOADED,
                retry_after_s=max(login.next_try_at - self._now(), 1),
                detail=account.id,
            )
        return _fault(
            f"{who} cannot be used, it is {_WORDS.get(account.status, account.status.value)}; "
            "dragoman accounts says what to do",
            f"{account.id}: {account.message}",
        )


_WORDS = {
    Status.READY: "without a token that is still good",
    Status.EXPIRED: "expired",
    Status.DEAD: "ended by its provider",
}


def _fault(message: str, detail: str) -> UpstreamFault:
    return UpstreamFault(message, status=401, kind=ErrorKind.AUTHENTICATION, detail=detail)


def _bearer(access: str) -> Headers:
    return [("authorization", f"Bearer {access}")]


def _authorization(sent: Headers) -> Headers:
    return [(name, value) for name, value in sent if name == "authorization"]
