"""`dragoman connect CLIENT`: what makes a client use this gateway, shown, or merged into its own
settings files. What was there stays, and the file before is kept beside it."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from dragoman.cli.clients import CLIENTS, Client, File, home_place
from dragoman.cli.reached import Asked, Reached, Wrong, reached
from dragoman.config.problems import ConfigError
from dragoman.config.save import write


def run(name: str, asked: Asked, *, write_file: bool) -> int:
    """Connects a client; the process's exit status."""
    errors = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    client = CLIENTS.get(name)
    if client is None:
        errors.print(f"there is no client {name!r} here; there are: {', '.join(CLIENTS)}")
        return 1
    try:
        sys.stdout.write(_done(client, reached(asked), write_file=write_file))
    except (Wrong, ConfigError, OSError) as error:
        errors.print(str(error))
        return 1
    return 0


def _done(client: Client, way: Reached, *, write_file: bool) -> str:
    told = client.told(way)
    if not client.files or not (write_file or client.writes):
        shown = [f"{home_place(file)}:\n\n{file.merged('', way)}" for file in client.files]
        return "\n".join([*shown, told] if told else shown)
    changes = [(home_place(file), *_merged(client, file, way)) for file in client.files]
    lines = [_written(*change) for change in changes]
    return "\n".join(lines) + "\n" + (f"\n{told}" if told else "")


def _merged(client: Client, file: File, way: Reached) -> tuple[str | None, str]:
    """The file's text as it is and as it is to be; nothing is written before all are known."""
    path = home_place(file)
    before = path.read_text(encoding="utf-8") if path.exists() else None
    try:
        return before, file.merged(before or "", way)
    except ValueError as error:
        by_hand = file.merged("", way)
        raise Wrong(
            f"{path} cannot be merged: {error}. Nothing was changed; put this into it:\n\n"
            f"{by_hand}\n{client.told(way)}"
        ) from None


def _written(path: Path, before: str | None, after: str) -> str:
    if after == before:
        return f"{path} is right already"
    path.parent.mkdir(parents=True, exist_ok=True)
    if before is None:
        write(path, after)
        return f"wrote {path}"
    backup = path.with_name(f"{path.name}.before-dragoman")
    if not backup.exists():
        write(backup, before)
    write(path, after)
    return f"wrote {path}; what was there is in {backup.name}"
