"""Opening a connection: straight, or through an http, https or socks5 proxy; TLS where the URL
wants it."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from functools import cache, lru_cache
from typing import NamedTuple, cast
from urllib.parse import SplitResult, unquote, urlsplit

from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy

from dragoman.upstreams.connection import Connection

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Place(NamedTuple):
    """Where connections of one pool lead."""

    scheme: str
    host: str
    port: int
    proxy: str


@cache
def tls_context() -> ssl.SSLContext:
    """The system's certificates; HTTP/1.1 only."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


@lru_cache(maxsize=1024)
def place_of(url: SplitResult, proxy: str) -> Place:
    return Place(url.scheme, url.hostname or "", url.port or _PORTS[url.scheme], proxy)


async def connect(place: Place, timeout_s: float) -> Connection:
    """A new connection.

    Raises:
        OSError, TimeoutError, python_socks.ProxyError.
    """
    loop = asyncio.get_running_loop()
    tls = tls_context() if place.scheme == "https" else None
    name = place.host if tls is not None else None
    async with asyncio.timeout(timeout_s or None):
        if not place.proxy:
            _, connection = await loop.create_connection(
                lambda: Connection(loop), place.host, place.port, ssl=tls, server_hostname=name
            )
            return connection
        if place.proxy.startswith("https:"):
            return await _through_tls(place, tls, loop)
        socket = await _proxy(place.proxy).connect(place.host, place.port)
        _, connection = await loop.create_connection(
            lambda: Connection(loop), sock=socket, ssl=tls, server_hostname=name
        )
        return connection


async def _through_tls(
    place: Place, tls: ssl.SSLContext | None, loop: asyncio.AbstractEventLoop
) -> Connection:
    """A tunnel through a proxy that is itself spoken to by TLS."""
    proxy = urlsplit(place.proxy)
    transport: asyncio.Transport | None
    transport, tunnel = await loop.create_connection(
        lambda: _Tunnel(loop), proxy.hostname or "", proxy.port or 443, ssl=tls_context()
    )
    try:
        transport.write(_tunnel_request(place, proxy))
        first_line = await tunnel.answered
        if first_line.split(b" ")[1:2] != [b"200"]:
            raise ProxyError(f"the proxy answered {first_line!r}")
        connection = Connection(loop)
        if tls is None:
            transport.set_protocol(connection)
        else:
            transport = await loop.start_tls(transport, connection, tls, server_hostname=place.host)
        assert transport is not None
        connection.connection_made(transport)
    except BaseException:
        tunnel.close()
        raise
    return connection


class _Tunnel(asyncio.Protocol):
    """Waits for a proxy's answer to CONNECT; its first line."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.answered: asyncio.Future[bytes] = loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if self._head.endswith(b"\r\n\r\n") and not self.answered.done():
            self.answered.set_result(self._head.split(b"\r\n")[0])

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answered.done():
            self.answered.set_exception(ProxyError("the proxy broke off"))

    def close(self) -> None:
        self.answered.cancel()
        if self._transport is not None:
            self._transport.abort()


def _tunnel_request(place: Place, proxy: SplitResult) -> bytes:
    host = f"[{place.host}]" if ":" in place.host else place.host
    lines = [f"CONNECT {host}:{place.port} HTTP/1.1", f"Host: {host}:{place.port}"]
    if proxy.username:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {b64encode(pair.encode()).decode()}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _proxy(url: str) -> Proxy:
    parts = urlsplit(url)
    return Proxy.create(
        proxy_type=ProxyType.SOCKS5 if parts.scheme.startswith("socks") else ProxyType.HTTP,
        host=parts.hostname or "",
        port=parts.port or _PORTS[parts.scheme],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        rdns=True,
    )
