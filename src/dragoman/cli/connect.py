"""`dragoman connect CLIENT`: what makes a client use this gateway, told, or merged into its own
settings file. What was there stays, and the file before is kept beside it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from dragoman.cli.welcome import address_of
from dragoman.config.load import find_config, load
from dragoman.config.problems import ConfigError
from dragoman.config.save import write


class Wrong(Exception):
    """It cannot be done; the text says why, and what to do by hand."""


class Way(NamedTuple):
    """How the gateway is reached: its address without a path, and a client key."""

    address: str
    key: str


class Client(NamedTuple):
    """`place` is the client's settings file, by the environment and the home folder; `merged` that
    file's text with the gateway in it; `told` what to do without it. `writes`: the file is written
    without being asked to."""

    place: Callable[[Mapping[str, str], Path], Path]
    merged: Callable[[str, Way], str]
    told: Callable[[Way], str]
    writes: bool = False


def run(name: str, config: Path | None, url: str, *, write_file: bool) -> int:
    """Connects a client; the process's exit status."""
    errors = Console(stderr=True, soft_wrap=True, markup=False, highlight=False)
    client = CLIENTS.get(name)
    if client is None:
        errors.print(f"there is no client {name!r} here; there are: {', '.join(CLIENTS)}")
        return 1
    try:
        way = _way(config, url)
        if write_file or client.writes:
            sys.stdout.write(_written(client, way) + "\n\n")
        sys.stdout.write(client.told(way))
    except (Wrong, ConfigError, OSError) as error:
        errors.print(str(error))
        return 1
    return 0


def _way(config: Path | None, url: str) -> Way:
    path = find_config(config, Path.cwd(), Path.home())
    if path is None:
        raise Wrong(
            "There is no configuration: neither ./config.yaml nor ~/.config/dragoman/config.yaml. "
            "Name one with --config, or start dragoman once to have one written."
        )
    settings = load(path).settings
    key = settings.api_keys[0].reveal() if settings.api_keys else "unused"
    return Way(url.rstrip("/") or address_of(settings, settings.port), key)


def _written(client: Client, way: Way) -> str:
    """Merges the file; what to say of it."""
    path = client.place(os.environ, Path.home())
    before = path.read_text(encoding="utf-8") if path.exists() else None
    try:
        after = client.merged(before or "", way)
    except ValueError as error:
        raise Wrong(f"{path} cannot be merged: {error}\n\n{client.told(way)}") from None
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


def _with_member(text: str, name: str, value: str) -> str:
    """A JSON file with one member set.

    Raises:
        ValueError: it is no JSON object, or one with comments, which would be lost.
    """
    try:
        document = json.loads(text) if text.strip() else {}
    except ValueError:
        raise ValueError(f'it is not plain JSON; put "{name}": "{value}" into it') from None
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    if document.get(name) == value:
        return text
    return json.dumps({**document, name: value}, indent=2, ensure_ascii=False) + "\n"


def _amp_place(environment: Mapping[str, str], home: Path) -> Path:
    """As the CLI looks for it (0.0.1777897475)."""
    if named := environment.get("AMP_SETTINGS_FILE"):
        return Path(named)
    linux = sys.platform not in ("darwin", "win32")
    own = environment.get("XDG_CONFIG_HOME") if linux else None
    return (Path(own) if own else home / ".config") / "amp" / "settings.json"


def _amp_told(way: Way) -> str:
    return (
        "For this shell alone, or where the key is still missing (`amp login` asks for it too):\n\n"
        f"export AMP_URL={shlex.quote(way.address)}\n"
        f"export AMP_API_KEY={shlex.quote(way.key)}\n"
    )


CLIENTS = {
    "amp": Client(
        _amp_place,
        lambda text, way: _with_member(text, "amp.url", way.address),
        _amp_told,
        writes=True,
    ),
}
"""By the name the command takes."""
