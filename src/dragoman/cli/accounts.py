"""`dragoman accounts`: the logins as they stand, and what a person does to them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
from rich.console import Console

from dragoman.accounts.auth_file import OURS
from dragoman.accounts.editing import Uneditable, edited
from dragoman.accounts.folder import AuthFolder
from dragoman.accounts.options import AccountOptions, options_of
from dragoman.accounts.records import Account, Owner, Status
from dragoman.accounts.sealing import new_key
from dragoman.cli.account_table import Row, accounts_in, rows_of, table
from dragoman.cli.notice import confirmed
from dragoman.cli.outcome import plain, settings_at, shown
from dragoman.config.problems import ConfigError
from dragoman.config.settings import Settings
from dragoman.neutral.json import JsonObject
from dragoman.storage.reading import state_now

_Work: TypeAlias = Callable[[AccountOptions, Sequence[Account], Console], int]


class Unknown(Exception):
    """No account, or several, go by that name; the text says which."""


def show(config: Path | None, *, as_json: bool) -> int:
    """Prints the table; 0 also where there are none."""
    try:
        settings = settings_at(config)
        options, rows = _read(settings)
    except (ConfigError, OSError) as error:
        plain(stderr=True).print(str(error), soft_wrap=True)
        return 1
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows)).decode() + "\n")
        return 0
    out = plain()
    if not rows:
        out.print(f"No accounts in {shown(options.auth_dir)}. Log in with: dragoman login NAME")
        return 0
    out.print(table(rows, time.time()))
    for row in rows:
        if row.message:
            out.print(f"\n{row.id}: {row.message}")
    return 0


def adopt(config: Path | None, names: Sequence[str], *, everything: bool, yes: bool) -> int:
    """Takes over the renewing of logins that another program wrote."""

    def work(options: AccountOptions, accounts: Sequence[Account], out: Console) -> int:
        chosen = list(accounts) if everything else [_named(name, accounts) for name in names]
        theirs = [one for one in chosen if one.owner is Owner.OTHER and _known(one)]
        if not theirs:
            out.print(
                "There is nothing to adopt: dragoman renews these logins already, or may not."
            )
            return 0
        out.print(
            "From now on dragoman renews these logins. The program that wrote the files must not "
            "use them any more, or one of the two is logged out: a login can be renewed by one "
            "program only.\n"
        )
        for account in theirs:
            out.print(f"  {account.id}")
        out.print()
        if not (yes or confirmed(out, "Adopt")):
            out.print("Nothing was adopted.")
            return 1
        for account in theirs:
            _edit(options, account, lambda fields: {**fields, OURS: "dragoman"})
        out.print(f"Adopted {len(theirs)}.")
        return 0

    return _with_accounts(config, work)


def turn(config: Path | None, names: Sequence[str], *, on: bool) -> int:
    """Switches accounts on or off."""

    def work(options: AccountOptions, accounts: Sequence[Account], out: Console) -> int:
        for account in [_named(name, accounts) for name in names]:
            _edit(options, account, lambda fields: {**fields, "disabled": not on})
            out.print(f"{account.id}: {'enabled' if on else 'disabled'}", soft_wrap=True)
        return 0

    return _with_accounts(config, work)


def remove(config: Path | None, names: Sequence[str], *, yes: bool) -> int:
    """Deletes auth files."""

    def work(options: AccountOptions, accounts: Sequence[Account], out: Console) -> int:
        folder = AuthFolder(options.auth_dir)
        for account in [_named(name, accounts) for name in names]:
            if not (yes or confirmed(out, f"Delete {shown(folder.place(account.id))}")):
                out.print("Nothing was deleted.")
                return 1
            folder.delete(account.id)
            out.print(f"{account.id}: deleted", soft_wrap=True)
        return 0

    return _with_accounts(config, work)


def key() -> int:
    """Prints a key that auth files can be sealed with."""
    sys.stdout.write(new_key() + "\n")
    return 0


def _read(settings: Settings) -> tuple[AccountOptions, list[Row]]:
    options = options_of(settings, os.environ)
    return options, rows_of(options, state_now(settings.data_dir), time.time())


def _with_accounts(config: Path | None, work: _Work) -> int:
    try:
        options = options_of(settings_at(config), os.environ)
        return work(options, accounts_in(options), plain())
    except (ConfigError, Unknown, Uneditable, OSError) as error:
        plain(stderr=True).print(str(error), soft_wrap=True)
        return 1


def _named(name: str, accounts: Sequence[Account]) -> Account:
    """By its file, with or without .json, or by what it is called."""
    by_file = [one for one in accounts if name in (one.id, one.id.removesuffix(".json"))]
    found = by_file or [one for one in accounts if name == one.label]
    if len(found) == 1:
        return found[0]
    if found:
        files = ", ".join(account.id for account in found)
        raise Unknown(f"several accounts are called {name!r}; name one by its file: {files}")
    raise Unknown(f"there is no account {name!r}; dragoman accounts lists them")


def _known(account: Account) -> bool:
    return account.status not in (Status.UNSUPPORTED, Status.UNREADABLE)


def _edit(
    options: AccountOptions, account: Account, change: Callable[[JsonObject], JsonObject]
) -> JsonObject:
    return asyncio.run(edited(options, account.id, change))
