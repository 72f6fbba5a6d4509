"""`dragoman group`: which groups there are, and which one `/switch` means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dragoman.cli.database import ConfigOption, groups_known, on_database, settings_of, stop

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

group_app = typer.Typer(
    name="group", help="Show groups, and choose the one that /switch means.", no_args_is_help=True
)


@group_app.command("list")
def list_groups(config: ConfigOption = None) -> None:
    """Show every group; a star stands at the active one."""
    from dragoman.storage.active_group import ACTIVE_GROUP, active_group
    from dragoman.storage.shared import Shared

    settings = settings_of(config)

    async def read(engine: AsyncEngine) -> bytes:
        shared = Shared(engine)
        await shared.open()
        await shared.close()
        return shared.get(ACTIVE_GROUP)

    known = groups_known(settings)
    active = active_group(on_database(settings, read), settings.active_group, known)
    table = Table("", "group", "models", "state", box=None, pad_edge=False)
    for name in known:
        group = settings.groups.get(name)
        closed = group.models if group is not None else None
        models = "all" if closed is None else ", ".join(closed)
        state = "disabled" if group is not None and group.disabled else ""
        table.add_row("*" if name == active else "", name, models, state)
    Console(highlight=False, markup=False).print(table)


@group_app.command()
def use(
    name: Annotated[str, typer.Argument(help="The group.")], config: ConfigOption = None
) -> None:
    """Make a group the one that /switch means, at once and for every running gateway."""
    from dragoman.storage.active_group import ACTIVE_GROUP, chosen
    from dragoman.storage.shared import Shared

    settings = settings_of(config)
    known = groups_known(settings)
    if name not in known:
        raise stop(f"there is no group {name!r}; groups are: {', '.join(known)}")
    choice = chosen(name, settings.active_group)
    on_database(settings, lambda engine: Shared(engine).put(ACTIVE_GROUP, choice))
    typer.echo(f"/switch is now {name}")
    group = settings.groups.get(name)
    if group is not None and group.disabled:
        typer.echo(f"{name} is disabled: requests to it are refused", err=True)
