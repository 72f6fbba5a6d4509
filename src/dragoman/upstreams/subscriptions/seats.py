"""The credentials of a provider's accounts, and the host they open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from dragoman.accounts.fetching import Fetch, Headers
from dragoman.accounts.providers import PROVIDERS, Provider
from dragoman.accounts.records import Account, Window
from dragoman.config.settings import Settings
from dragoman.protocols.registry import CODECS
from dragoman.upstreams.build import error_rules, proxy_of
from dragoman.upstreams.hosts import Conduct, Credential, Host, TokenSource, merged_headers
from dragoman.upstreams.http import Deadlines
from dragoman.upstreams.subscriptions import vertex
from dragoman.upstreams.subscriptions.kinds import Kind
from dragoman.upstreams.subscriptions.notes import Note
from dragoman.upstreams.subscriptions.projects import Finding, WithProject
from dragoman.upstreams.subscriptions.quotas import Asking

_SECOND_PLACE = "#2"


class Desk(msgspec.Struct, frozen=True):
    """What seats are made with. `source`: an account's tokens; `place`: the number a credential of
    a pool has for good."""

    settings: Settings
    fetch: Fetch
    provider: Callable[[str], Provider]
    source: Callable[[str], TokenSource]
    place: Callable[[str, str], int]
    note: Note


class Seat(msgspec.Struct, frozen=True):
    """A credential and the account it is of."""

    account: Account
    credential: Credential


def host_of(kind: Kind, seats: Sequence[Seat], desk: Desk) -> Host:
    settings = desk.settings
    timeouts = settings.timeouts
    rules = settings.oauth_request_scoped_errors
    told = rules.get(kind.name) or rules.get(kind.provider) or ()

    def note(credential: str, windows: Sequence[Window]) -> None:
        desk.note(account_id(credential), windows)

    return Host(
        name=kind.name,
        codec=CODECS[kind.protocol],
        base=desk.provider(kind.provider).base_url + kind.path,
        hostname=kind.hostname,
        query=(),
        credentials=tuple(seat.credential for seat in seats),
        deadlines=Deadlines(timeouts.connect, timeouts.first_byte, timeouts.idle, timeouts.total),
        request_usage=settings.request_usage,
        conduct=Conduct(
            rounds=settings.request_retry,
            transient_s=settings.transient_cooldown_s,
            rules=(*error_rules(told), *kind.rules),
        ),
        also=tuple(CODECS[name] for name in kind.also),
        shape=kind.shape(note),
    )


def account_id(credential: str) -> str:
    """The account that a credential's id is of."""
    return credential.partition("#")[0]


def seats_of(kind: Kind, account: Account, desk: Desk) -> Iterator[Seat]:
    """An account's credentials: one, or one for each of its projects; again for a second place."""
    projects = account.projects if kind.projects else ()
    moved = _moved(kind, desk)
    for project in projects or ("",):
        facts = {} if moved else dict(kind.facts(account))
        if moved and kind.provider == "vertex":
            facts = vertex.facts_of(account, moved)
        if project:
            facts["project"] = project
        id_ = f"{account.id}#{project}" if len(projects) > 1 else account.id
        label = f"{account.label}/{project}" if len(projects) > 1 else account.label
        yield Seat(account, _credential(kind, account, desk, id_, label, facts))
        if kind.second and not moved:
            second = {**facts, "base": kind.second}
            yield Seat(
                account,
                _credential(kind, account, desk, id_ + _SECOND_PLACE, label, second, later=1),
            )


async def quota_of(kind: Kind, seat: Seat, desk: Desk) -> None:
    """Asks what the account has used up, and notes it.

    Raises:
        UpstreamFault, OSError: it could not be asked.
    """
    credential = seat.credential
    if kind.quota is None or credential.source is None or credential.id != seat.account.id:
        return
    base = credential.facts.get("base") or desk.provider(kind.provider).base_url
    proxy = seat.account.proxy_url or desk.settings.proxy_url
    opened = list(credential.opened_by(await credential.source.headers()).sent([]).items())
    project = credential.facts.get("project", "")
    windows = await kind.quota(Asking(desk.fetch, base, opened, proxy, project))
    if windows:
        desk.note(seat.account.id, windows)


def _moved(kind: Kind, desk: Desk) -> str:
    """The provider's address where the user has configured another one."""
    address = desk.provider(kind.provider).base_url
    return address if address != PROVIDERS[kind.provider].base_url else ""


def _credential(
    kind: Kind,
    account: Account,
    desk: Desk,
    id_: str,
    label: str,
    facts: dict[str, str],
    later: int = 0,
) -> Credential:
    settings = desk.settings
    address = facts.get("base") or desk.provider(kind.provider).base_url
    own = merged_headers(list(account.headers))
    cooling = account.disable_cooling
    return Credential(
        index=desk.place(kind.name, id_),
        label=label,
        headers=merged_headers(list(kind.headers(account)), list(own)),
        copies=tuple(name for name, value in own if value.startswith("$")),
        proxy=proxy_of(account.proxy_url or settings.proxy_url, address),
        weight=account.weight,
        priority=account.priority - later,
        id=id_,
        cools=not (settings.disable_cooling if cooling is None else cooling),
        rounds=account.request_retry,
        websocket=account.websockets and kind.protocol == "responses",
        source=_source(kind, account, desk, facts, address),
        facts=facts,
    )


def _source(
    kind: Kind, account: Account, desk: Desk, facts: dict[str, str], address: str
) -> TokenSource:
    source = desk.source(account.id)
    if not kind.projects or facts.get("project"):
        return source

    def find(headers: Headers) -> Finding:
        proxy = account.proxy_url or desk.settings.proxy_url
        return Finding(desk.fetch, address, account.label, proxy, headers)

    return WithProject(source, facts, find)
