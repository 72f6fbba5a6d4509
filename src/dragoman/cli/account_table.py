"""The accounts of a folder with what a running gateway noted of them, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.table import Table
from rich.text import Text

from dragoman.accounts.fetching import Fetched, Headers
from dragoman.accounts.login import refresh_digest
from dragoman.accounts.options import AccountOptions
from dragoman.accounts.quotas import Notes
from dragoman.accounts.records import Account, Quota, Status, Window
from dragoman.accounts.service import Accounts
from dragoman.accounts.tokens import tokens_in
from dragoman.routing.cooldowns import SPACE, Rest
from dragoman.storage.state import State

_ACCOUNT_WIDTH = 16
_COLOURS = {
    Status.READY: "green",
    Status.EXPIRED: "yellow",
    Status.DEAD: "red",
    Status.UNREADABLE: "red",
}


class Row(msgspec.Struct, frozen=True):
    """`rests` until when, by model, "" = all of them."""

    id: str
    label: str
    provider: str
    plan: str
    owner: str
    status: Status
    message: str
    last_refresh: float | None
    expires_at: float | None
    rests: dict[str, float]
    quota: tuple[Window, ...]


def accounts_in(options: AccountOptions) -> Sequence[Account]:
    """As the files alone tell them. Blocking."""
    accounts = Accounts(options, _nobody, State())
    accounts.load()
    return accounts.all()


def rows_of(options: AccountOptions, state: State, now: float) -> list[Row]:
    """As the files and a gateway's notes tell them. Blocking."""
    notes = Notes(state)
    rests = _rests(state, now)
    return [
        _row(account, notes, rests.get(account.id, {}), now) for account in accounts_in(options)
    ]


def table(rows: Sequence[Row], now: float) -> Table:
    out = Table(box=None, pad_edge=False, header_style="bold")
    widest = min(max(len(row.label) for row in rows), _ACCOUNT_WIDTH)
    limits = any(row.quota or row.rests for row in rows)
    out.add_column("Account", overflow="fold", min_width=widest)
    for name in ("Provider", "Plan", "State", "Renewed", "Expires"):
        out.add_column(name, overflow="fold", no_wrap=name != "Plan")
    if limits:
        out.add_column("Limits", overflow="fold")
    for row in rows:
        style = _COLOURS.get(row.status, "dim")
        cells: list[str | Text] = [
            row.label,
            row.provider,
            row.plan,
            Text(row.status.value, style),
            _ago(row.last_refresh, now),
            _ahead(row.expires_at, now),
        ]
        if limits:
            cells.append("\n".join((*_resting(row.rests, now), *_used(row.quota, now))))
        out.add_row(*cells)
    return out


async def _nobody(
    method: str, url: str, headers: Headers, body: bytes, proxy: str | None
) -> Fetched:
    raise OSError("a listing asks nobody")


def _row(account: Account, notes: Notes, rests: dict[str, float], now: float) -> Row:
    status, message = account.status, account.message
    told = notes.standing(account.id)
    tokens = tokens_in(account.provider, dict(account.fields))
    if told is not None and told.login == refresh_digest(tokens) and status is Status.READY:
        status, message = told.status, told.message
    quota: Quota | None = notes.quota(account.id)
    return Row(
        id=account.id,
        label=account.label,
        provider=account.provider,
        plan=account.plan,
        owner=account.owner.value,
        status=status,
        message=message,
        last_refresh=account.last_refresh,
        expires_at=account.expires_at,
        rests=rests,
        quota=quota.windows if quota else (),
    )


def _rests(state: State, now: float) -> dict[str, dict[str, float]]:
    """By account, what rests of it."""
    out: dict[str, dict[str, float]] = {}
    for key in state.keys(SPACE):
        data = state.get(SPACE, key)
        _, _, place = key.partition("/")
        file, json, rest = place.partition(".json")
        if data is None or not json:
            continue
        end_s = msgspec.msgpack.decode(data, type=Rest).end_s
        if end_s > now:
            _, _, model = rest.partition("/")
            out.setdefault(file + json, {})[model] = end_s
    return out


def _resting(rests: dict[str, float], now: float) -> list[str]:
    if "" in rests:
        return [f"rests {_span(rests[''] - now)}"]
    return [f"{model} rests {_span(end - now)}" for model, end in sorted(rests.items())]


def _used(windows: Sequence[Window], now: float) -> list[str]:
    out = []
    for window in windows:
        used = "?" if window.used is None else f"{window.used:.0%}"
        left = window.resets_at - now if window.resets_at is not None else 0
        out.append(f"{window.name} {used}" + (f" ({_span(left)})" if left > 0 else ""))
    return out


def _ago(at: float | None, now: float) -> str:
    return f"{_span(now - at)} ago" if at is not None and at <= now else ""


def _ahead(at: float | None, now: float) -> str:
    if at is None:
        return ""
    return f"in {_span(at - now)}" if at > now else f"{_span(now - at)} ago"


def _span(seconds: float) -> str:
    for unit_s, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{max(seconds, 0):.0f} s"
