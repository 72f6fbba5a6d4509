"""Rests of credentials ended by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from dragoman.admin.refusals import Refused
from dragoman.neutral.json import Json
from dragoman.routing.candidates import account_of, candidate
from dragoman.routing.cooldowns import Cooldowns
from dragoman.routing.served import HostModels


def auth_index(account: str) -> str:
    """The sixteen hexadecimal digits by which the management API names a credential."""
    return hashlib.blake2s(account.encode(), digest_size=8).hexdigest()


def reset(cooldowns: Cooldowns, hosts: Iterable[HostModels], wanted: str) -> Json:
    """Ends the rests of one credential, or of all when none is named; what was ended. `wanted` may
    also be `upstream/index`, as in the header x-dragoman-credential.

    Raises:
        Refused: there is no such credential.
    """
    models: set[str] = set()
    accounts: list[str] = []
    for one in hosts:
        for credential in one.host.credentials:
            account = account_of(one.host, credential)
            names = (auth_index(account), f"{one.host.name}/{credential.index}")
            if wanted and wanted not in names:
                continue
            accounts.append(account)
            models |= {
                target.model
                for target in one.targets
                if cooldowns.rest(candidate(target, credential)) is not None
            }
    if wanted and not accounts:
        raise Refused(404, "auth not found")
    for account in accounts:
        cooldowns.clear(account)
    return {
        "status": "ok",
        "auth_index": auth_index(accounts[0]) if wanted else "",
        "models": [*sorted(models)],
    }
