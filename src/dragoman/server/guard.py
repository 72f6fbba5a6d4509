"""Who may reach the gateway from a browser: nobody from elsewhere.

A page of another origin must not spend the user's keys (no CORS), and a host name that merely
resolves to this machine (DNS rebinding) is not this machine.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from dragoman.errors import Forbidden


class Guard:
    """`names`: host names besides localhost and plain addresses under which the gateway is known
    (its configured host, a reverse proxy's name)."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name.lower() for name in names)
        self._known: set[str] = set()

    def check(self, host: str, origin: str) -> None:
        """
        Raises:
            Forbidden: a foreign Host, or a page of another origin.
        """
        if host not in self._known:
            if not self._own(host):
                raise Forbidden(
                    f"the Host {host!r} is not this gateway; add it to allowed-hosts if it is"
                )
            if len(self._known) < 100:
                self._known.add(host)
        if origin and origin.partition("://")[2].lower() != host.lower():
            raise Forbidden(f"requests from pages of {origin!r} are not served")

    def _own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


@lru_cache(maxsize=1024)
def is_loopback(peer: str) -> bool:
    """Whether a TCP peer's address is this machine's."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and mapped.is_loopback)
