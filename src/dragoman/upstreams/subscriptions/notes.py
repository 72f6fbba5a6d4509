"""What a provider says of an account's limits, on its way to the account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeAlias

from dragoman.accounts.records import Window

Note: TypeAlias = Callable[[str, Sequence[Window]], None]
"""(account, its windows)."""


def number(value: object) -> float | None:
    """A number, also one written as text; None for anything else."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None
