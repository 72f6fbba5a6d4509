"""Lines appended to a file that only its owner may read, and that is set aside when it is full.

`bodies.jsonl` is written; the older ones are `bodies.1.jsonl`, `bodies.2.jsonl` …, of which the
last falls away. Several processes may write the same file.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


class RotatedFile:
    """`max_bytes` of one file, `count` of files, the one being written among them."""

    def __init__(self, path: Path, max_bytes: int, count: int) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._count = count

    def append(self, pieces: Iterable[bytes]) -> None:
        """One line, whole or not at all.

        Raises:
            OSError: it cannot be written; what had been of it is taken back.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = self._opened()
        try:
            begin = os.fstat(handle).st_size
            try:
                for piece in pieces:
                    _write(handle, piece)
                _write(handle, b"\n")
            except OSError:
                with suppress(OSError):
                    os.ftruncate(handle, begin)
                raise
        finally:
            os.close(handle)

    def _opened(self) -> int:
        """The file's end, locked; another file when it is full or was set aside meanwhile."""
        while True:
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                own = os.fstat(handle)
                if self._is_at_path(own):
                    if own.st_size < self._max_bytes:
                        return handle
                    self._set_aside()
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)

    def _is_at_path(self, own: os.stat_result) -> bool:
        try:
            return os.path.samestat(self.path.stat(), own)
        except FileNotFoundError:
            return False

    def _set_aside(self) -> None:
        """Every file one number on. The caller holds the lock of the full one."""
        self._numbered(self._count - 1).unlink(missing_ok=True)
        for number in range(self._count - 2, -1, -1):
            if self._numbered(number).exists():
                self._numbered(number).replace(self._numbered(number + 1))

    def _numbered(self, number: int) -> Path:
        return self.path.with_suffix(f".{number}{self.path.suffix}") if number else self.path


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
