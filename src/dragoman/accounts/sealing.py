"""Auth files sealed at rest: what is secret in them is one encrypted field, what tells them apart
(type, email) stays readable. Fernet, of the `cryptography` package (github.com/fernet/spec).

The key comes from the environment or, where the `keyring` package is installed, from the
system's keyring. Whoever has both the folder and the key can read the logins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dragoman.neutral.json import JsonObject, encode, object_of

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

VARIABLE = "DRAGOMAN_AUTH_KEY"
SEALED = "sealed"
_OPEN = ("type", "email", "managed_by", "disabled", "prefix", "priority", "weight", "note")
_SERVICE = "dragoman"
_USER = "auth-dir"


class Sealed(Exception):
    """The text says why the content cannot be had."""


class Seal:
    """Without a key it writes plain files and opens none. `barred`: why there is none though there
    should be; nothing is written in the clear then."""

    def __init__(self, key: str = "", *, barred: str = "") -> None:
        self._key = key
        self.barred = barred

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seal) and (self._key, self.barred) == (other._key, other.barred)

    def __hash__(self) -> int:
        return hash((self._key, self.barred))

    def closed(self, fields: JsonObject) -> JsonObject:
        """The object as it is written.

        Raises:
            OSError: it should be sealed and cannot be.
        """
        if self.barred:
            raise OSError(self.barred)
        if not self._key:
            return fields
        out: JsonObject = {name: fields[name] for name in _OPEN if name in fields}
        out[SEALED] = _fernet(self._key).encrypt(encode(fields)).decode()
        return out

    def opened(self, fields: JsonObject) -> JsonObject:
        """The object as it is meant. What was changed beside the seal holds.

        Raises:
            Sealed: there is no key, or another one.
        """
        sealed = fields.get(SEALED)
        if not isinstance(sealed, str):
            return fields
        if not self._key:
            raise Sealed(f"it is sealed; put its key into {VARIABLE}, or set auth-keyring: true")
        from cryptography.fernet import InvalidToken  # only who seals waits for it

        try:
            inner = object_of(_fernet(self._key).decrypt(sealed.encode()).decode())
        except InvalidToken:
            inner = None
        if inner is None:
            raise Sealed("it is sealed with another key than the one that is set")
        beside = {name: value for name, value in fields.items() if name != SEALED}
        return {**inner, **beside}


def key_from(environment: Mapping[str, str], *, keyring: bool) -> str:
    """The key that is set, "" where none is. In a keyring one is made at the first use.

    Raises:
        Sealed: what is set is no key, or there is no keyring.
    """
    written = environment.get(VARIABLE, "").strip()
    if written:
        _fernet(written)
        return written
    return _of_keyring() if keyring else ""


def new_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def _of_keyring() -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise Sealed("auth-keyring needs the package keyring: pip install keyring") from None
    try:
        found = keyring.get_password(_SERVICE, _USER)
        if found is None:
            found = new_key()
            keyring.set_password(_SERVICE, _USER, found)
    except KeyringError as error:
        raise Sealed(f"the system's keyring cannot be used: {error}") from None
    return str(found)


def _fernet(key: str) -> Fernet:
    from cryptography.fernet import Fernet

    try:
        return Fernet(key)
    except ValueError:
        raise Sealed(f"{VARIABLE} is no key; make one with: dragoman accounts key") from None
