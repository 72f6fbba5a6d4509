"""The one HTTP client: raw header list, byte iterator, close; what is behind it is this file's
matter alone (`connection.py` parses, `connecting.py` opens).

Our own on httptools, for it was measured: as a relay of streams a library's client costs several
times as much, most of it for each chunk a host cuts (docs/performance.md).

Deadlines: connect, first byte (request sent → first byte of the body), idle (between two reads),
total. Failures come out as Unreachable, TimedOut or Broken, naming the upstream and never a key.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from python_socks import ProxyError

from dragoman.errors import Broken, HungUp, TimedOut, Unreachable, UpstreamFault
from dragoman.upstreams.answers import Answer, too_long
from dragoman.upstreams.connecting import Place, connect, place_of
from dragoman.upstreams.connection import Connection, NotHttp
from dragoman.upstreams.uploading import Upload, answered_upload

Headers = list[tuple[str, str]]

_KEEP_S = 30.0
_KEPT_PER_PLACE = 256
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})


class Deadlines(NamedTuple):
    """Seconds; 0 = none."""

    connect: float = 10
    first_byte: float = 300
    idle: float = 120
    total: float = 0


class Call(NamedTuple):
    """One request to an upstream. `url` is sent as it is, already encoded. `proxy` is "" for none
    or an http, https, socks5 URL. `upload` stands in the place of `body`."""

    upstream: str
    method: str
    url: str
    headers: Headers
    body: bytes = b""
    proxy: str = ""
    deadlines: Deadlines = Deadlines()
    upload: Upload | None = None


class HttpClient:
    """Connections kept by place. Made and closed with the application."""

    def __init__(self) -> None:
        self._idle: dict[Place, list[Connection]] = {}

    async def send(self, call: Call) -> Answer:
        """Sends the request and waits for the status and headers.

        A kept connection that the host has closed is replaced. When it ends after the request was
        written, the host may have begun to work (and to count): only what changes nothing is sent
        again from here (RFC 9110, 9.2.2); the rest is the attempt loop's to decide, which counts
        it, holds to the user's limits, and lets no account rest for it.

        Raises:
            Unreachable, TimedOut, Broken, HungUp; what an upload's source raises.
        """
        url = _split(call.url)
        place = place_of(url, call.proxy)
        head = _head(call, url)
        if call.upload is not None:
            return await self._uploading(await _connected(place, call), place, call, head)
        while (kept := self._kept(place)) is not None:
            answer = await self._on(kept, place, call, head, kept=True)
            if answer is not None:
                return answer
        fresh = await _connected(place, call)
        answer = await self._on(fresh, place, call, head, kept=False)
        assert answer is not None
        return answer

    async def close(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def _on(
        self, connection: Connection, place: Place, call: Call, head: bytes, *, kept: bool
    ) -> Answer | None:
        """The answer on this connection; None when a kept one turned out to be closed."""
        deadlines = call.deadlines
        limit = min(filter(None, (deadlines.first_byte, deadlines.total)), default=None)
        started = asyncio.get_running_loop().time()
        connection.used = False
        connection.begin(head, call.body, call.method)
        try:
            async with asyncio.timeout(limit):
                while not connection.head_done:
                    await connection.arrival()
        except TimeoutError:
            connection.close()
            if limit == deadlines.first_byte:
                raise TimedOut(f"upstream {call.upstream} sent nothing for {limit:g} s") from None
            raise too_long(call) from None
        except NotHttp as error:
            raise Broken(
                f"upstream {call.upstream} sent something that is not HTTP", detail=str(error)
            ) from error
        except OSError as error:
            if kept and not connection.used:
                self._forget(place)
                if call.method in _IDEMPOTENT:
                    return None
                raise HungUp(
                    f"upstream {call.upstream} closed a kept connection without an answer",
                    detail=repr(error),
                ) from error
            raise Broken(
                f"upstream {call.upstream} closed the connection before it answered",
                detail=repr(error),
            ) from error
        except BaseException:
            connection.close()
            raise
        return Answer(call, connection, started, lambda: self._give_back(place, connection))

    async def _uploading(
        self, connection: Connection, place: Place, call: Call, head: bytes
    ) -> Answer:
        """The answer to a request whose body is sent meanwhile: it may come before that is over.
        Always on a connection of its own, for the body cannot be sent twice."""
        assert call.upload is not None
        deadlines = call.deadlines
        started = asyncio.get_running_loop().time()
        connection.begin(head, b"", call.method)
        try:
            sending = await answered_upload(
                connection, call.upload, deadlines.idle, deadlines.first_byte
            )
        except (OSError, NotHttp) as error:
            connection.close()
            raise _broken_upload(call, error) from error
        except BaseException:
            connection.close()
            raise

        def give_back() -> None:
            if not sending.done():
                sending.cancel()
                connection.close()
            self._give_back(place, connection)

        return Answer(call, connection, started, give_back)

    def _kept(self, place: Place) -> Connection | None:
        connections = self._idle.get(place)
        oldest = time.monotonic() - _KEEP_S
        while connections:
            connection = connections.pop()
            if not connection.ending and connection.idle_since >= oldest:
                return connection
            connection.close()
        return None

    def _forget(self, place: Place) -> None:
        """Closes what is kept to a place that has just given up one of its connections."""
        for connection in self._idle.pop(place, ()):
            connection.close()

    def _give_back(self, place: Place, connection: Connection) -> None:
        connections = self._idle.setdefault(place, [])
        if connection.reusable and len(connections) < _KEPT_PER_PLACE:
            connection.idle_since = time.monotonic()
            connections.append(connection)
        else:
            connection.close()


@lru_cache(maxsize=1024)
def _split(url: str) -> SplitResult:
    return urlsplit(url)


def _head(call: Call, url: SplitResult) -> bytes:
    target = url.path or "/"
    if url.query:
        target += "?" + url.query
    lines = [f"{call.method} {target} HTTP/1.1\r\nhost: {url.netloc.rpartition('@')[2]}"]
    lines += [f"{name}: {value}" for name, value in call.headers]
    if call.upload is not None:
        lines.append(call.upload.framing)
    elif call.body or call.method in ("POST", "PUT", "PATCH"):
        lines.append(f"content-length: {len(call.body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) or head.count("\r") != len(lines):
        raise Broken(f"upstream {call.upstream}: a header to be sent holds a line break")
    return (head + "\r\n\r\n").encode("latin-1", "replace")


def _broken_upload(call: Call, error: Exception) -> UpstreamFault:
    name = f"upstream {call.upstream}"
    if isinstance(error, TimeoutError):
        return TimedOut(f"{name} took nothing, or sent nothing, for too long")
    if isinstance(error, NotHttp):
        return Broken(f"{name} sent something that is not HTTP", detail=str(error))
    return Broken(f"{name} closed the connection before it answered", detail=repr(error))


async def _connected(place: Place, call: Call) -> Connection:
    try:
        return await connect(place, call.deadlines.connect)
    except TimeoutError:
        raise TimedOut(
            f"upstream {call.upstream}: no connection within {call.deadlines.connect:g} s"
        ) from None
    except (OSError, ProxyError, ValueError) as error:
        raise _unreachable(place, call.upstream, error) from error


def _unreachable(place: Place, upstream: str, error: Exception) -> UpstreamFault:
    name = f"upstream {upstream}"
    detail = repr(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unreachable(
            f"{name}: its TLS certificate was not accepted ({error.verify_message})", detail=detail
        )
    if isinstance(error, ssl.SSLError):
        return Unreachable(f"{name}: the TLS handshake failed", detail=detail)
    if place.proxy:
        return Unreachable(f"{name}: no connection through its proxy", detail=detail)
    if isinstance(error, socket.gaierror):
        return Unreachable(f"{name}: the host name {place.host} is not known", detail=detail)
    reason = getattr(error, "strerror", None) or "refused"
    return Unreachable(
        f"{name}: no connection to {place.host}:{place.port} ({reason})", detail=detail
    )
