"""One auth file in life: what it holds, how its last refresh went, and the account it makes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from dragoman.accounts.auth_file import account_of, kind_of
from dragoman.accounts.providers import Provider
from dragoman.accounts.records import Account, Owner, Status
from dragoman.accounts.tokens import Tokens, tokens_in
from dragoman.neutral.json import JsonObject

FIRST_BACK_OFF_S = 5.0
LAST_BACK_OFF_S = 300.0
REFUSED = "the provider refuses its token"
_NEAR_END_S = 60.0


class Login:
    """`fields` is the object as it stands in the file, or as it will once `unwritten` can be
    written. `adopted`: another program's file that we were told to take over."""

    def __init__(self, id_: str, fields: JsonObject, owner: Owner, digest: bytes) -> None:
        self.id = id_
        self.renewal: asyncio.Task[None] | None = None
        self.dead = ""
        self.trouble = ""
        self.refused = ""
        self.failures = 0
        self.next_try_at = 0.0
        self.renewed_at = 0.0
        self.folder_trouble = ""
        self.unwritten: bytes | None = None
        self.damage = ""
        self.adopted = False
        self.client_file: Path | None = None
        self.take(fields, owner, digest)

    def take(self, fields: JsonObject, owner: Owner, digest: bytes) -> None:
        """Another content of the file. Other tokens begin another life."""
        kind = kind_of(fields)
        tokens = tokens_in(kind, fields)
        before: Tokens | None = getattr(self, "tokens", None)
        self.fields, self.owner, self.digest, self.kind = fields, owner, digest, kind
        self.damage = ""
        if kind == "vertex" and before is not None and before.refresh == tokens.refresh:
            tokens = before  # its access token is kept in memory alone
        if before is None or (before.access, before.refresh) != (tokens.access, tokens.refresh):
            self.dead = self.trouble = self.refused = self.folder_trouble = ""
            self.failures = 0
            self.next_try_at = 0.0
            self.unwritten = None
        self.tokens = tokens

    @property
    def renewing(self) -> bool:
        return self.renewal is not None and not self.renewal.done()

    @property
    def may_refresh(self) -> bool:
        """Whether its refresh token is ours to use. Vertex's key does not wear out."""
        if self.kind == "vertex":
            return True
        if self.owner is Owner.CLIENT or not self.tokens.refresh:
            return False
        return self.owner is Owner.DRAGOMAN or self.adopted

    def failed(self, message: str, now: float, retry_after_s: float) -> None:
        """A refresh that may succeed another time: not before the back-off has passed."""
        back_off = min(FIRST_BACK_OFF_S * 2**self.failures, LAST_BACK_OFF_S)
        self.failures = min(self.failures + 1, 16)
        self.trouble = message
        self.next_try_at = now + max(back_off, retry_after_s)

    def renew(self, fields: JsonObject, tokens: Tokens, now: float) -> None:
        """Takes a new token. One that ran out on its way (a machine that stood still) lasts as long
        as it was said to: the host may judge it otherwise, and then it is renewed again."""
        lasts_s = (tokens.expires_at or 0) - (tokens.last_refresh or now)
        if tokens.over(now) and lasts_s > 0:
            tokens = msgspec.structs.replace(tokens, expires_at=now + lasts_s)
        self.fields, self.tokens = fields, tokens
        self.renewed_at = now
        if tokens.over(now):
            self.failed("the token that the provider gave has run out already", now, 0)
            return
        self.dead = self.trouble = self.refused = ""
        self.failures = 0
        self.next_try_at = 0.0

    def due_at(self, provider: Provider) -> float | None:
        """When it should be renewed in the background; None = never."""
        if self.dead or self.damage or not self.may_refresh or self.fields.get("disabled") is True:
            return None
        return max(self._wanted_at(provider), self.next_try_at)

    def _wanted_at(self, provider: Provider) -> float:
        tokens, every = self.tokens, self.fields.get("refresh_interval_seconds")
        last = tokens.last_refresh or self.renewed_at
        if isinstance(every, int) and not isinstance(every, bool) and every > 0 and last:
            return last + every
        if not tokens.access:
            return 0
        if tokens.expires_at is None:
            return last + provider.lead_s if last else 0
        lead_s = provider.lead_s
        if last and tokens.expires_at > last:
            lead_s = min(lead_s, (tokens.expires_at - last) / 2)
        if self.folder_trouble:
            lead_s = min(lead_s, _NEAR_END_S)
        return tokens.expires_at - lead_s

    def account(self, now: float) -> Account:
        """The record, with what happened since the file was read."""
        account = account_of(self.id, self.fields, self.owner, now)
        status, message = account.status, account.message
        if status in (Status.READY, Status.EXPIRED):
            status, message = self._standing(status, now)
        return msgspec.structs.replace(
            account,
            status=status,
            message=message,
            expires_at=self.tokens.expires_at,
            next_try_at=self.next_try_at if self.next_try_at > now else None,
        )

    def _standing(self, status: Status, now: float) -> tuple[Status, str]:
        if self.dead:
            return Status.DEAD, self.dead
        over = self.tokens.over(now)
        if self.refused and not self.may_refresh:
            return Status.EXPIRED, f"{self.refused}; {self._remedy()}"
        if over and not self.may_refresh:
            return Status.EXPIRED, f"its access token has run out; {self._remedy()}"
        if over and self.trouble:
            return Status.EXPIRED, self.trouble
        told = "; ".join(filter(None, (self.damage, self.folder_trouble, self.trouble)))
        return Status.READY, told

    def _remedy(self) -> str:
        if self.owner is Owner.CLIENT:
            return "use the program it belongs to, or log in here with --take-over"
        if not self.tokens.refresh:
            return f"log in again: dragoman login {self.kind}"
        return (
            "another program owns this login: let it renew it, or adopt it: dragoman accounts "
            f"adopt {self.id}"
        )


def refresh_digest(tokens: Tokens) -> str:
    """Tells a refresh token from another without telling it."""
    return hashlib.sha256(tokens.refresh.encode()).hexdigest()[:16]


def shape_of(account: Account) -> tuple[object, ...]:
    """What of a record, beyond its tokens and their times, others must be told of."""
    same = msgspec.structs.replace(
        account, expires_at=None, last_refresh=None, next_try_at=None, fields=None
    )
    return (same, _without_tokens(account.fields))


_TOKENS = frozenset(
    {
        "access_token",
        "refresh_token",
        "id_token",
        "token",
        "expired",
        "expires_in",
        "last_refresh",
        "timestamp",
    }
)


def _without_tokens(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in _TOKENS}
