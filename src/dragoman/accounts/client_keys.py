"""The keys clients show. Looked up by their SHA-256, so that a comparison tells nothing by its
time; never forwarded, never logged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl

from dragoman.errors import Unauthenticated

_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")
_QUERY = ("key", "auth_token")


class ClientKeys:
    """The known keys, each with the name logs use."""

    def __init__(self, keys: Iterable[tuple[str, str]]) -> None:
        self._names = {_digest(key): name for name, key in keys}

    @property
    def any(self) -> bool:
        return bool(self._names)

    def name_of(self, shown: Iterable[str]) -> str | None:
        """The name of the first known key among those shown."""
        for key in shown:
            name = self._names.get(_digest(key))
            if name is not None:
                return name
        return None

    def knows(self, text: str) -> bool:
        """Whether a text is one of them."""
        return bool(text) and self.name_of((text,)) is not None

    def admit(self, headers: Sequence[tuple[str, str]], query: str, *, loopback: bool) -> str:
        """The caller's key name; "" for a loopback peer where no keys are configured.

        Raises:
            Unauthenticated: no key, or none that is known.
        """
        if not self._names:
            if loopback:
                return ""
            raise Unauthenticated(
                "this gateway has no client keys and serves only its own machine; "
                "add api-keys to its configuration",
                code="invalid_api_key",
            )
        shown = shown_keys(headers, query)
        name = self.name_of(shown)
        if name is None:
            what = "unknown API key" if shown else "no API key in the request"
            raise Unauthenticated(
                f"{what}; send one of the gateway's api-keys as a Bearer token, x-api-key or "
                "x-goog-api-key",
                code="invalid_api_key",
            )
        return name


def key_name(key: str) -> str:
    """What logs call a key, and what owns its stored responses: the same wherever in the
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


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
