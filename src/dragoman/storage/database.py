"""The database file: opened, brought to the newest migration, closed."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

FILE = "dragoman.db"


async def open_database(data_dir: Path) -> AsyncEngine:
    """The engine of `data_dir`'s file, made (0600, its folder 0700) when missing.

    Raises:
        OSError: the folder cannot be made or written, or the file is no database of ours.
    """
    path = _made(data_dir)
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")

    @event.listens_for(engine.sync_engine, "connect")
    def _set_pragmas(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA busy_timeout=10000")  # first: the next one waits for others too
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.close()

    try:
        async with engine.begin() as connection:
            # Held from the first look at the version on: two processes may start at once.
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            await connection.run_sync(_migrate)
    except (SQLAlchemyError, CommandError) as error:
        await engine.dispose()
        reason = getattr(error, "orig", None) or error
        raise OSError(
            f"{path} cannot be used ({reason}); restore it from a backup, or move it away to "
            "start with an empty one"
        ) from error
    return engine


def _made(data_dir: Path) -> Path:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / FILE
    path.touch(mode=0o600, exist_ok=True)
    return path


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
