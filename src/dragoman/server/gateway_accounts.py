"""What accounts serve, as the names in force tell it."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.routing.candidates import account_of
from dragoman.routing.names import Names
from dragoman.routing.served import Target


def places(names: Names) -> dict[str, list[str]]:
    """By account, what cool-downs and `reset-quota` call its credentials."""
    found: dict[str, list[str]] = {}
    for models in names.hosts().values():
        for credential in models.host.credentials:
            if credential.source is not None:
                account = credential.id.partition("#")[0]
                found.setdefault(account, []).append(account_of(models.host, credential))
    return found


def served_by(names: Names, account: str) -> Iterator[Target]:
    """Every model that this account opens."""
    for models in names.hosts().values():
        for target in models.targets:
            if any(
                one.source is not None and one.id.partition("#")[0] == account
                for one in target.host.credentials
            ):
                yield target
