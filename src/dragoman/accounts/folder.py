"""The folder of auth files on disk: found, read, written whole (0600, its folder 0700), deleted.
Blocking; knows nothing of what is in them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LARGEST = 1024 * 1024
OWN = ".dragoman"
"""Our own folder in it, for locks; hidden, so nobody takes what is there for a login."""


class Mark(NamedTuple):
    """A file's state as `stat` tells it: another one means that it may have changed."""

    modified_ns: int
    size: int
    inode: int


class BadName(ValueError):
    """This is no name of an auth file."""


class AuthFolder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def scan(self) -> dict[str, Mark]:
        """Every JSON file below the folder by its id, the path below it. Hidden ones are not."""
        return dict(sorted(_found(self.path, "")))

    def place(self, id_: str) -> Path:
        """
        Raises:
            BadName: it would not be found here again, or lies outside.
        """
        parts = id_.replace("\\", "/").split("/")
        if not id_.lower().endswith(".json") or any(
            not part or part.startswith(".") or "\x00" in part for part in parts
        ):
            raise BadName(f"{id_!r} is no name of an auth file; it ends in .json and is not hidden")
        return self.path.joinpath(*parts)

    def read(self, id_: str) -> bytes:
        """
        Raises:
            OSError: it cannot be read, or is larger than any login.
        """
        path = self.place(id_)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise OSError(f"larger than {LARGEST // 1024} kB")
        return data

    def write(self, id_: str, data: bytes) -> None:
        """Whole or not at all, and on the disk when it returns.

        Raises:
            OSError: the folder or the file cannot be written.
        """
        path = self.place(id_)
        if path.is_symlink():
            path = path.resolve()
        _made(path.parent)
        handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise
        _synced(path.parent)

    def delete(self, id_: str) -> None:
        """
        Raises:
            OSError: it is not there, or cannot be deleted.
        """
        self.place(id_).unlink()


def _made(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _synced(folder: Path) -> None:
    """A rename is on the disk only once its folder is."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _found(folder: Path, below: str) -> Iterator[tuple[str, Mark]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        id_ = below + entry.name
        try:
            if entry.is_dir():
                if not entry.is_symlink():
                    yield from _found(Path(entry.path), id_ + "/")
            elif entry.name.lower().endswith(".json") and entry.is_file():
                stat = entry.stat()
                yield id_, Mark(stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            continue
