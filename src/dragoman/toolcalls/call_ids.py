"""Call ids in the target's alphabet and length: an id always becomes the same one, on the call and
on its result, in this request and the next."""

from __future__ import annotations

import hashlib
import re

from dragoman.neutral.requests import ProtocolName
from dragoman.toolcalls.limits import LIMITS

_HASH_CHARS = 17  # "_" and 8 bytes in hex


def fit_call_id(call_id: str, protocol: ProtocolName) -> str:
    """The id as it is where it is legal; else its legal beginning, "_" and a hash of the whole."""
    limits = LIMITS[protocol]
    legal = re.sub(f"[^{limits.call_id_alphabet}]", "_", call_id) if limits.call_id_alphabet else ""
    longest = limits.call_id_max
    if longest is None or (legal == call_id and len(call_id) <= longest):
        return call_id
    digest = hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).digest()[:8].hex()
    return f"{legal[: longest - _HASH_CHARS]}_{digest}"
