"""Opaque state that the fakes issue (signatures, encrypted reasoning) and know again: an HMAC over
what it belongs to, so that a made-up, foreign or misplaced one is refused."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_KEY = b"the fakes' own key"


def seal(kind: str, bound: str) -> str:
    """State of one kind, bound to a text (the thinking it signs, the call it stands at)."""
    head = kind.encode() + b":" + hashlib.sha256(bound.encode()).digest()[:12]
    return base64.b64encode(head + hmac.digest(_KEY, head, "sha256")[:16]).decode()


def is_ours(kind: str, token: object, bound: str | None = None) -> bool:
    """Whether a fake issued this state, for this text when one is given. Either base64 alphabet."""
    if not isinstance(token, str):
        return False
    plain = token.replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    head, proof = data[:-16], data[-16:]
    if not head.startswith(kind.encode() + b":"):
        return False
    if not hmac.compare_digest(proof, hmac.digest(_KEY, head, "sha256")[:16]):
        return False
    return bound is None or token.rstrip("=") in {
        seal(kind, bound).rstrip("="),
        seal(kind, bound).rstrip("=").replace("+", "-").replace("/", "_"),
    }
