"""The store of Amp's threads: its bounds, and a database that fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.amp.threads import stored

from dragoman.storage.amp_threads import AmpThreads, Thread
from dragoman.storage.database import open_database
from dragoman.storage.state import State


def version(id_: str, used_ms: int, document: bytes = b"{}") -> Thread:
    entry = {"id": id_}
    return Thread(id_, 1, used_ms, "", entry, "text", "", "", "", document)  # type: ignore[arg-type]


async def kept(threads: AmpThreads, owner: str) -> list[object]:
    rows = await threads.listed(owner, 100, archived=True)
    return [entry["id"] for entry, _ in rows]


async def test_the_threads_used_longest_ago_make_room(tmp_path: Path) -> None:
    async with stored(tmp_path, max_threads=2) as threads:
        with capture_logs() as logs:
            for number, id_ in enumerate(("a", "b", "c")):
                await threads.put("me", version(id_, number))
            await threads.put("other", version("d", 0))
        assert await kept(threads, "me") == ["c", "b"]
        assert await kept(threads, "other") == ["d"]
        assert [(one["thread"], one["key"]) for one in logs] == [("a", "me")]


async def test_bytes_are_bounded_but_the_newest_stays(tmp_path: Path) -> None:
    async with stored(tmp_path, max_bytes=3000) as threads:
        for number, id_ in enumerate(("a", "b", "c", "d")):
            await threads.put("me", version(id_, number, os.urandom(1000)))
        assert await kept(threads, "me") == ["d", "c"]
        await threads.put("me", version("e", 9, os.urandom(10_000)))
        assert await kept(threads, "me") == ["e"]


async def test_a_failing_database_is_told_as_such(tmp_path: Path) -> None:
    engine = await open_database(tmp_path)
    threads = AmpThreads(State(engine))
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE amp_threads")
    with pytest.raises(OSError, match="no such table"):
        await threads.put("me", version("a", 1))
    with pytest.raises(OSError, match="no such table"):
        await kept(threads, "me")
    await engine.dispose()
