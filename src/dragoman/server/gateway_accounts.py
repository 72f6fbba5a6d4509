"""What an account serves, as the names in force tell it."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.routing.names import Names
from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Credential, Host


def served_by(names: Names, account: str) -> Iterator[tuple[Host, Credential, Target]]:
    """Every model of a host that this account opens, with its first credential there."""
    for models in names.hosts().values():
        for target in models.targets:
            for credential in target.host.credentials:
                if credential.source is not None and credential.id.partition("#")[0] == account:
                    yield target.host, credential, target
                    break
