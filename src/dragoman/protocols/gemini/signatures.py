"""A reasoning state as a Gemini client's thoughtSignature.

The field is bytes, base64 in JSON (https://ai.google.dev/api/caching#Part), and Google's Python SDK
refuses an answer in which it is not. Gemini's own signatures are base64 already and are never
touched; the gateway's sealed ones ("dgm1." and dots) are text, which travels as the base64 of its
bytes. SDKs send it back in either alphabet.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

_SEALED: Final = "dgm1."
ENCODED_SEAL: Final = "ZGdtMS"
"""What every base64 of a sealed text begins with."""


def to_field(blob: str) -> str:
    """What stands in the client's field."""
    return base64.b64encode(blob.encode()).decode() if blob.startswith(_SEALED) else blob


def from_field(signature: str) -> str:
    """The blob of what came back; anything but a sealed text is as it came."""
    if not signature.startswith(ENCODED_SEAL):
        return signature
    plain = signature.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        text = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return signature
    return text if text.startswith(_SEALED) else signature
