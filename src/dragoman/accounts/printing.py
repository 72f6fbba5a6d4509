"""An auth file's object as it stands on the disk."""

from __future__ import annotations

import msgspec

from dragoman.accounts.sealing import Seal
from dragoman.neutral.json import JsonObject, encode


def printed(fields: JsonObject, seal: Seal) -> bytes:
    """
    Raises:
        OSError: it should be sealed and cannot be.
    """
    return msgspec.json.format(encode(seal.closed(fields)), indent=2) + b"\n"
