"""The address on this machine that a login page sends the browser back to, for as long as the login
takes (RFC 8252 §7.3)."""

from __future__ import annotations

import asyncio
import contextlib
import html
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from dragoman.accounts.logins.browser import Pending, code_in
from dragoman.accounts.logins.failed import ForeignAnswer, LoginFailed

_LONGEST = 16 * 1024
_PATIENCE_S = 10.0
_PAGE = (
    "<!doctype html><meta charset=utf-8><title>dragoman</title>"
    "<body style='font-family:sans-serif;margin:4em auto;max-width:34em'><h1>{title}</h1><p>{text}"
)


def _host() -> str:
    """This machine's own address; in a container all of them, as published ports come in from
    outside. Who does not know the state gets nothing there."""
    inside = any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))
    return "0.0.0.0" if inside else "127.0.0.1"  # noqa: S104


class Callback:
    """Listens while the block runs; `code` is the first answer to this login."""

    def __init__(self, pending: Pending, port: int = 0) -> None:
        self._pending = pending
        self._port = port or pending.provider.port
        self._servers: list[asyncio.Server] = []
        self._code: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        """
        Raises:
            LoginFailed: the port is taken.
        """
        try:
            self._servers.append(await asyncio.start_server(self._met, _host(), self._port))
        except OSError as error:
            raise LoginFailed(
                f"port {self._port}, where {self._pending.provider.title} sends the browser back "
                f"to, cannot be used ({error.strerror or error}); stop what holds it"
            ) from None
        with contextlib.suppress(OSError):  # a browser may take localhost for the one or the other
            self._servers.append(await asyncio.start_server(self._met, "::1", self._port))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.close()
        if not self._code.cancel() and not self._code.cancelled():
            self._code.exception()  # seen, though nobody asked for it

    async def code(self) -> str:
        """
        Raises:
            LoginFailed: the provider, or the person, said no.
        """
        return await asyncio.shield(self._code)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode("latin-1") if len(head) <= _LONGEST else ""
            status, title, text = self._told(target)
            page = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
            writer.write(
                f"HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\n"
                f"content-length: {len(page)}\r\nconnection: close\r\n\r\n".encode()
                + page
            )
            await writer.drain()
        except (OSError, EOFError, TimeoutError, IndexError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()

    def _told(self, target: str) -> tuple[str, str, str]:
        parts = urlsplit(target)
        if parts.path != self._pending.provider.path:
            return "404 Not Found", "Nothing here", "This address waits for a login to come back."
        try:
            code = code_in(parts.query, self._pending)
        except ForeignAnswer as failed:
            return "400 Bad Request", "Not this login", str(failed)
        except LoginFailed as failed:
            if not self._code.done():
                self._code.set_exception(failed)
            return "400 Bad Request", "Not logged in", str(failed)
        if not self._code.done():
            self._code.set_result(code)
        return "200 OK", "Back at dragoman", "You can close this page; the terminal tells the rest."
