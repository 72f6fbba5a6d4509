"""Keys and shared values in the database: kept, and told to other processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from dragoman.storage import shared as module
from dragoman.storage.active_group import ACTIVE_GROUP, active_group, chosen
from dragoman.storage.client_keys import (
    CHANGED,
    ClientKey,
    ClientKeyStore,
    NameTaken,
    NoSuchKey,
)
from dragoman.storage.database import open_database
from dragoman.storage.shared import Shared

KEY = ClientKey("k-1", "laptop", b"d" * 32, 100.0, ("qwen", "kimi"), ("gpt-*",), 900.0, rpm=3)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = await open_database(tmp_path)
    yield engine
    await engine.dispose()


async def test_a_key_comes_back_as_it_was_added(engine: AsyncEngine) -> None:
    store = ClientKeyStore(engine)
    plain = ClientKey("k-0", "ci", b"e" * 32, 50.0, body_log=True, concurrency=2, tpm=1000)
    await store.add(KEY)
    await store.add(plain)
    assert await store.all() == [plain, KEY]


async def test_one_name_is_one_key_until_it_is_revoked(engine: AsyncEngine) -> None:
    store = ClientKeyStore(engine)
    await store.add(KEY)
    other = ClientKey("k-2", "laptop", b"f" * 32, 200.0)
    with pytest.raises(NameTaken):
        await store.add(other)
    await store.revoke("laptop", 150.0)
    await store.add(other)
    old, new = await store.all()
    assert (old.id, old.revoked_at, new.id, new.revoked_at) == ("k-1", 150.0, "k-2", None)
    await store.revoke("laptop", 250.0)
    for missing in (store.revoke("laptop", 300.0), store.rotate("nobody", b"")):
        with pytest.raises(NoSuchKey):
            await missing
    assert [key.revoked_at for key in await store.all()] == [150.0, 250.0]


async def test_a_rotated_key_keeps_all_but_its_text(engine: AsyncEngine) -> None:
    store = ClientKeyStore(engine)
    await store.add(KEY)
    await store.rotate("laptop", b"n" * 32)
    (rotated,) = await store.all()
    assert rotated.digest == b"n" * 32
    assert (rotated.id, rotated.groups, rotated.rpm) == (KEY.id, KEY.groups, KEY.rpm)


async def test_another_process_sees_a_change_within_a_second(
    tmp_path: Path, engine: AsyncEngine
) -> None:
    shared, seen = Shared(engine), asyncio.Event()

    async def changed() -> None:
        seen.set()

    shared.on_change(CHANGED, changed)
    await shared.open()
    other = await open_database(tmp_path)
    try:
        await ClientKeyStore(other).add(KEY)
        await asyncio.wait_for(seen.wait(), 1.5)
        seen.clear()
        shared.on_change("word", changed)
        await Shared(other).put("word", b"new")
        await asyncio.wait_for(seen.wait(), 1.5)
        assert shared.get("word") == b"new"
        assert shared.get("nothing") == b""
    finally:
        await shared.close()
        await other.dispose()


async def test_a_value_put_here_is_in_force_at_once_and_after_a_restart(
    engine: AsyncEngine,
) -> None:
    shared, calls = Shared(engine), []

    async def changed() -> None:
        calls.append(shared.get("word"))

    shared.on_change("word", changed)
    await shared.put("word", b"one")
    assert calls == [b"one"]
    again = Shared(engine)
    await again.open()
    assert again.get("word") == b"one"
    await again.close()
    in_memory = Shared(None)
    await in_memory.open()
    await in_memory.put("word", b"two")
    assert in_memory.get("word") == b"two"
    await in_memory.close()


async def test_a_database_that_fails_is_told_and_looked_at_again(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    shared, seen = Shared(engine), asyncio.Event()
    failures = [OSError("disk on fire")]

    async def changed() -> None:
        if failures:
            raise failures.pop()
        seen.set()

    shared.on_change(CHANGED, changed)
    await shared.open()
    with capture_logs() as logs:
        await ClientKeyStore(engine).add(KEY)
        await asyncio.wait_for(seen.wait(), 5)
    assert failures == []
    assert logs[0]["event"].startswith("changes of client keys")
    await shared.close()
    async with engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE shared")
        await connection.exec_driver_sql("DROP TABLE client_keys")
    store = ClientKeyStore(engine)
    for work in (store.all(), store.add(KEY), store.revoke("x", 1.0), shared.put("x", b"")):
        with pytest.raises(OSError, match="the database cannot be"):
            await work


def test_the_last_change_of_the_active_group_wins() -> None:
    known = {"default", "qwen", "kimi"}
    assert active_group(b"", "qwen", known) == "qwen"
    choice = chosen("kimi", "qwen")
    assert active_group(choice, "qwen", known) == "kimi"
    assert active_group(choice, "default", known) == "default"
    assert active_group(choice, "qwen", {"qwen"}) == "qwen"
    assert ACTIVE_GROUP == "active-group"
