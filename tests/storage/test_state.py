"""State with a lifetime: bounds, counters, leases, and what a restart finds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from dragoman.neutral.listings import ModelEntry
from dragoman.storage.database import open_database
from dragoman.storage.model_lists import ModelLists
from dragoman.storage.state import Space, State

PLAIN = Space("plain")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def opened(folder: Path, clock: Clock | None = None) -> State:
    engine = await open_database(folder)
    state = State(engine, clock) if clock else State(engine)
    await state.open()
    return state


def test_a_value_lives_as_long_as_its_space_says_or_its_own() -> None:
    clock = Clock()
    state = State(clock=clock)
    short = Space("short", lifetime_s=10)
    state.put(short, "a", b"1")
    state.put(short, "b", b"2", lifetime_s=100)
    state.put(PLAIN, "c", b"3")
    clock.now += 9.9
    assert state.get(short, "a") == b"1"
    clock.now += 0.1
    assert state.get(short, "a") is None
    assert not state.delete(short, "a")
    assert state.get(short, "b") == b"2"
    clock.now += 10**9
    assert state.get(PLAIN, "c") == b"3"
    assert state.get(PLAIN, "nothing") is None
    assert state.get(Space("never"), "x") is None
    assert not state.delete(Space("never"), "x")


def test_the_oldest_go_when_a_space_is_full() -> None:
    state = State()
    few = Space("few", max_entries=2)
    for key in "abc":
        state.put(few, key, b"x")
    state.put(few, "b", b"again")
    state.put(few, "d", b"x")
    assert [state.get(few, key) for key in "abcd"] == [None, b"again", None, b"x"]


def test_the_oldest_go_when_a_space_holds_too_many_bytes() -> None:
    state = State()
    small = Space("small", max_bytes=10)
    state.put(small, "a", b"12345")
    state.put(small, "b", b"12345")
    state.put(small, "a", b"1")
    state.put(small, "c", b"1234")
    assert [state.get(small, key) for key in "abc"] == [b"1", b"12345", b"1234"]
    state.put(small, "d", b"x" * 11)
    assert [state.get(small, key) for key in "abcd"] == [None] * 4
    state.put(small, "e", b"fits")
    assert state.get(small, "e") == b"fits"


def test_counters_count_and_leases_are_held_by_one() -> None:
    clock = Clock()
    state = State(clock=clock)
    assert [state.increment(PLAIN, "n"), state.increment(PLAIN, "n", 5)] == [1, 6]
    assert state.lease(PLAIN, "l", "me", 10)
    assert not state.lease(PLAIN, "l", "you", 10)
    clock.now += 9
    assert state.lease(PLAIN, "l", "me", 10)
    clock.now += 9
    assert not state.lease(PLAIN, "l", "you", 10)
    clock.now += 1
    assert state.lease(PLAIN, "l", "you", 10)


async def test_a_restart_finds_what_was_there_and_not_what_has_expired(tmp_path: Path) -> None:
    clock = Clock()
    state = await opened(tmp_path / "new" / "folder", clock)
    state.put(PLAIN, "kept", b"1")
    state.put(PLAIN, "over", b"2", lifetime_s=5)
    state.put(PLAIN, "gone", b"3")
    state.delete(PLAIN, "gone")
    await state.close()
    clock.now += 6
    again = await opened(tmp_path / "new" / "folder", clock)
    assert [again.get(PLAIN, key) for key in ("kept", "over", "gone")] == [b"1", None, None]
    again.put(PLAIN, "kept", b"newer")
    await again.close()
    third = await opened(tmp_path / "new" / "folder", clock)
    assert third.get(PLAIN, "kept") == b"newer"
    await third.close()
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "folder" / "dragoman.db").stat().st_mode & 0o777 == 0o600


async def test_a_restart_keeps_the_order_in_which_the_oldest_go(tmp_path: Path) -> None:
    clock = Clock()
    few = Space("few", max_entries=3)
    state = await opened(tmp_path, clock)
    for key in ("b", "a", "c"):
        clock.now += 1
        state.put(few, key, b"x")
    await state.close()
    again = await opened(tmp_path, clock)
    again.put(few, "d", b"x")
    assert [again.get(few, key) for key in "abcd"] == [b"x", None, b"x", b"x"]
    await again.close()


async def test_a_write_that_closing_interrupts_is_done_again(tmp_path: Path) -> None:
    state = await opened(tmp_path)
    for round_ in range(5):
        state.put(PLAIN, str(round_), b"x" * 100_000)
        for _ in range(round_ * 3):
            await asyncio.sleep(0)
    await state.close()
    again = await opened(tmp_path)
    assert all(again.get(PLAIN, str(round_)) for round_ in range(5))
    await again.close()


class FullDisk:
    """The engine of a disk that has no room until `full` is cleared."""

    def __init__(self, engine: object) -> None:
        self.engine = engine
        self.full = True
        self.asked = asyncio.Event()

    def begin(self) -> object:
        if self.full:
            self.asked.set()
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))
        return self.engine.begin()  # type: ignore[attr-defined]

    async def dispose(self) -> None:
        await self.engine.dispose()  # type: ignore[attr-defined]


async def test_a_full_disk_is_told_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = await opened(tmp_path)
    disk = FullDisk(state.engine)
    monkeypatch.setattr(state, "engine", disk)
    with capture_logs() as logs:
        state.put(PLAIN, "a", b"1")
        await disk.asked.wait()
        await asyncio.sleep(0)
        assert state.get(PLAIN, "a") == b"1"
    (line,) = logs
    assert line["log_level"] == "warning"
    assert "kept in memory and tried again" in line["event"]
    assert "disk is full" in line["reason"]
    disk.full = False
    state.put(PLAIN, "b", b"2")
    await state.close()
    again = await opened(tmp_path)
    assert (again.get(PLAIN, "a"), again.get(PLAIN, "b")) == (b"1", b"2")
    await again.close()


async def test_two_processes_may_share_the_file(tmp_path: Path) -> None:
    one, two = await asyncio.gather(opened(tmp_path), opened(tmp_path))
    with capture_logs() as logs:
        for number in range(20):
            one.put(PLAIN, f"one-{number}", b"1")
            two.put(PLAIN, f"two-{number}", b"2")
        await asyncio.gather(one.close(), two.close())
    assert logs == []
    third = await opened(tmp_path)
    assert all(third.get(PLAIN, f"{who}-{n}") for who in ("one", "two") for n in range(20))
    await third.close()


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"SQLite format 3\0" + b"x" * 500]
)
async def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "dragoman.db").write_bytes(content)
    with pytest.raises(OSError, match=r"dragoman\.db cannot be used \(.+\); restore it from"):
        await open_database(tmp_path)
    assert (tmp_path / "dragoman.db").read_bytes() == content


async def test_a_file_of_a_newer_dragoman_is_refused(tmp_path: Path) -> None:
    engine = await open_database(tmp_path)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await engine.dispose()
    with pytest.raises(OSError, match="9999"):
        await open_database(tmp_path)


async def test_a_host_that_never_told_its_models_has_none() -> None:
    state = State()
    lists = ModelLists(state)
    assert lists.get("up") == []
    lists.put("up", [ModelEntry("m", "up", context_tokens=5)])
    assert lists.get("up") == [ModelEntry("m", "up", context_tokens=5)]
    state.put(Space("model-lists"), "up", b"[{")
    assert lists.get("up") == []
