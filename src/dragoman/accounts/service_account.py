"""Google's service accounts: their key signs an assertion that is exchanged for an access token.

After "Using OAuth 2.0 for server to server applications"
(developers.google.com/identity/protocols/oauth2/service-account) and RFC 7523.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from dragoman.accounts.answers import Refusal
from dragoman.accounts.providers import Provider
from dragoman.neutral.json import Json, encode

_LASTS_S = 3600
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def grant(account: Mapping[str, Json], provider: Provider, now: float) -> dict[str, str]:
    """The form that asks for a token.

    Raises:
        Refusal: the account's key cannot sign.
    """
    email, pem = account.get("client_email"), account.get("private_key")
    if not isinstance(email, str) or not isinstance(pem, str):
        raise Refusal("the service account has no client_email or private_key", final=True)
    issued = int(now)
    payload: dict[str, Json] = {
        "iss": email,
        "scope": " ".join(provider.scopes),
        "aud": provider.token_url,
        "iat": issued,
        "exp": issued + _LASTS_S,
    }
    header: dict[str, Json] = {"alg": "RS256", "typ": "JWT"}
    key_id = account.get("private_key_id")
    if isinstance(key_id, str) and key_id:
        header["kid"] = key_id
    signed = f"{_url64(encode(header))}.{_url64(encode(payload))}"
    return {"grant_type": GRANT, "assertion": f"{signed}.{_url64(_signature(pem, signed))}"}


def _signature(pem: str, text: str) -> bytes:
    # Imported here: only who uses Vertex waits for it.
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise Refusal("the service account's private_key is no RSA key in PEM form", final=True)
    return key.sign(text.encode(), PKCS1v15(), SHA256())


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
