"""A finished login put into `auth-dir`; a running gateway sees it there."""

from __future__ import annotations

from dragoman.accounts.folder import AuthFolder
from dragoman.accounts.logins.completed import AuthFile
from dragoman.accounts.logins.failed import LoginFailed
from dragoman.accounts.printing import printed
from dragoman.accounts.sealing import Seal, Sealed
from dragoman.neutral.json import JsonObject, object_of


def save(folder: AuthFolder, seal: Seal, file: AuthFile) -> bool:
    """Writes it; what the user has set in an older file of the same account stays. Whether there
    was one. Blocking.

    Raises:
        LoginFailed: it cannot be written.
    """
    old = _old(folder, seal, file.id)
    try:
        folder.write(file.id, printed({**old, **file.fields}, seal))
    except OSError as error:
        raise LoginFailed(
            f"{folder.place(file.id)} cannot be written: {error.strerror or error}; the login is "
            "lost, log in again when it can"
        ) from None
    return bool(old)


def _old(folder: AuthFolder, seal: Seal, id_: str) -> JsonObject:
    try:
        return seal.opened(object_of(folder.read(id_).decode("utf-8-sig")) or {})
    except (OSError, UnicodeDecodeError, Sealed):
        return {}
