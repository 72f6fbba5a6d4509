"""The state of a gateway as its database tells it now, for commands: nothing is written."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from dragoman.storage.database import FILE
from dragoman.storage.state import Space, State


def state_now(data_dir: Path) -> State:
    """What is alive in `data_dir`'s file, in memory; empty where there is no file.

    Raises:
        OSError: the file cannot be read.
    """
    state = State()
    path = data_dir / FILE
    if not path.exists():
        return state
    now_s = time.time()
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            rows = connection.execute(
                "SELECT space, key, value, expires_at FROM state ORDER BY written_at"
            )
            for space, key, value, expires_at in rows:
                if expires_at is None or expires_at > now_s:
                    lifetime_s = expires_at - now_s if expires_at else 0
                    state.put(Space(space), key, value, lifetime_s)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise OSError(f"{path} cannot be read: {error}") from None
    return state
