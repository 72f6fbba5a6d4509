"""`dragoman config`: is the file right, and what may stand in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dragoman.config.problems import Problem
    from dragoman.config.settings import Settings
    from dragoman.config.upstreams import Upstream

config_app = typer.Typer(
    name="config", help="Check the configuration file and describe it.", no_args_is_help=True
)


@config_app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="The file to check.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The same, as an option.")
    ] = None,
) -> None:
    """Read the configuration and tell every error and warning with its line."""
    from dragoman.config.load import find_config, load
    from dragoman.config.problems import ConfigError

    out = Console(soft_wrap=True, highlight=False)
    path = find_config(file or config, Path.cwd(), Path.home())
    if path is None:
        out.print(
            "There is no configuration: neither ./config.yaml nor ~/.config/dragoman/config.yaml. "
            "Name one with --config, or start dragoman once to have one written."
        )
        raise typer.Exit(1)
    try:
        loaded = load(path)
    except ConfigError as error:
        _tell(out, path, error.problems, "error", "red")
        _tell(out, path, error.warnings, "warning", "yellow")
        errors = _counted(len(error.problems), "error")
        out.print(Text.assemble(("FAILED", "bold red"), f" {path}: {errors}"))
        raise typer.Exit(1) from None
    _tell(out, path, loaded.warnings, "warning", "yellow")
    summary = _summary(loaded.settings, len(loaded.warnings))
    out.print(Text.assemble(("OK", "bold green"), f" {path}: {summary}"))


@config_app.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from dragoman.config.schema import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")


def _tell(out: Console, path: Path, problems: Iterable[Problem], kind: str, colour: str) -> None:
    for problem in problems:
        where = f"{path}:{problem.line}: " if problem.line else f"{path}: "
        field = f"{problem.field}: " if problem.field else ""
        out.print(
            Text.assemble((where, "dim"), (f"{kind}: ", colour), (field, "bold"), problem.message)
        )


def _summary(settings: Settings, warnings: int) -> str:
    used = [upstream for upstream in settings.all_upstreams if not upstream.disabled]
    listed = sum(len(_models_of(upstream)) for upstream in used)
    asked = sum(upstream.models is None and upstream.protocol != "echo" for upstream in used)
    parts = [
        _counted(len(used), "upstream"),
        _counted(listed, "model"),
        _counted(len(settings.api_keys), "client key"),
    ]
    if asked:
        parts.append(f"{_counted(asked, 'upstream')} asked for models at start")
    if warnings:
        parts.append(_counted(warnings, "warning"))
    return ", ".join(parts)


def _models_of(upstream: Upstream) -> Sequence[object]:
    """Those the file lists, and those echo has by itself."""
    from dragoman.upstreams import echo

    if upstream.models is None:
        return echo.MODELS if upstream.protocol == "echo" else ()
    return upstream.models


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
