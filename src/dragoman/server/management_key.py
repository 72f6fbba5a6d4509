"""Who may use the management API: `remote-management.secret-key` or MANAGEMENT_PASSWORD, shown as
`X-Management-Key` or Bearer token; five failures shut a remote address out for half an hour.

Behaviour and texts after CLIProxyAPI's management API (about v7.2). This machine is never shut
out: behind a reverse proxy everybody has its address.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from dragoman.admin.secret_key import matches
from dragoman.config.settings import Settings
from dragoman.errors import Forbidden, Unauthenticated, UnknownRoute
from dragoman.server.call import HttpCall

FAILURES = 5
BAN_S = 30 * 60
MAX_ADDRESSES = 4096
_CHECKS_AT_ONCE = 2


class _Record(msgspec.Struct):
    failures: int = 0
    last_s: float = 0


class ManagementKey:
    """`password` opens to everybody who knows it, whatever the configuration says."""

    def __init__(self, password: str = "", now: Callable[[], float] = time.monotonic) -> None:
        self._password = password
        self._now = now
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._checks = asyncio.Semaphore(_CHECKS_AT_ONCE)
        self._proven = ("", b"")

    def on(self, settings: Settings) -> bool:
        return bool(self._password or settings.remote_management.secret_key)

    async def authorize(self, call: HttpCall) -> None:
        """
        Raises:
            UnknownRoute: there is no management here.
            Forbidden: not from there, or shut out.
            Unauthenticated: no key, or a wrong one.
        """
        settings = call.gateway.settings
        if not self.on(settings):
            raise UnknownRoute("not found")
        address = "" if call.loopback else _network(call.peer)
        if address:
            self._check_ban(address)
            if not (settings.remote_management.allow_remote or self._password):
                raise Forbidden("remote management disabled")
        shown = _shown(call)
        if not shown:
            self._failed(address)
            raise Unauthenticated("missing management key")
        if not await self._known(shown, settings.remote_management.secret_key.reveal()):
            self._failed(address)
            raise Unauthenticated("invalid management key")
        self._records.pop(address, None)

    async def _known(self, shown: str, secret: str) -> bool:
        key = shown.encode("utf-8", "surrogateescape")
        if self._password and hmac.compare_digest(self._password.encode(), key):
            return True
        if not secret:
            return False
        digest = hashlib.sha256(key).digest()
        of, proven = self._proven
        if of == secret and hmac.compare_digest(proven, digest):
            return True
        async with self._checks:
            known = await asyncio.to_thread(matches, secret, shown)
        if known:
            self._proven = (secret, digest)
        return known

    def _check_ban(self, address: str) -> None:
        record = self._records.get(address)
        if record is None:
            return
        left_s = record.last_s + BAN_S - self._now()
        if left_s <= 0:
            del self._records[address]
        elif record.failures >= FAILURES:
            raise Forbidden(
                "IP banned due to too many failed attempts. "
                f"Try again in {max(1, round(left_s / 60))} min",
                retry_after_s=left_s,
            )

    def _failed(self, address: str) -> None:
        if not address:
            return
        record = self._records.setdefault(address, _Record())
        record.failures += 1
        record.last_s = self._now()
        self._records.move_to_end(address)
        while len(self._records) > MAX_ADDRESSES:
            self._records.popitem(last=False)


def _shown(call: HttpCall) -> str:
    """X-Management-Key first: on a model's route the other header is the client key's."""
    own = call.header("x-management-key").strip()
    if own:
        return own
    value = call.header("authorization").strip()
    return value[7:].strip() if value[:7].lower() == "bearer " else value


def _network(peer: str) -> str:
    """An address as failures are counted: IPv6 by its /64, which one host has as a whole."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
