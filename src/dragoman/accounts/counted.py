"""What `GET /metrics` tells of accounts: providers and states, never who they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dragoman.accounts.records import Account
from dragoman.observe.metrics import counter, gauge

REFRESHES = counter("login_refreshes", "Renewals of logins.", "provider", "result")
ENDED = counter("logins_ended", "Logins that their provider has ended.", "provider")
_ACCOUNTS = gauge("accounts", "Accounts by their state.", "provider", "status")


def show(accounts: Iterable[Account]) -> None:
    """How many there are now of each provider and state."""
    _ACCOUNTS.clear()
    for (provider, status), count in Counter(
        (account.provider, account.status.value) for account in accounts
    ).items():
        _ACCOUNTS.labels(provider, status).set(count)
