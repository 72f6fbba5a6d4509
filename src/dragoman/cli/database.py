"""What commands about keys and groups work on: the configuration's words, and the database of its
`data-dir`. The running gateways see what changes there by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from dragoman.config.settings import Settings

T = TypeVar("T")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Configuration file; default ./config.yaml, then ~/.config/dragoman/config.yaml.",
    ),
]


def stop(message: str) -> typer.Exit:
    """Tells why nothing was done; to be raised."""
    typer.echo(message, err=True)
    return typer.Exit(1)


def settings_of(config: Path | None) -> Settings:
    from dragoman.config.load import find_config, load
    from dragoman.config.problems import ConfigError

    path = find_config(config, Path.cwd(), Path.home())
    if path is None:
        raise stop("there is no configuration; name one with --config")
    try:
        return load(path).settings
    except ConfigError as error:
        raise stop(str(error)) from None


def on_database(settings: Settings, work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """The result of `work` on the database, which is made where it is missing."""

    async def run() -> T:
        from dragoman.storage.database import open_database

        engine = await open_database(settings.data_dir)
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(run())
    except OSError as error:
        raise stop(f"data-dir {settings.data_dir}: {error}") from None


def groups_known(settings: Settings) -> list[str]:
    """Every group, `default` first."""
    from dragoman.config.groups import DEFAULT_GROUP

    return [DEFAULT_GROUP, *(name for name in settings.groups if name != DEFAULT_GROUP)]
