"""`dragoman key`: client keys made, listed, revoked and exchanged. A key's text is shown once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dragoman.cli.database import ConfigOption, groups_known, on_database, settings_of, stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncEngine

    from dragoman.config.settings import Settings
    from dragoman.storage.client_keys import ClientKey

key_app = typer.Typer(name="key", help="Make and revoke client keys.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The key's name.")]


GroupOption = Annotated[
    list[str] | None,
    typer.Option(
        help="A group it may use; several: say it again. The first is its own, for requests that "
        "name none. Default: all."
    ),
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option(help="A model it may ask for, * and ? allowed; several: say it again."),
]
ExpiresOption = Annotated[
    str, typer.Option(help="When it ends: 30d, 12h, or a date such as 2027-06-30.")
]
RpmOption = Annotated[int, typer.Option(min=0, help="Requests a minute; 0 = no limit.")]
TpmOption = Annotated[int, typer.Option(min=0, help="Tokens a minute; 0 = no limit.")]
ConcurrencyOption = Annotated[
    int, typer.Option(min=0, help="Requests at the same time; 0 = no limit.")
]
BodyLogOption = Annotated[bool, typer.Option("--body-log", help="Log the bodies of its requests.")]


@key_app.command()
def add(
    name: NameArgument,
    group: GroupOption = None,
    models: ModelsOption = None,
    expires: ExpiresOption = "",
    rpm: RpmOption = 0,
    tpm: TpmOption = 0,
    concurrency: ConcurrencyOption = 0,
    body_log: BodyLogOption = False,
    config: ConfigOption = None,
) -> None:
    """Make a key and show it, once."""
    from dragoman.accounts.client_keys import new_key, new_key_id
    from dragoman.storage.client_keys import ClientKey, ClientKeyStore, NameTaken

    settings = settings_of(config)
    now_s = time.time()
    text, digest = new_key()
    key = ClientKey(
        id=new_key_id(),
        name=_name(name),
        digest=digest,
        created_at=now_s,
        groups=_groups(group or [], settings),
        models=_listed(models or []),
        expires_at=_end(expires, now_s),
        rpm=rpm,
        tpm=tpm,
        concurrency=concurrency,
        body_log=body_log,
    )
    try:
        on_database(settings, lambda engine: ClientKeyStore(engine).add(key))
    except NameTaken:
        raise stop(
            f"there is a key {name!r} already; revoke or rotate it, or choose another name"
        ) from None
    _show(text, f"The key {name!r} is shown only now; running gateways know it within a second.")


@key_app.command("list")
def list_keys(
    all_: Annotated[bool, typer.Option("--all", help="Revoked ones too.")] = False,
    config: ConfigOption = None,
) -> None:
    """Show the keys: what they may do, until when."""
    from dragoman.storage.client_keys import ClientKeyStore

    keys = on_database(settings_of(config), lambda engine: ClientKeyStore(engine).all())
    shown = [key for key in keys if all_ or key.revoked_at is None]
    if not shown:
        typer.echo("There are no keys. Make one with: dragoman key add NAME", err=True)
        return
    columns = ("name", "state", "groups", "models", "limits", "made", "id")
    table = Table(*columns, box=None, pad_edge=False)
    for key in shown:
        table.add_row(*_row(key, time.time()))
    Console(highlight=False, markup=False).print(table)


@key_app.command()
def revoke(name: NameArgument, config: ConfigOption = None) -> None:
    """End a key for good. Its name may be given again, to another key."""
    from dragoman.storage.client_keys import ClientKeyStore, NoSuchKey

    async def work(engine: AsyncEngine) -> None:
        await ClientKeyStore(engine).revoke(name, time.time())

    try:
        on_database(settings_of(config), work)
    except NoSuchKey:
        raise stop(_no_key(name)) from None
    typer.echo(f"The key {name!r} is revoked; requests under way are let end.")


@key_app.command()
def rotate(name: NameArgument, config: ConfigOption = None) -> None:
    """Give a key a new text, shown once; rights, limits and all that is its own stay."""
    from dragoman.accounts.client_keys import new_key
    from dragoman.storage.client_keys import ClientKeyStore, NoSuchKey

    text, digest = new_key()
    try:
        on_database(settings_of(config), lambda engine: ClientKeyStore(engine).rotate(name, digest))
    except NoSuchKey:
        raise stop(_no_key(name)) from None
    _show(text, f"The key {name!r} has this text now, shown only here; the old one is unknown.")


def _show(text: str, told: str) -> None:
    """The key alone on standard output, so that a script can take it."""
    typer.echo(told, err=True)
    typer.echo(text)


def _no_key(name: str) -> str:
    return f"there is no key {name!r}; see: dragoman key list"


def _name(name: str) -> str:
    if not name[:1].isalnum() or not all(sign.isalnum() or sign in "-_." for sign in name):
        raise stop(
            f"{name!r} is no name for a key; use letters, digits, '-', '_' and '.', "
            "and begin with a letter or digit"
        )
    if name.startswith("key-"):
        raise stop("names that begin with key- are those of api-keys in the log; choose another")
    return name


def _listed(given: Sequence[str]) -> tuple[str, ...]:
    """Each once; commas part as well."""
    parts = [part.strip() for text in given for part in text.split(",")]
    return tuple(dict.fromkeys(part for part in parts if part))


def _groups(given: Sequence[str], settings: Settings) -> tuple[str, ...]:
    groups = _listed(given)
    known = groups_known(settings)
    for group in groups:
        if group not in known:
            raise stop(f"there is no group {group!r}; groups are: {', '.join(known)}")
    return groups


def _end(text: str, now_s: float) -> float | None:
    """When a key ends.

    A date alone means the end of that day, UTC.
    """
    from dragoman.config.blocks import duration_s

    if not text:
        return None
    try:
        if text[-1:].isalpha():
            end = now_s + float(str(duration_s(text)))
        else:
            day = datetime.fromisoformat(text)
            whole_day = "T" not in text and " " not in text
            end = day.replace(tzinfo=day.tzinfo or UTC).timestamp() + 86400 * whole_day
    except (ValueError, TypeError):
        raise stop(f"{text!r} is no end; write 30d, 12h or a date such as 2027-06-30") from None
    if end <= now_s:
        raise stop(f"{text!r} is in the past")
    return end


def _row(key: ClientKey, now_s: float) -> tuple[str, ...]:
    limits = {"rpm": key.rpm, "tpm": key.tpm, "concurrency": key.concurrency}
    told = [f"{name} {limit}" for name, limit in limits.items() if limit]
    if key.body_log:
        told.append("bodies logged")
    return (
        key.name,
        _state(key, now_s),
        ", ".join(key.groups) or "all",
        ", ".join(key.models) or "all",
        ", ".join(told) or "none",
        _day(key.created_at),
        key.id,
    )


def _state(key: ClientKey, now_s: float) -> str:
    if key.revoked_at is not None:
        return f"revoked {_day(key.revoked_at)}"
    if key.expires_at is None:
        return "good"
    return f"{'expired' if key.expired(now_s) else 'until'} {_day(key.expires_at)}"


def _day(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d")
