"""How a client reaches the gateway: its address with a group before the protocol's path, a key, and
the models there are to name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dragoman.cli.welcome import address_of
from dragoman.config.load import find_config, load
from dragoman.config.settings import Settings
from dragoman.server.ways import SWITCH

_NAMELESS = "MODEL"
_WILD = frozenset("*?[")


class Wrong(Exception):
    """It cannot be done; the text says why, and what to do by hand."""


class Asked(NamedTuple):
    """What the command line says. `key`: the key itself, from where commands take it."""

    config: Path | None = None
    url: str = ""
    group: str = ""
    compat: bool = False
    key: str = ""
    model: str = ""


class Reached(NamedTuple):
    """`address` is without a path, `base` with what stands before the protocols' own; `model` is
    "" where none was named, `models` are those that are served under a plain name."""

    address: str
    base: str
    key: str
    model: str
    models: tuple[str, ...]

    @property
    def named(self) -> tuple[str, ...]:
        """Models for a client that wants a list."""
        return (self.model,) if self.model else self.models or (_NAMELESS,)


def reached(asked: Asked) -> Reached:
    """
    Raises:
        Wrong: there is no configuration, or no such group.
        ConfigError: it is not sound.
    """
    path = find_config(asked.config, Path.cwd(), Path.home())
    if path is None:
        raise Wrong(
            "There is no configuration: neither ./config.yaml nor ~/.config/dragoman/config.yaml. "
            "Name one with --config, or start dragoman once to have one written."
        )
    settings = load(path).settings
    address = asked.url.rstrip("/") or address_of(settings, settings.port)
    before = f"/{asked.group}" if asked.group else ""
    if asked.group not in ("", SWITCH, "default", *settings.groups):
        known = ", ".join(["default", *settings.groups, SWITCH])
        raise Wrong(f"There is no group {asked.group!r}; groups are: {known}.")
    compat = "/compat" if asked.compat else ""
    own = settings.api_keys[0].reveal() if settings.api_keys else "unused"
    models = tuple(_models(settings, asked.group or "default"))
    return Reached(address, address + before + compat, asked.key or own, asked.model, models)


def _models(settings: Settings, group: str) -> list[str]:
    """The plain names that a group has, as far as the configuration lists them."""
    own = settings.groups.get(group)
    if own is not None and own.models and "*" not in own.models:
        names = list(own.models)
    else:
        served = [
            model.alias or model.name
            for upstream in settings.all_upstreams
            if not upstream.disabled
            for model in upstream.models or ()
        ]
        names = [*(settings.aliases or {}), *served]
    return list(dict.fromkeys(name for name in names if not _WILD & set(name)))
