"""`dragoman env`, `run` and `connect`: the ways of a coding client to this gateway."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dragoman.cli.database import ConfigOption

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""For `run`: what it does not know itself is the client's."""

_GROUP = Annotated[str, typer.Option("--group", help="The group to ask; switch = the active one.")]
_COMPAT = Annotated[
    bool, typer.Option("--compat", help="Tools as text, for models without function calling.")
]
_MODEL = Annotated[
    str, typer.Option("--model", help="The model to start with; else the client's own choice.")
]
_URL = Annotated[
    str, typer.Option("--url", help="The gateway's address, when a proxy is before it.")
]
_KEY = Annotated[
    str,
    typer.Option("--key", envvar="DRAGOMAN_KEY", help="A client key; else the first of api-keys."),
]
_CLIENT = Annotated[str, typer.Argument(help="The client, as `claude`.")]


def environment(
    client: _CLIENT,
    group: _GROUP = "",
    compat: _COMPAT = False,
    model: _MODEL = "",
    shell: Annotated[
        str, typer.Option("--shell", help="bash, zsh, fish or powershell; default your own.")
    ] = "",
    url: _URL = "",
    key: _KEY = "",
    config: ConfigOption = None,
) -> None:
    """Print the variables that make a client use this gateway, as your shell takes them."""
    from dragoman.cli.reached import Asked
    from dragoman.cli.started import show

    sys.exit(show(client, Asked(config, url, group, compat, key, model), shell))


def start(
    context: typer.Context,
    client: _CLIENT,
    group: _GROUP = "",
    compat: _COMPAT = False,
    model: _MODEL = "",
    url: _URL = "",
    key: _KEY = "",
    config: ConfigOption = None,
) -> None:
    """Start a client on this gateway; what follows -- goes to it."""
    from dragoman.cli.reached import Asked
    from dragoman.cli.started import start as started

    sys.exit(started(client, Asked(config, url, group, compat, key, model), context.args))


def connect(
    client: _CLIENT,
    group: _GROUP = "",
    compat: _COMPAT = False,
    model: _MODEL = "",
    url: _URL = "",
    key: _KEY = "",
    write: Annotated[
        bool, typer.Option("--write", help="Merge it into the client's own settings files.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Make a client use this gateway: show how, or write it into the client's settings."""
    from dragoman.cli.connect import run
    from dragoman.cli.reached import Asked

    sys.exit(run(client, Asked(config, url, group, compat, key, model), write_file=write))
