"""`dragoman login`: logs in with a provider and puts the login into `auth-dir`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec
from rich.console import Console

from dragoman.accounts.folder import AuthFolder
from dragoman.accounts.logins import browser, device, importing
from dragoman.accounts.logins.completed import (
    AuthFile,
    Wishes,
    completed,
    service_account_file,
)
from dragoman.accounts.logins.device import Asking
from dragoman.accounts.logins.failed import LoginFailed
from dragoman.accounts.logins.saving import save
from dragoman.accounts.oauth_clients import Missing, with_secret
from dragoman.accounts.options import AccountOptions, options_of
from dragoman.accounts.providers import Provider
from dragoman.cli.notice import agreed, confirmed
from dragoman.cli.outcome import plain, settings_at, shown
from dragoman.cli.waiting import coded
from dragoman.config.problems import ConfigError
from dragoman.errors import DragomanError
from dragoman.neutral.json import object_of
from dragoman.upstreams.fetch import Fetcher
from dragoman.upstreams.http import HttpClient

CANCELLED = 130


class Wanted(msgspec.Struct, frozen=True):
    """What the command line says. `name`: a provider, `vertex` or `import`."""

    name: str
    config: Path | None = None
    program: str = ""
    no_browser: bool = False
    callback_port: int = 0
    device: bool = False
    project: str = ""
    label: str = ""
    service_account: Path | None = None
    prefix: str = ""
    location: str = ""
    take_over: bool = False
    yes: bool = False


def run(wanted: Wanted) -> int:
    """Logs in; the process's exit status."""
    out, errors = plain(), plain(stderr=True)
    try:
        options = options_of(settings_at(wanted.config), os.environ)
        return _HANDLED.get(wanted.name, _provider)(wanted, options, out)
    except (LoginFailed, Missing, ConfigError, DragomanError, OSError) as error:
        errors.print(str(error), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        errors.print("\nStopped; nothing was written.")
        return CANCELLED


def _provider(wanted: Wanted, options: AccountOptions, out: Console) -> int:
    provider = options.providers.get(wanted.name)
    if provider is None:
        names = ", ".join([*options.providers, "import"])
        raise LoginFailed(f"{wanted.name!r} is no provider to log in with; known: {names}")
    provider = with_secret(provider, os.environ)
    if not agreed(out, f"Log in with {provider.title}", yes=wanted.yes):
        out.print("Not logged in: you did not say yes (--yes says it beforehand).")
        return 1
    file = asyncio.run(_logged_in(provider, wanted, options, out))
    _keep(file, provider.title, options, out)
    return 0


async def _logged_in(
    provider: Provider, wanted: Wanted, options: AccountOptions, out: Console
) -> AuthFile:
    http = HttpClient()
    asking = Asking(Fetcher(http), options.proxy_url, time.time, asyncio.sleep)
    wishes = Wishes(wanted.project, wanted.label)
    try:
        if provider.flow == "device" or wanted.device:
            code = await device.begun(provider, asking)
            _tell_code(code, out)
            body = await device.waited(code, asking)
            wishes = msgspec.structs.replace(wishes, device_id=code.device_id)
            return await completed(code.provider, body, wishes, asking)
        pending = browser.begun(provider)
        text = await coded(pending, wanted.callback_port, out, open_page=not wanted.no_browser)
        body = await browser.exchanged(pending, text, asking.fetch, asking.proxy, time.time())
        return await completed(provider, body, wishes, asking)
    finally:
        await http.close()


def _tell_code(code: device.DeviceCode, out: Console) -> None:
    out.print("Open this page on any device:\n")
    out.print(f"  {code.full_url}\n", soft_wrap=True)
    out.print(f"and enter the code {code.user_code}.")
    minutes = max(round((code.expires_at - time.time()) / 60), 1)
    out.print(f"Waiting for it, {minutes} minutes at most (Ctrl-C stops) ...")


def _vertex(wanted: Wanted, options: AccountOptions, out: Console) -> int:
    path = wanted.service_account
    if path is None:
        raise LoginFailed("name the key file: dragoman login vertex --service-account FILE")
    try:
        account = object_of(path.read_text("utf-8"))
    except UnicodeDecodeError:
        account = None
    if account is None:
        raise LoginFailed(f"{path} is no JSON object, as Google's key files are")
    _keep(service_account_file(account, wanted.prefix, wanted.location), "Vertex AI", options, out)
    return 0


def _import(wanted: Wanted, options: AccountOptions, out: Console) -> int:
    only = importing.known_as(wanted.program) if wanted.program else None
    there, missing = importing.found(Path.home(), os.environ)
    there = [one for one in there if only is None or one[0] is only]
    if not there:
        lines = [line for line in missing if only is None or line.startswith(only.program)]
        home = f"{Path.home()}/"
        told = "\n  ".join(line.replace(home, "~/") for line in lines)
        raise LoginFailed(f"No login to import:\n  {told}")
    names = ", ".join(known.program for known, _, _ in there)
    if not agreed(out, f"Use the logins of {names}", yes=wanted.yes):
        out.print("Nothing was imported: you did not say yes (--yes says it beforehand).")
        return 1
    if wanted.take_over and not _may_take_over(names, out, yes=wanted.yes):
        out.print("Nothing was taken over.")
        return 1
    for known, path, login in there:
        if wanted.take_over:
            file = importing.taken_over(known, login)
        else:
            file = importing.pointing(known, path, login)
        _keep(file, known.program, options, out)
    if not wanted.take_over:
        out.print("They are read where they lie; the programs renew them, dragoman does not.")
    return 0


def _may_take_over(names: str, out: Console, *, yes: bool) -> bool:
    out.print(
        f"From now on dragoman renews these logins. {names} must log in again then: a login can be "
        "renewed by one program only.\n"
    )
    return yes or confirmed(out, "Take over")


def _keep(file: AuthFile, title: str, options: AccountOptions, out: Console) -> None:
    folder = AuthFolder(options.auth_dir)
    again = save(folder, options.seal, file)
    out.print(f"\nLogged in with {title}: {file.label}", style="green")
    verb = "Renewed" if again else "Wrote"
    out.print(f"{verb} {shown(folder.place(file.id))}", soft_wrap=True)
    out.print("A dragoman that runs uses it at once; dragoman accounts lists them all.")


_Handler: TypeAlias = Callable[[Wanted, AccountOptions, Console], int]
_HANDLED: dict[str, _Handler] = {"vertex": _vertex, "import": _import}
