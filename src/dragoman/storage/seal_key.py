"""The key that seals foreign reasoning state: made once, in `data-dir`, readable by its owner."""

from __future__ import annotations

import os
import secrets
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
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        key = b""
    if len(key) >= _LENGTH:
        return key
    key = secrets.token_bytes(_LENGTH)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.touch(mode=0o600)
    partial.write_bytes(key)
    partial.replace(path)
    return key
