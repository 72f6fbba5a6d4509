"""`dragoman env CLIENT` and `dragoman run CLIENT`: a client's environment as lines for a shell, or
the client started with it. Its own settings stay as they are."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from typing import NoReturn

from rich.console import Console

from dragoman.cli.clients import CLIENTS, Client, home_place
from dragoman.cli.reached import Asked, Reached, Wrong, reached
from dragoman.cli.shells import SHELLS, exports, own_shell
from dragoman.config.problems import ConfigError
from dragoman.config.save import write

_NOT_FOUND = 127


def show(name: str, asked: Asked, shell: str) -> int:
    """Prints the exports; the process's exit status."""
    try:
        if shell and shell not in SHELLS:
            raise Wrong(f"There is no shell {shell!r} here; there are: {', '.join(SHELLS)}.")
        client, way, variables = _way(name, asked)
        arguments = client.arguments(way)
        sys.stdout.write(exports(variables, shell or own_shell()))
        if arguments:
            sys.stdout.write(f"# then: {shlex.join([client.program, *arguments])}\n")
    except (Wrong, ConfigError, OSError) as error:
        return _failed(str(error))
    return 0


def start(name: str, asked: Asked, arguments: list[str]) -> int:
    """Becomes the client, whose exit status is then the process's; returns one when it cannot."""
    try:
        client, way, variables = _way(name, asked)
    except (Wrong, ConfigError, OSError) as error:
        return _failed(str(error))
    program = shutil.which(client.program)
    if program is None:
        _failed(
            f"{client.program} is not on PATH; it comes with: npm install -g {client.package}",
        )
        return _NOT_FOUND
    return _become(program, [client.program, *client.arguments(way), *arguments], variables)


def _become(program: str, command: list[str], variables: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    os.execve(program, command, {**os.environ, **variables})  # noqa: S606 - that is the command


def _way(name: str, asked: Asked) -> tuple[Client, Reached, dict[str, str]]:
    client = CLIENTS.get(name)
    by_variables = [one for one, known in CLIENTS.items() if known.variables is not None]
    if client is None:
        known = ", ".join(by_variables)
        raise Wrong(f"There is no client {name!r} here; there are: {known}.")
    if client.variables is None:
        raise Wrong(
            f"{name} takes no address from its environment; use: dragoman connect {name}. "
            f"Clients that do: {', '.join(by_variables)}."
        )
    way = reached(asked)
    variables = client.variables(way)
    if client.prepared is not None:
        path = home_place(client.prepared)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, client.prepared.merged("", way))
    return client, way, variables


def _failed(message: str) -> int:
    Console(stderr=True, soft_wrap=True, markup=False, highlight=False).print(message)
    return 1
