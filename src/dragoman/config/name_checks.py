"""What is wrong with names across the file: aliases in a ring, targets that nobody serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dragoman.config.aliases import ITSELF, AliasTable
from dragoman.config.problems import Notice, Place
from dragoman.reasoning.suffix import parse_suffix

if TYPE_CHECKING:
    from dragoman.config.settings import Settings


class _Known:
    """The names that the file itself says are served. `whole`: there are no others, for no
    upstream is asked for its list, and no login serves models."""

    def __init__(self, settings: Settings) -> None:
        self.whole = not any(settings.auth_dir.expanduser().glob("*.json"))
        self._names = {"auto"}
        for upstream in settings.all_upstreams:
            if upstream.disabled:
                continue
            if upstream.models is None:
                self.whole = False
            for rule in upstream.models or ():
                shown = rule.served_as
                qualified = {f"{upstream.name}/{shown}", f"{upstream.name}/{rule.name}"}
                self._names |= {shown, shown.removesuffix(":latest"), *qualified}
                if upstream.prefix:
                    self._names.add(f"{upstream.prefix}/{shown}")

    def __contains__(self, name: str) -> bool:
        return name in self._names


def name_errors(settings: Settings) -> Iterator[Notice]:
    """Aliases that come back to where they began, as far as the file alone tells."""
    known = _Known(settings)
    cycle = AliasTable(settings.aliases).cycle(lambda name: not known.whole or name in known)
    if cycle:
        way = " → ".join(cycle)
        yield Notice(
            ("aliases", cycle[0]), f"leads back to itself: {way}; let one of them name a model"
        )


def name_warnings(settings: Settings) -> Iterator[Notice]:
    """Targets in no upstream's list, where every upstream has one."""
    known = _Known(settings)
    if not known.whole or not settings.all_upstreams:
        return
    aliases = AliasTable(settings.aliases)
    for place, name in _targets(settings):
        base = parse_suffix(name)[0]
        if base not in known and not aliases.exact(base) and not aliases.wildcard(base):
            yield Notice(place, f"{base!r} is in no upstream's models; it is passed over")


def _targets(settings: Settings) -> Iterator[tuple[Place, str]]:
    for alias, names in settings.aliases.items():
        for name in names:
            yield ("aliases", alias), name
    for group, settled in settings.groups.items():
        for alias, names in (settled.models or {}).items():
            for name in names:
                if name != ITSELF:
                    yield ("groups", group, "models", alias), name
    for at, fallback in enumerate(settings.fallbacks):
        for name in fallback.to:
            yield ("fallbacks", at, "to"), name
    for at, mapping in enumerate(settings.ampcode.model_mappings):
        for name in mapping.to:
            yield ("ampcode", "model-mappings", at, "to"), name
    if settings.default_model:
        yield ("default-model",), settings.default_model
