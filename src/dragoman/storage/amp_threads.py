"""The threads of Amp clients: whole documents, what lists and searches need of them, and what the
control plane says of them apart from the document (archived, visibility, labels).

A thread belongs to the client key that uploaded it; under another key it is not there. What a key
owns is bounded, and the threads used longest ago go first. What a document means is not known here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import structlog
import zstandard
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import ColumnElement

from dragoman.neutral.json import JsonObject, decode, encode
from dragoman.storage.state import State
from dragoman.storage.tables import AMP_THREADS as T

MAX_THREADS = 5000
MAX_BYTES = 512 * 1024 * 1024
"""Of one client key; bytes as they are stored, compressed."""

_LEVEL = 3


class Thread(msgspec.Struct, frozen=True):
    """One version of a thread. `entry` is its line in a list, `main` the thread it is a part of
    ("" = none); `text`, `files`, `repos` and `refs` are searched and in lower case."""

    id: str
    version: int
    used_ms: int
    main: str
    entry: JsonObject
    text: str
    files: str
    repos: str
    refs: str
    document: bytes


class Marks(msgspec.Struct, frozen=True):
    """What is said of a thread apart from its document."""

    archived: bool = False
    meta: JsonObject = {}
    labels: tuple[str, ...] = ()


class Wanted(msgspec.Struct, frozen=True):
    """What a search asks for, in lower case; all of it must be there. `after_ms` and `before_ms`
    bound the last use; 0 = not asked."""

    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    after_ms: int = 0
    before_ms: int = 0


class Found(msgspec.Struct, frozen=True):
    entry: JsonObject
    text: str


class AmpThreads:
    """Over the state's database.

    Every method raises OSError when the database fails, or when the state has none.
    """

    def __init__(
        self, state: State, *, max_threads: int = MAX_THREADS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._state = state
        self._max_threads = max_threads
        self._max_bytes = max_bytes

    async def put(self, owner: str, thread: Thread) -> bool:
        """Keeps a version; False when a newer one is there already."""
        document = await asyncio.to_thread(_packed, thread.document)
        entry = encode(thread.entry)
        row = {
            **msgspec.structs.asdict(thread),
            "entry": entry,
            "document": document,
            "size": len(document) + len(entry) + len(thread.text) + len(thread.files),
        }
        new = {"owner": owner, "archived": False, "meta": b"{}", "labels": b"[]", **row}
        statement = insert(T).values(new)
        statement = statement.on_conflict_do_update(
            index_elements=["owner", "id"], set_=row, where=T.c.version <= thread.version
        )
        async with self._writing() as connection:
            kept = (await connection.execute(statement)).rowcount > 0
            dropped = await self._make_room(connection, owner)
        for id_ in dropped:
            structlog.get_logger().warning(
                "an old Amp thread was deleted to make room", thread=id_, key=owner
            )
        return kept

    async def get(self, owner: str, id_: str) -> tuple[bytes, Marks] | None:
        """The whole document and its marks."""
        query = select(T.c.document, T.c.archived, T.c.meta, T.c.labels).where(_is(owner, id_))
        async with self._reading() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        return await asyncio.to_thread(_unpacked, row.document), _marks(
            row.archived, row.meta, row.labels
        )

    async def marks(self, owner: str, id_: str) -> Marks | None:
        query = select(T.c.archived, T.c.meta, T.c.labels).where(_is(owner, id_))
        async with self._reading() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _marks(row.archived, row.meta, row.labels)

    async def listed(
        self, owner: str, limit: int, *, archived: bool
    ) -> list[tuple[JsonObject, Marks]]:
        """The threads used last, newest first; with the archived ones when `archived`."""
        query = select(T.c.entry, T.c.archived, T.c.meta, T.c.labels).where(T.c.owner == owner)
        if not archived:
            query = query.where(T.c.archived.is_(False))
        query = query.order_by(T.c.used_ms.desc(), T.c.id).limit(limit)
        async with self._reading() as connection:
            rows = (await connection.execute(query)).all()
        return [(_object(row.entry), _marks(row.archived, row.meta, row.labels)) for row in rows]

    async def find(self, owner: str, wanted: Wanted, limit: int, offset: int) -> list[Found]:
        """The threads that have all that is wanted, newest first."""
        conditions = [T.c.owner == owner]
        for column, values in (
            (T.c.text, wanted.texts),
            (T.c.files, wanted.files),
            (T.c.repos, wanted.repos),
            (T.c.refs, wanted.refs),
        ):
            conditions += [func.instr(column, value) > 0 for value in values]
        if wanted.after_ms:
            conditions.append(T.c.used_ms >= wanted.after_ms)
        if wanted.before_ms:
            conditions.append(T.c.used_ms < wanted.before_ms)
        query = select(T.c.entry, T.c.text).where(*conditions)
        query = query.order_by(T.c.used_ms.desc(), T.c.id).limit(limit).offset(offset)
        async with self._reading() as connection:
            rows = (await connection.execute(query)).all()
        return [Found(_object(row.entry), row.text) for row in rows]

    async def mark(self, owner: str, id_: str, change: Callable[[Marks], Marks]) -> Marks | None:
        """Changes the marks; None when there is no such thread."""
        query = select(T.c.archived, T.c.meta, T.c.labels).where(_is(owner, id_))
        async with self._writing() as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                return None
            marks = change(_marks(row.archived, row.meta, row.labels))
            values = {
                "archived": marks.archived,
                "meta": encode(marks.meta),
                "labels": msgspec.json.encode(marks.labels),
            }
            await connection.execute(update(T).where(_is(owner, id_)).values(values))
        return marks

    async def delete(self, owner: str, id_: str) -> bool:
        """Deletes a thread and its parts; whether it was there."""
        async with self._writing() as connection:
            gone = await connection.execute(delete(T).where(_is(owner, id_)))
            parts = (T.c.owner == owner) & (T.c.main == id_)
            await connection.execute(delete(T).where(parts))
        return gone.rowcount > 0

    async def labels(self, owner: str) -> Sequence[str]:
        """Every label of the owner's threads, once."""
        query = select(T.c.labels).where(T.c.owner == owner, T.c.labels != b"[]").distinct()
        async with self._reading() as connection:
            rows = (await connection.execute(query)).scalars().all()
        return sorted({label for row in rows for label in msgspec.json.decode(row, type=list[str])})

    async def _make_room(self, connection: AsyncConnection, owner: str) -> list[str]:
        """Deletes what passes the owner's bounds, but the newest; the ids of what went."""
        mine = T.c.owner == owner
        total = select(func.count(), func.sum(T.c.size)).where(mine)
        count, size = (await connection.execute(total)).one()
        if count <= self._max_threads and size <= self._max_bytes:
            return []
        query = select(T.c.id, T.c.size).where(mine).order_by(T.c.used_ms)
        rows = (await connection.execute(query)).all()
        dropped = []
        for row in rows[:-1]:
            if count <= self._max_threads and size <= self._max_bytes:
                break
            await connection.execute(delete(T).where(_is(owner, row.id)))
            dropped.append(row.id)
            count, size = count - 1, size - row.size
        return dropped

    @asynccontextmanager
    async def _reading(self) -> AsyncGenerator[AsyncConnection, None]:
        engine = self._state.engine
        if engine is None:
            raise OSError("there is no database to keep threads in")
        try:
            async with engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise OSError(f"the database failed: {getattr(error, 'orig', error)}") from error

    @asynccontextmanager
    async def _writing(self) -> AsyncGenerator[AsyncConnection, None]:
        async with self._state.writing, self._reading() as connection, connection.begin():
            yield connection


def _is(owner: str, id_: str) -> ColumnElement[bool]:
    return (T.c.owner == owner) & (T.c.id == id_)


def _marks(archived: bool, meta: bytes, labels: bytes) -> Marks:
    return Marks(archived, _object(meta), msgspec.json.decode(labels, type=tuple[str, ...]))


def _object(data: bytes) -> JsonObject:
    value = decode(data)
    assert isinstance(value, dict)
    return value


def _packed(document: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(document)


def _unpacked(document: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(document)
