"""Small state with a lifetime: read locally, published on write.

A space bounds what is kept under its name. Reads and writes are immediate and in memory; one
writer task carries them to the database in batches. When the disk fails, the state stays in memory
and the log says so.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec
import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from dragoman.storage.tables import STATE


class Space(msgspec.Struct, frozen=True):
    """A name and its bounds; 0 = none. The oldest go first."""

    name: str
    lifetime_s: float = 0
    max_entries: int = 0
    max_bytes: int = 0


class _Entry(msgspec.Struct):
    value: bytes
    written_at: float
    expires_at: float | None


class _Shelf:
    __slots__ = ("entries", "size")

    def __init__(self) -> None:
        self.entries: OrderedDict[str, _Entry] = OrderedDict()
        self.size = 0


class State:
    """Without an engine it lives in memory alone. `writing` is held by whoever writes to the
    database: this state, and the stores that share its `engine`."""

    def __init__(
        self, engine: AsyncEngine | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.engine = engine
        self._clock = clock
        self._shelves: dict[str, _Shelf] = {}
        self._dirty: dict[tuple[str, str], _Entry | None] = {}
        self._wake = asyncio.Event()
        self.writing = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Loads what is still alive, and starts the writer."""
        if self.engine is None:
            return
        now = self._clock()
        async with self.engine.begin() as connection:
            await connection.execute(delete(STATE).where(STATE.c.expires_at < now))
            rows = await connection.execute(select(STATE).order_by(STATE.c.written_at))
            for space, key, value, written_at, expires_at in rows:
                self._keep(space, key, _Entry(value, written_at, expires_at))
        self._writer = asyncio.create_task(self._write_on())

    async def close(self) -> None:
        """Writes what is left and closes the database."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
            await self._write()
        if self.engine is not None:
            await self.engine.dispose()

    def get(self, space: Space, key: str) -> bytes | None:
        shelf = self._shelves.get(space.name)
        entry = shelf.entries.get(key) if shelf else None
        if entry is None:
            return None
        if entry.expires_at is not None and entry.expires_at <= self._clock():
            self.delete(space, key)
            return None
        return entry.value

    def any(self, space: Space) -> bool:
        """Whether the space holds something."""
        shelf = self._shelves.get(space.name)
        return bool(shelf and shelf.entries)

    def keys(self, space: Space) -> list[str]:
        """The keys of a space; some may have passed their time."""
        shelf = self._shelves.get(space.name)
        return list(shelf.entries) if shelf else []

    def put(self, space: Space, key: str, value: bytes, lifetime_s: float | None = None) -> None:
        """Keeps a value for the space's lifetime, or its own."""
        lifetime = space.lifetime_s if lifetime_s is None else lifetime_s
        now = self._clock()
        entry = _Entry(value, now, now + lifetime if lifetime else None)
        shelf = self._keep(space.name, key, entry)
        self._changed(space.name, key, entry)
        while shelf.entries and (
            (space.max_entries and len(shelf.entries) > space.max_entries)
            or (space.max_bytes and shelf.size > space.max_bytes)
        ):
            self.delete(space, next(iter(shelf.entries)))

    def delete(self, space: Space, key: str) -> bool:
        """Whether there was something to delete."""
        shelf = self._shelves.get(space.name)
        entry = shelf.entries.pop(key, None) if shelf else None
        if shelf is None or entry is None:
            return False
        shelf.size -= len(entry.value)
        self._changed(space.name, key, None)
        return True

    def increment(self, space: Space, key: str, by: int = 1) -> int:
        """Adds to a counter that starts at 0; its new value."""
        count = int(self.get(space, key) or b"0") + by
        self.put(space, key, b"%d" % count)
        return count

    def lease(self, space: Space, key: str, holder: str, lifetime_s: float) -> bool:
        """Whether `holder` has the key for itself until `lifetime_s` from now."""
        current = self.get(space, key)
        if current is not None and current != holder.encode():
            return False
        self.put(space, key, holder.encode(), lifetime_s)
        return True

    def _keep(self, space: str, key: str, entry: _Entry) -> _Shelf:
        shelf = self._shelves.setdefault(space, _Shelf())
        old = shelf.entries.pop(key, None)
        shelf.size += len(entry.value) - (len(old.value) if old else 0)
        shelf.entries[key] = entry
        return shelf

    def _changed(self, space: str, key: str, entry: _Entry | None) -> None:
        if self.engine is not None:
            self._dirty[space, key] = entry
            self._wake.set()

    async def _write_on(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._write()

    async def _write(self) -> None:
        assert self.engine is not None
        batch, self._dirty = self._dirty, {}
        if not batch:
            return
        try:
            async with self.writing, self.engine.begin() as connection:
                for (space, key), entry in batch.items():
                    if entry is None:
                        where = (STATE.c.space == space) & (STATE.c.key == key)
                        await connection.execute(delete(STATE).where(where))
                    else:
                        row = {"space": space, "key": key, **msgspec.structs.asdict(entry)}
                        statement = insert(STATE).values(row)
                        update = statement.on_conflict_do_update(
                            index_elements=["space", "key"], set_=msgspec.structs.asdict(entry)
                        )
                        await connection.execute(update)
        except asyncio.CancelledError:
            self._dirty = {**batch, **self._dirty}
            raise
        except (SQLAlchemyError, OSError) as error:
            self._dirty = {**batch, **self._dirty}
            structlog.get_logger().warning(
                "state could not be written; it is kept in memory and tried again with the next "
                "change",
                reason=str(error),
            )
