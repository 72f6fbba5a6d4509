"""The one HTTP client. No type of its library leaves this file: raw header list, byte iterator,
close. A faster client can take its place.

Deadlines: connect, first byte (request sent → first byte of the body), idle (between two reads).
Failures come out as Unreachable, TimedOut or Broken, naming the upstream and never a key.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import aiohttp
from aiohttp_socks import ProxyConnector
from multidict import CIMultiDict
from yarl import URL

from dragoman.errors import Broken, TimedOut, Unreachable, UpstreamFault

Headers = list[tuple[str, str]]

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
_SKIP_HEADERS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
MAX_WHOLE_ANSWER = 512 * 1024 * 1024


class Deadlines(NamedTuple):
    """Seconds; 0 = none."""

    connect: float = 10
    first_byte: float = 300
    idle: float = 120
    total: float = 0


class Call(NamedTuple):
    """One request to an upstream. `url` is sent as it is, already encoded. `proxy` is "" for none
    or an http, https, socks5 URL."""

    upstream: str
    method: str
    url: str
    headers: Headers
    body: bytes = b""
    proxy: str = ""
    deadlines: Deadlines = Deadlines()


class Answer:
    """A status, headers, and a body that is read at most once. Close it whatever happens."""

    def __init__(self, call: Call, response: aiohttp.ClientResponse) -> None:
        self._call = call
        self._response = response
        self._content = response.content
        self._limit = call.deadlines.first_byte
        self._waiting = "sent nothing"
        self._heard_at = asyncio.get_running_loop().time()
        self.status = response.status
        self.headers: Headers = [
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in response.raw_headers
        ]

    def header(self, name: str) -> str:
        """A header's first value, "" when absent."""
        return self._response.headers.get(name, "")

    async def read_some(self, patience_s: float = 0) -> bytes | None:
        """The next bytes, as many as have arrived; b"" at the regular end of the body; None when
        `patience_s` passed first (0 = wait for the deadline).

        Raises:
            TimedOut: silence longer than the deadline.
            Broken: the connection ended before the body did.
        """
        content = self._content
        try:
            data: bytes | None = content.read_nowait()
            if not data and not content.at_eof():
                data = await self._wait(patience_s)
        except (aiohttp.ClientError, OSError) as error:
            raise Broken(
                f"upstream {self._call.upstream} broke the connection in mid-answer",
                detail=repr(error),
            ) from error
        if data is None:
            return None
        if self._limit is not self._call.deadlines.idle:
            self._limit = self._call.deadlines.idle
            self._waiting = "fell silent in mid-answer"
        return data

    async def _wait(self, patience_s: float) -> bytes | None:
        loop = asyncio.get_running_loop()
        deadline = self._heard_at + self._limit if self._limit else None
        until = loop.time() + patience_s if patience_s else None
        ends = [at for at in (deadline, until) if at is not None]
        try:
            async with asyncio.timeout_at(min(ends) if ends else None):
                data = await self._content.readany()
        except TimeoutError:
            if deadline is not None and (until is None or deadline <= until):
                raise TimedOut(
                    f"upstream {self._call.upstream} {self._waiting} for {self._limit:g} s"
                ) from None
            return None
        self._heard_at = loop.time()
        return data

    async def read_all(self) -> bytes:
        """The whole body; the deadlines hold for each read."""
        pieces: list[bytes] = []
        size = 0
        while data := await self.read_some():
            pieces.append(data)
            size += len(data)
            if size > MAX_WHOLE_ANSWER:
                raise Broken(f"upstream {self._call.upstream} sent an endless answer")
        return b"".join(pieces) if len(pieces) != 1 else pieces[0]

    def close(self) -> None:
        """Lets go of the connection: kept for reuse when the body was read to its end, else cut."""
        if self._content.is_eof():
            self._response.release()
        else:
            self._response.close()


class HttpClient:
    """Connection pools, one per proxy. Made and closed with the application."""

    def __init__(self) -> None:
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def send(self, call: Call) -> Answer:
        """Sends the request and waits for the status and headers.

        A connection that the host closed while it lay idle is replaced once: nothing of the
        request was answered on it.

        Raises:
            Unreachable, TimedOut, Broken.
        """
        try:
            return await self._send(call)
        except aiohttp.ServerDisconnectedError:
            pass
        try:
            return await self._send(call)
        except aiohttp.ServerDisconnectedError as error:
            raise Broken(
                f"upstream {call.upstream} closed the connection without an answer",
                detail=repr(error),
            ) from error

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _send(self, call: Call) -> Answer:
        deadlines = call.deadlines
        session = self._sessions.get(call.proxy) or self._open(call.proxy)
        timeout = _NO_TIMEOUT
        if deadlines.connect:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=deadlines.connect)
        try:
            async with asyncio.timeout(deadlines.first_byte or None):
                response = await session.request(
                    call.method,
                    URL(call.url, encoded=True),
                    headers=CIMultiDict(call.headers),
                    data=call.body or None,
                    allow_redirects=False,
                    timeout=timeout,
                    proxy=_http_proxy(call.proxy),
                )
        except aiohttp.ServerDisconnectedError:
            raise
        except aiohttp.ConnectionTimeoutError as error:
            raise TimedOut(
                f"upstream {call.upstream}: no connection within {deadlines.connect:g} s"
            ) from error
        except TimeoutError:
            raise TimedOut(
                f"upstream {call.upstream} sent nothing for {deadlines.first_byte:g} s"
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(call, error) from error
        return Answer(call, response)

    def _open(self, proxy: str) -> aiohttp.ClientSession:
        connector: aiohttp.BaseConnector
        if proxy.startswith("socks"):
            connector = ProxyConnector.from_url(proxy.replace("socks5h://", "socks5://"), limit=0)
        else:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        session = aiohttp.ClientSession(
            connector=connector,
            skip_auto_headers=_SKIP_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=256 * 1024,
            max_line_size=64 * 1024,
            max_field_size=64 * 1024,
        )
        self._sessions[proxy] = session
        return session


def _http_proxy(proxy: str) -> str | None:
    return proxy if proxy and not proxy.startswith("socks") else None


def _failure(call: Call, error: Exception) -> UpstreamFault:
    name = f"upstream {call.upstream}"
    detail = repr(error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Unreachable(f"{name}: the host name {error.host} is not known", detail=detail)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLError):
        return Unreachable(f"{name}: its TLS certificate was not accepted", detail=detail)
    if isinstance(error, aiohttp.ClientSSLError):
        return Unreachable(f"{name}: the TLS handshake failed", detail=detail)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return Unreachable(f"{name}: its proxy cannot be reached", detail=detail)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Unreachable(
            f"{name}: no connection to {error.host}:{error.port} "
            f"({error.os_error.strerror or 'refused'})",
            detail=detail,
        )
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return Broken(f"{name} reset the connection before it answered", detail=detail)
    return Broken(f"{name} sent something that is not HTTP", detail=detail)


def lower_headers(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """First value of each header by its lower-case name."""
    out: dict[str, str] = {}
    for name, value in headers:
        out.setdefault(name.lower(), value)
    return out
