"""Opening a connection: straight, or through an http, https or socks5 proxy; TLS where the URL
wants it."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache, lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from python_socks import ProxyType
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
        socket = await _proxy(place.proxy).connect(place.host, place.port)
        _, connection = await loop.create_connection(
            lambda: Connection(loop), sock=socket, ssl=tls, server_hostname=name
        )
        return connection


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
