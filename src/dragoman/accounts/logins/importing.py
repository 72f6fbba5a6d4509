"""Logins taken from the official programs' own files on this machine: pointed to, or taken over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dragoman.accounts.auth_file import OURS
from dragoman.accounts.client_files import CLIENT_FILES, ClientFile, Unusable, login_in, pointer
from dragoman.accounts.logins.completed import AuthFile, named
from dragoman.accounts.logins.failed import LoginFailed
from dragoman.accounts.tokens import claims
from dragoman.neutral.json import JsonObject


def found(
    home: Path, environment: Mapping[str, str]
) -> tuple[list[tuple[ClientFile, Path, JsonObject]], list[str]]:
    """The logins that are there, and why the others are not. Blocking."""
    there, missing = [], []
    for known in CLIENT_FILES:
        path = known.place(home, environment)
        try:
            there.append((known, path, login_in(known, path)))
        except Unusable as error:
            missing.append(f"{known.program}: {error}")
    return there, missing


def known_as(name: str) -> ClientFile:
    """The program of that name, or of that provider.

    Raises:
        LoginFailed.
    """
    plain = name.lower().replace("-", " ")
    for known in CLIENT_FILES:
        if plain in (known.provider, known.program.lower()):
            return known
    names = ", ".join(known.program.lower().replace(" ", "-") for known in CLIENT_FILES)
    raise LoginFailed(f"{name!r} is no program whose login can be imported; known: {names}")


def pointing(known: ClientFile, path: Path, login: JsonObject) -> AuthFile:
    """A file that points to the program's own, which is read anew whenever it changes."""
    label = _label(login)
    return named(f"import-{known.provider}", pointer(known, path), label or known.program)


def taken_over(known: ClientFile, login: JsonObject) -> AuthFile:
    """The login as one of ours. From the first renewal on the program's own copy is worth
    nothing."""
    label = _label(login)
    stem = f"{known.provider}-{label or 'taken-over'}"
    return named(stem, {**login, OURS: "dragoman"}, label or known.program)


def _label(login: JsonObject) -> str:
    token = login.get("id_token")
    told = login.get("email") or claims(token if isinstance(token, str) else "").get("email")
    return told if isinstance(told, str) else ""
