"""The client keys made with `dragoman key`, as they are kept: never their text, only its SHA-256.

A key that is revoked stays, so that who shows it is told so. Its name may then be given again; the
new key is another one, and nothing of the old one is its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import RowMapping, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman.neutral.json import JsonObject, encode
from dragoman.neutral.parts import NO_EXTRAS
from dragoman.storage.shared import touched
from dragoman.storage.tables import CLIENT_KEYS as T

CHANGED = "client-keys"
"""What is told of a change (`Shared`)."""
_STRINGS = msgspec.json.Decoder(tuple[str, ...])
_OBJECT = msgspec.json.Decoder(dict[str, object])


class ClientKey(msgspec.Struct, frozen=True):
    """One key. `id` is what its things belong to; it never changes. `groups`, the first of which is
    its own, and `models` (names or globs): none = all. `rpm`, `tpm`, `concurrency`: 0 = no limit.
    `quotas`: room for those of money and time, which nobody reads yet. Times are seconds since
    1970."""

    id: str
    name: str
    digest: bytes
    created_at: float = 0
    groups: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    expires_at: float | None = None
    revoked_at: float | None = None
    rpm: int = 0
    tpm: int = 0
    concurrency: int = 0
    body_log: bool = False
    quotas: JsonObject = NO_EXTRAS

    def expired(self, now_s: float) -> bool:
        return self.expires_at is not None and self.expires_at <= now_s


class NameTaken(Exception):
    """Another key that is not revoked has this name."""


class NoSuchKey(Exception):
    """No key that is not revoked has this name."""


class ClientKeyStore:
    """Every method raises OSError when the database fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> Sequence[ClientKey]:
        """Every key, also expired and revoked ones, the oldest first."""
        try:
            async with self._engine.connect() as connection:
                rows = await connection.execute(select(T).order_by(T.c.created_at, T.c.id))
                return [key_of(row) for row in rows.mappings()]
        except SQLAlchemyError as error:
            raise OSError(f"the database cannot be read: {error}") from error

    async def add(self, key: ClientKey) -> None:
        """
        Raises:
            NameTaken.
        """
        row = msgspec.structs.asdict(key)
        for name in ("groups", "models", "quotas"):
            row[name] = encode(row[name]).decode()
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(T).values(row))
                await touched(connection, CHANGED)
        except IntegrityError:
            raise NameTaken(key.name) from None
        except SQLAlchemyError as error:
            raise OSError(f"the database cannot be written: {error}") from error

    async def revoke(self, name: str, now_s: float) -> None:
        """
        Raises:
            NoSuchKey.
        """
        await self._change(name, {"revoked_at": now_s})

    async def rotate(self, name: str, digest: bytes) -> None:
        """The key of this name gets another text; everything else of it stays.

        Raises:
            NoSuchKey.
        """
        await self._change(name, {"digest": digest})

    async def _change(self, name: str, values: dict[str, object]) -> None:
        live = (T.c.name == name) & T.c.revoked_at.is_(None)
        try:
            async with self._engine.begin() as connection:
                done = await connection.execute(update(T).where(live).values(values))
                await touched(connection, CHANGED)
        except SQLAlchemyError as error:
            raise OSError(f"the database cannot be written: {error}") from error
        if not done.rowcount:
            raise NoSuchKey(name)


def key_of(row: RowMapping | Mapping[str, Any]) -> ClientKey:
    """A key as its row tells it."""
    fields: dict[str, Any] = dict(row)
    for name in ("groups", "models"):
        fields[name] = _STRINGS.decode(fields[name])
    fields["quotas"] = _OBJECT.decode(fields["quotas"])
    return ClientKey(**fields)
