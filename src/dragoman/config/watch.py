"""A file that is watched, however it changes: written in place, replaced by rename (editors),
deleted and made again, or behind symbolic links that are exchanged (Kubernetes).

The folders of the file and of every link on the way to it are watched, not the file: a file that
is replaced takes its watch with it. What counts is the content. Twice a second the file is looked
at in any case, for file systems that tell of no change.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path

from watchfiles import awatch

QUIET_MS = 150
_LONGEST_MS = 500
_LOOK_MS = 500
_SETTLED_S = 0.05
_MAX_LINKS = 40


def digest_of(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


async def changes(path: Path, known: bytes) -> AsyncGenerator[bytes | None, None]:
    """The content of the file whenever it is another than before, once it has been quiet for
    150 ms; None when the file has gone
    or holds nothing. `known` is the digest of what the caller has read."""
    last: bytes | None = known
    while True:
        folders = folders_of(path)
        async with aclosing(moments(folders)) as found:
            async for _ in found:
                data = await _settled(path, last)
                digest = None if data is None else digest_of(data)
                if digest != last:
                    last = digest
                    yield data
                if folders_of(path) != folders:
                    break


async def moments(
    folders: Mapping[Path, int], *, below: bool = False
) -> AsyncGenerator[None, None]:
    """One now, then one whenever something in the folders (and `below` them) changed, or half a
    second has passed."""
    yield
    if not folders:
        await asyncio.sleep(_LOOK_MS / 1000)
        return
    try:
        told = awatch(
            *folders,
            watch_filter=None,
            debounce=_LONGEST_MS,
            step=QUIET_MS,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            recursive=below,
        )
        async with aclosing(told):
            async for _ in told:
                yield
    except (OSError, RuntimeError):  # no watches left, or none on this file system
        while True:
            await asyncio.sleep(_LOOK_MS / 1000)
            yield


async def _settled(path: Path, last: bytes | None) -> bytes | None:
    """What stands in the file; when that is new, only once it stays so: a file that is written in
    place is cut short first."""
    data = _read(path)
    while data is not None and digest_of(data) != last:
        await asyncio.sleep(_SETTLED_S)
        again = _read(path)
        if again == data:
            break
        data = again
    return data


def _read(path: Path) -> bytes | None:
    """None when there is no such file, it is empty, or it cannot be read now."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return data if data.strip() else None


def folders_of(path: Path) -> dict[Path, int]:
    """The folders that are there of the file and of the links that lead to it, by inode: a folder
    that was made again is another one."""
    found: dict[Path, int] = {}
    step = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the links
    for _ in range(_MAX_LINKS):
        _note(step.parent, found)
        # A folder on the way may be a link itself, as Kubernetes' `..data` is.
        for folder in step.parents:
            if folder.is_symlink():
                _note(folder.parent, found)
        if not step.is_symlink():
            break
        step = Path(os.path.abspath(step.parent / step.readlink()))  # noqa: PTH100
    return found


def _note(folder: Path, found: dict[Path, int]) -> None:
    try:
        found[folder] = folder.stat().st_ino
    except OSError:
        return
