"""What a gateway keeps, as its database tells it now, for commands: nothing is written."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from dragoman.storage.client_keys import ClientKey, key_of
from dragoman.storage.database import FILE
from dragoman.storage.state import Space, State


def state_now(data_dir: Path) -> State:
    """What is alive in `data_dir`'s file, in memory; empty where there is no file.

    Raises:
        OSError: the file cannot be read.
    """
    state = State()
    now_s = time.time()
    for row in _rows(data_dir, "SELECT * FROM state ORDER BY written_at"):
        expires_at = row["expires_at"]
        if expires_at is None or expires_at > now_s:
            lifetime_s = expires_at - now_s if expires_at else 0
            state.put(Space(row["space"]), row["key"], row["value"], lifetime_s)
    return state


def client_keys_now(data_dir: Path) -> Sequence[ClientKey]:
    """Every made key, also expired and revoked ones.

    Raises:
        OSError: the file cannot be read.
    """
    return [key_of(row) for row in _rows(data_dir, "SELECT * FROM client_keys")]


def shared_now(data_dir: Path, name: str) -> bytes:
    """A shared value; empty where there is none.

    Raises:
        OSError: the file cannot be read.
    """
    rows = _rows(data_dir, "SELECT value FROM shared WHERE name = ?", name)
    return bytes(rows[0]["value"]) if rows else b""


def _rows(data_dir: Path, query: str, *values: str) -> Sequence[dict[str, Any]]:
    """What a query finds; nothing where there is no file, or none so new."""
    path = data_dir / FILE
    if not path.exists():
        return ()
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            found = connection.execute(query, values)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found]
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return ()
        raise OSError(f"{path} cannot be read: {error}") from None
