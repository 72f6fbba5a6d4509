"""Accounts before the fake identity provider, in the test's own event loop and at its own time."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from tests.fakes import serve
from tests.idp import Clock, Idp, providers

from dragoman.accounts.options import AccountOptions
from dragoman.accounts.sealing import Seal
from dragoman.accounts.service import Accounts
from dragoman.accounts.tokens import written
from dragoman.storage.state import State
from dragoman.upstreams.fetch import Fetcher
from dragoman.upstreams.http import HttpClient

OURS: dict[str, Any] = {"managed_by": "dragoman"}


class World:
    def __init__(self, idp: Idp, folder: Path) -> None:
        self.idp = idp
        self.clock = idp.clock
        self.folder = folder
        self.state = State()

    def options(self, **changes: Any) -> AccountOptions:
        return AccountOptions(
            **{"auth_dir": self.folder, "providers": providers(self.idp.url), **changes}
        )

    @contextlib.asynccontextmanager
    async def accounts(
        self, *, seal: Seal | None = None, **changes: Any
    ) -> AsyncIterator[Accounts]:
        """Opened, with a tick of 20 ms."""
        http = HttpClient()
        options = self.options(seal=seal or Seal(), **changes)
        accounts = Accounts(options, Fetcher(http), self.state, self.clock, tick_s=0.02)
        await accounts.open()
        try:
            yield accounts
        finally:
            await accounts.close()
            await http.close()

    def logged_in(
        self, provider: str, account: str = "ann", *, lasts_s: float | None = None, **more: Any
    ) -> str:
        """Writes the file of a login with the fake; its id."""
        access, refresh = self.idp.login(provider, account)
        ends = self.idp.access[access][2] if lasts_s is None else self.clock() + lasts_s
        fields: dict[str, Any] = {"type": provider, "email": f"{account}@example.com"}
        if provider == "gemini":
            token = {"access_token": access, "refresh_token": refresh, "expiry": written(ends)}
            fields["token"] = token
        elif provider == "copilot":
            fields |= {"github_token": access}
        else:
            fields |= {"access_token": access, "refresh_token": refresh, "expired": written(ends)}
            fields["last_refresh"] = written(self.clock())
        id_ = f"{provider}-{account}@example.com.json"
        self.put(id_, {**fields, **more})
        return id_

    def put(self, id_: str, content: Any) -> None:
        """All at once, as programs that write such files do."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        part = self.folder / f".{id_}.part"
        part.write_text(text)
        part.replace(self.folder / id_)

    def file(self, id_: str) -> Any:
        return json.loads((self.folder / id_).read_text())


@contextlib.asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    idp = Idp(Clock())
    async with serve(idp) as url:
        idp.url = url
        yield World(idp, folder / "auth")


async def until(there: Callable[[], bool], within_s: float = 20) -> None:
    """Waits for a condition that another task brings about."""
    async with asyncio.timeout(within_s):
        while not there():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.005)


async def token(accounts: Accounts, id_: str) -> str:
    (pair,) = await accounts.source(id_).headers()
    assert pair[0] == "authorization"
    return pair[1].removeprefix("Bearer ")
