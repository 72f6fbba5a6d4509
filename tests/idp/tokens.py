"""The fake's cryptography: unsigned tokens, PKCE challenges, and a service account's signature."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwt(**claims: Any) -> str:
    head = url64(b'{"alg":"none","typ":"JWT"}')
    return f"{head}.{url64(json.dumps(claims).encode())}.{url64(b'signature')}"


def challenge_of(verifier: str) -> str:
    return url64(hashlib.sha256(verifier.encode()).digest())


@lru_cache(maxsize=1)
def robot_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def service_account(project: str = "robots") -> dict[str, str]:
    pem = robot_key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "key-1",
        "private_key": pem.decode(),
        "client_email": f"robot@{project}.iam.gserviceaccount.com",
    }


def valid_assertion(assertion: str, now: float, audience: str) -> bool:
    head, body, signature = assertion.split(".")
    try:
        robot_key().public_key().verify(
            from64(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    claims = json.loads(from64(body))
    return bool(
        claims["aud"] == audience
        and claims["iat"] <= now < claims["exp"] <= claims["iat"] + 3600
        and claims["scope"]
    )
