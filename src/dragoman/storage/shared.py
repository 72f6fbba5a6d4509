"""Named values that every process on one database sees within a second, whoever wrote them: a
command, the management API, another gateway.

Read locally, published on write. What is larger than a value keeps a table of its own and tells of
its changes here (`touched`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dragoman.storage.tables import SHARED

LOOK_EVERY_S = 0.4


class Shared:
    """Without an engine there is nobody else, and it lives in memory alone. `writing` is held by
    whoever writes to the database in this process."""

    def __init__(self, engine: AsyncEngine | None, writing: asyncio.Lock | None = None) -> None:
        self._engine = engine
        self._writing = writing or asyncio.Lock()
        self._values: dict[str, bytes] = {}
        self._changes: dict[str, int] = {}
        self._told: dict[str, Callable[[], Awaitable[None]]] = {}
        self._task: asyncio.Task[None] | None = None

    def on_change(self, name: str, call: Callable[[], Awaitable[None]]) -> None:
        """Calls it after every change of `name`, also of those made here."""
        self._told[name] = call

    async def open(self) -> None:
        """Reads the values there are, and watches for changes."""
        if self._engine is None:
            return
        async with self._engine.connect() as connection:
            await self._read(connection)
        self._task = asyncio.create_task(self._watch(self._engine))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def get(self, name: str) -> bytes:
        """The value as it was last seen; empty where there is none."""
        return self._values.get(name, b"")

    async def put(self, name: str, value: bytes) -> None:
        """Publishes a value; in force here at once.

        Raises:
            OSError: it cannot be written.
        """
        if self._engine is not None:
            try:
                async with self._writing, self._engine.begin() as connection:
                    await touched(connection, name, value)
            except SQLAlchemyError as error:
                raise OSError(f"the database cannot be written: {error}") from error
        self._values[name] = value
        await self._tell(name)

    async def _watch(self, engine: AsyncEngine) -> None:
        while True:
            try:
                async with engine.connect() as connection:
                    await self._watch_on(connection)
            except (SQLAlchemyError, OSError) as error:
                structlog.get_logger().warning(
                    "changes of client keys and of the active group are not seen for now",
                    reason=str(error),
                )
                self._changes.clear()  # so that everything is told again
                await asyncio.sleep(LOOK_EVERY_S * 10)

    async def _watch_on(self, connection: AsyncConnection) -> None:
        """On one connection: its data_version changes with every commit of another."""
        seen = None
        while True:
            version = (await connection.exec_driver_sql("PRAGMA data_version")).scalar_one()
            if version != seen:
                seen = version
                for name in await self._read(connection):
                    await self._tell(name)
            await connection.rollback()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _read(self, connection: AsyncConnection) -> list[str]:
        """Takes what stands in the database; the names that have changed."""
        rows = await connection.execute(select(SHARED))
        changed: list[str] = []
        for name, value, changes in rows:
            if self._changes.get(name) != changes:
                self._changes[name] = changes
                self._values[name] = value
                changed.append(name)
        return changed

    async def _tell(self, name: str) -> None:
        if name in self._told:
            await self._told[name]()


async def touched(connection: AsyncConnection, name: str, value: bytes = b"") -> None:
    """Tells every process of a change, with the transaction that `connection` is in."""
    statement = insert(SHARED).values(name=name, value=value, changes=1)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"value": value, "changes": SHARED.c.changes + 1}
        )
    )
