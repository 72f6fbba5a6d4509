"""What an account is to the rest of dragoman: a login with a provider, as it stands now.

A record never changes; the service hands out another one when something did. Tokens are not fields
of it: who sends a request asks the account's token source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from dragoman.config.cliproxy_blocks import OauthAlias
from dragoman.neutral.json import Json, JsonObject


class Owner(StrEnum):
    """Who may use the refresh token up: it rotates, so only one program can."""

    DRAGOMAN = "dragoman"
    OTHER = "other"
    CLIENT = "client"


class Status(StrEnum):
    """`READY` serves. `EXPIRED`: its token has run out, and we may not or could not yet renew it.
    `DEAD`: the provider has ended the login; only another login helps. `UNREADABLE`: the file is
    damaged, or sealed with a key that is not here."""

    READY = "ready"
    EXPIRED = "expired"
    DEAD = "dead"
    DISABLED = "disabled"
    UNREADABLE = "unreadable"
    UNSUPPORTED = "unsupported"


class Contents(Mapping[str, Json]):
    """A file's object. Its repr tells the names only."""

    __slots__ = ("_values",)

    def __init__(self, values: JsonObject) -> None:
        self._values = values

    def __getitem__(self, key: str) -> Json:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Contents({', '.join(self._values)})"

    def text(self, key: str) -> str:
        """A text field, "" when it is absent or something else."""
        value = self._values.get(key)
        return value.strip() if isinstance(value, str) else ""


class Window(msgspec.Struct, frozen=True):
    """One of a provider's quota windows: `used` from 0 to 1, None when it is not told."""

    name: str
    used: float | None = None
    resets_at: float | None = None


class Quota(msgspec.Struct, frozen=True):
    windows: tuple[Window, ...]
    seen_at: float


class Account(msgspec.Struct, frozen=True):
    """`id` is the file's path below the folder. `provider` is a row of the table of providers, or
    the file's own word where there is none. `message` says what to do about a status. `fields`
    is the file's object with everything in it."""

    id: str
    provider: str
    label: str
    email: str = ""
    projects: tuple[str, ...] = ()
    plan: str = ""
    prefix: str = ""
    priority: int = 0
    weight: int = 1
    disabled: bool = False
    proxy_url: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    excluded_models: tuple[str, ...] = ()
    model_aliases: tuple[OauthAlias, ...] = ()
    websockets: bool = False
    disable_cooling: bool | None = None
    request_retry: int | None = None
    note: str = ""
    owner: Owner = Owner.OTHER
    status: Status = Status.READY
    message: str = ""
    expires_at: float | None = None
    last_refresh: float | None = None
    next_try_at: float | None = None
    fields: Contents = Contents({})

    @property
    def usable(self) -> bool:
        """Whether requests may be tried with it."""
        return self.status is Status.READY
