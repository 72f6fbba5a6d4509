"""How commands that look at accounts find their settings and tell what went wrong."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from dragoman.config.load import find_config, load
from dragoman.config.settings import Settings
from dragoman.observe.log import set_up


def settings_at(config: Path | None) -> Settings:
    """The configuration's, or the defaults where there is none. What is logged from here on goes to
    standard error, and only what has failed: the commands tell the rest themselves.

    Raises:
        ConfigError.
    """
    set_up("error", "text")
    path = find_config(config, Path.cwd(), Path.home())
    if path is None:
        return Settings.model_validate({})
    return load(path).settings


def plain(*, stderr: bool = False) -> Console:
    """Text as it is: names and addresses are neither coloured nor taken for markup."""
    return Console(stderr=stderr, markup=False, highlight=False)


def shown(path: Path) -> str:
    """A path as people write it."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
