"""The keys clients show. Looked up by their SHA-256, so that a comparison tells nothing by its
time; never forwarded, never logged.

Some stand in the configuration (`api-keys`) and may do everything; others are made with
`dragoman key` and kept in the database, with rights and an end.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import parse_qsl

from dragoman.errors import Unauthenticated
from dragoman.storage.client_keys import ClientKey

_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")
_QUERY = ("key", "auth_token")
_BITS = 256
NO_KEY = ClientKey("", "", b"")
"""Of a caller who needs none."""


class ClientKeys:
    """Those in force, exchanged while the process runs."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._written: Mapping[bytes, ClientKey] = {}
        self._made: Mapping[bytes, ClientKey] = {}

    def take_written(self, keys: Iterable[str]) -> None:
        """The keys of the configuration, from now on."""
        self._written = {_digest(key): _written(key) for key in keys}

    def take_made(self, keys: Iterable[ClientKey]) -> None:
        """The keys of the database, from now on: expired and revoked ones too."""
        self._made = {key.digest: key for key in keys}

    @property
    def any(self) -> bool:
        """Whether a key is asked for. Once one was made it is, also when it has been revoked."""
        return bool(self._written or self._made)

    def owner_of(self, shown: Iterable[str]) -> str | None:
        """What the things of the first good key among those shown belong to."""
        key, _ = self._find(shown)
        return None if key is None else key.id

    def knows(self, text: str) -> bool:
        """Whether a text is one of them, be it good or not."""
        digest = _digest(text)
        return digest in self._written or digest in self._made

    def admit(self, headers: Sequence[tuple[str, str]], query: str, *, loopback: bool) -> ClientKey:
        """The caller's key; a loopback peer needs none where there are no keys.

        Raises:
            Unauthenticated: no key, or none that is known and good.
        """
        if not self.any:
            if loopback:
                return NO_KEY
            raise _refused(
                "this gateway has no client keys and serves only its own machine; "
                "add api-keys to its configuration, or make one with dragoman key add"
            )
        shown = shown_keys(headers, query)
        key, why = self._find(shown)
        if key is not None:
            return key
        what = why or ("unknown API key" if shown else "no API key in the request")
        raise _refused(
            f"{what}; send one of the gateway's api-keys as a Bearer token, x-api-key or "
            "x-goog-api-key"
        )

    def _find(self, shown: Iterable[str]) -> tuple[ClientKey | None, str]:
        """The first good key, or why a known one is not good."""
        why = ""
        for text in shown:
            digest = _digest(text)
            key = self._written.get(digest) or self._made.get(digest)
            if key is None:
                continue
            if key.revoked_at is not None:
                why = f"this API key ({key.name}) was revoked on {_day(key.revoked_at)}"
            elif key.expired(self._clock()):
                why = f"this API key ({key.name}) expired on {_day(key.expires_at or 0)}"
            else:
                return key, ""
        return None, why


def new_key() -> tuple[str, bytes]:
    """A key of 256 random bits, and what is kept of it."""
    text = "sk-dragoman-" + secrets.token_urlsafe(_BITS // 8)
    return text, _digest(text)


def new_key_id() -> str:
    """What a key's things are to belong to."""
    return "k-" + secrets.token_hex(8)


def key_name(key: str) -> str:
    """What logs call a written key, and what owns its stored responses: the same wherever in the
    configuration it stands, so that no other key inherits them."""
    return "key-" + _digest(key).hex()[:8]


def shown_keys(headers: Sequence[tuple[str, str]], query: str) -> list[str]:
    """Every key a request shows, in the order they are tried."""
    found = [
        value[7:].strip() if name == "authorization" and value[:7].lower() == "bearer " else value
        for wanted in _HEADERS
        for name, value in headers
        if name == wanted
    ]
    if "key=" in query or "auth_token=" in query:
        pairs = parse_qsl(query)
        found += [value for wanted in _QUERY for name, value in pairs if name == wanted]
    return [key for key in found if key]


def _written(key: str) -> ClientKey:
    name = key_name(key)
    return ClientKey(name, name, _digest(key))


def _refused(message: str) -> Unauthenticated:
    return Unauthenticated(message, code="invalid_api_key")


def _day(at_s: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at_s))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
