"""One model's reasoning state inside another protocol's opaque field: "dgm1." + base64url of the
state and an HMAC over it. Only the gateway that sealed it reads it back; a forged one is none."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from dragoman.neutral.parts import ReasoningState

PREFIX = "dgm1."
_MAC_BYTES = 16


class _Sealed(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    protocol: str
    upstream: str
    credential: str
    blob: str
    call_id: str
    text: str


_DECODER = msgspec.msgpack.Decoder(_Sealed)


def is_sealed(text: str) -> bool:
    return text.startswith(PREFIX)


def seal(state: ReasoningState, key: bytes) -> str:
    """The state as one opaque text, always the same for the same state and key."""
    payload = msgspec.msgpack.encode(
        _Sealed(
            state.protocol,
            state.upstream,
            state.credential,
            state.blob,
            state.call_id,
            state.text,
        )
    )
    sealed = base64.urlsafe_b64encode(payload + _mac(payload, key))
    return PREFIX + sealed.rstrip(b"=").decode()


def unseal(text: str, key: bytes) -> ReasoningState | None:
    """The state that was sealed; None for what this key has not sealed, or has been changed."""
    if not is_sealed(text):
        return None
    body = text[len(PREFIX) :].rstrip("=")
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    payload, mac = data[:-_MAC_BYTES], data[-_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(payload, key)):
        return None
    try:
        sealed = _DECODER.decode(payload)
    except msgspec.DecodeError:  # sealed by a version of the gateway that wrote it otherwise
        return None
    return ReasoningState(
        sealed.blob,
        sealed.protocol,
        sealed.upstream,
        sealed.credential,
        sealed.call_id,
        sealed.text,
    )


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.new(key, payload, hashlib.sha256).digest()[:_MAC_BYTES]
