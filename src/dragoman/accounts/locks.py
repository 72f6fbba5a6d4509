"""One refresh of an account at a time, also across processes: a lock file per account beside the
auth files. The system lets go of it when its holder dies, so none is ever left behind held."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from dragoman.accounts.folder import OWN

_ASK_S = 0.05


class Locks:
    def __init__(self, auth_dir: Path) -> None:
        self._folder = auth_dir / OWN

    @contextlib.asynccontextmanager
    async def held(self, id_: str, patience_s: float) -> AsyncIterator[None]:
        """
        Raises:
            OSError: the folder cannot be written.
            TimeoutError: another process has held it for so long.
        """
        name = hashlib.sha256(id_.encode()).hexdigest()[:16] + ".lock"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            async with asyncio.timeout(patience_s):
                while not _taken(handle):  # noqa: ASYNC110 - another process sets no event here
                    await asyncio.sleep(_ASK_S)
            yield
        finally:
            os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
