"""Waiting for the browser to come back, or for the address that it ended at to be pasted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import webbrowser

from rich.console import Console

from dragoman.accounts.logins.browser import Pending, code_in
from dragoman.accounts.logins.callback import Callback
from dragoman.accounts.logins.failed import LoginFailed
from dragoman.cli.lines import read_line

PATIENCE_S = 300.0


async def coded(pending: Pending, port: int, out: Console, *, open_page: bool) -> str:
    """The code that the login page gives.

    Raises:
        LoginFailed: denied, or nothing came back.
    """
    async with contextlib.AsyncExitStack() as stack:
        ways = [_pasted(pending, out)]
        try:
            callback = await stack.enter_async_context(Callback(pending, port))
            ways.append(callback.code())
        except LoginFailed as failed:
            out.print(f"Note: {failed}. Pasting the address works all the same.\n")
        _show(pending, port, out, open_page=open_page)
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            done, _ = await asyncio.wait(
                tasks, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in tasks:
                task.cancel()
            told = await asyncio.gather(*tasks, return_exceptions=True)
        if not done:
            raise LoginFailed("nothing came back within 5 minutes; log in again")
        for result in told:
            if isinstance(result, str):
                return result
        raise next(result for result in told if isinstance(result, LoginFailed))


def _show(pending: Pending, port: int, out: Console, *, open_page: bool) -> None:
    opened = open_page and _has_screen() and webbrowser.open(pending.url)
    out.print("A page has been opened in your browser:" if opened else "Open this page:")
    out.print(f"\n  {pending.url}\n", soft_wrap=True)
    here = port or pending.provider.port
    if not opened:
        out.print("On another machine than this one, either forward the port first:")
        out.print(f"  ssh -L {pending.provider.port}:127.0.0.1:{here} USER@THIS-MACHINE")
        out.print("or, once the browser cannot reach localhost, paste the address it shows here.")
    else:
        out.print("If it ends at a page that cannot be reached, paste that address here.")
    out.print("Waiting, 5 minutes at most (Ctrl-C stops) ...")


def _has_screen() -> bool:
    if os.environ.get("SSH_CONNECTION"):
        return False
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


async def _pasted(pending: Pending, out: Console) -> str:
    """The code of the first pasted address that is one of this login's; for ever when the input
    ends."""
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        while line := read_line():
            with contextlib.suppress(RuntimeError):  # the login is over
                loop.call_soon_threadsafe(lines.put_nowait, line)

    # A thread that may wait for ever must not keep the process from ending.
    threading.Thread(target=read, daemon=True).start()
    while True:
        line = await lines.get()
        if not line.strip():
            continue
        try:
            return code_in(line, pending)
        except LoginFailed as failed:
            out.print(f"Not this one: {failed}.")
