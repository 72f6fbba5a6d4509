"""The management key as it is kept: its bcrypt hash in the configuration file."""

from __future__ import annotations

import hmac
from pathlib import Path

import bcrypt
from ruamel.yaml.error import YAMLError

from dragoman.config.save import Unwritable, raw_scalar, with_scalar, write
from dragoman.config.settings import Settings
from dragoman.observe.log import logger

HASHED = ("$2a$", "$2b$", "$2y$")
LONGEST_BYTES = 72
"""What bcrypt reads of a key; a longer one is not hashed but compared as it is."""
_PLACE = ("remote-management", "secret-key")


def is_hashed(secret: str) -> bool:
    return secret.startswith(HASHED)


def matches(secret: str, shown: str) -> bool:
    """Whether a shown key is the kept one. Slow when that is hashed: not for the event loop."""
    key = shown.encode("utf-8", "surrogateescape")
    if not is_hashed(secret):
        return hmac.compare_digest(secret.encode(), key)
    if len(key) > LONGEST_BYTES:
        return False
    try:
        return bcrypt.checkpw(key, secret.encode())
    except ValueError:
        return False


def keep_hashed(path: Path, settings: Settings) -> None:
    """Writes the hash of a plain management key in its place. A key that comes out of the
    environment is left there; a file that cannot be written is told of, and the key works all
    the same."""
    secret = settings.remote_management.secret_key.reveal()
    if not secret or is_hashed(secret) or len(secret.encode()) > LONGEST_BYTES:
        return
    try:
        text = path.read_bytes().decode("utf-8-sig")
        raw = raw_scalar(text, _PLACE)
        if raw is None or raw.strip() != secret:
            return
        hashed = bcrypt.hashpw(secret.encode(), bcrypt.gensalt()).decode()
        write(path, with_scalar(text, _PLACE, hashed))
    except (OSError, ValueError, YAMLError, Unwritable) as error:
        logger().warning(
            "remote-management.secret-key stands in plain text, and its hash could not be written",
            reason=str(error),
        )
