"""The key that seals foreign reasoning state: made once, in `data-dir`, readable by its owner."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

FILE = "seal.key"
_LENGTH = 32


def known_seal_key(data_dir: Path) -> bytes:
    """The key without making one: where there is none, nothing was ever sealed."""
    try:
        return (data_dir / FILE).read_bytes()
    except OSError:
        return bytes(_LENGTH)


def seal_key(data_dir: Path) -> bytes:
    """The key; made when the file is missing or too short.

    Raises:
        OSError: the folder cannot be read or written.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / FILE
    while len(key := _read(path)) < _LENGTH:
        if key:
            path.unlink(missing_ok=True)
        _make(path)
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _make(path: Path) -> None:
    """Whole or not at all; where another process was first, its key stays."""
    handle, name = tempfile.mkstemp(prefix=f"{FILE}.", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(partial)
    finally:
        partial.unlink()
