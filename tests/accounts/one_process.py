"""One of several processes that need the same login at the same moment: prints its token."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from dragoman.accounts.options import options_of
from dragoman.accounts.service import Accounts
from dragoman.config.load import load
from dragoman.storage.state import State
from dragoman.upstreams.fetch import Fetcher
from dragoman.upstreams.http import HttpClient


async def main(folder: Path, id_: str) -> None:
    options = options_of(load(folder / "config.yaml").settings, {})
    http = HttpClient()
    accounts = Accounts(options, Fetcher(http), State(), time.time, tick_s=60)
    await accounts.look()
    (folder / f"{os.getpid()}.ready").touch()
    while not (folder / "go").exists():  # noqa: ASYNC110 - it comes from another process
        await asyncio.sleep(0.001)
    ((_, value),) = await accounts.source(id_).headers()
    print(value.removeprefix("Bearer "))  # noqa: T201
    await http.close()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
