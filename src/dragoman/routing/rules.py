"""What the configuration says of names, as the records that routing decides over."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dragoman.config.aliases import AliasTable
from dragoman.config.settings import Settings


class Chain(msgspec.Struct, frozen=True):
    """Where a model's requests go when it fails. `of`: names or globs; `kinds`: the failures."""

    of: tuple[str, ...]
    to: tuple[str, ...]
    kinds: frozenset[str]


class NameRules(msgspec.Struct, frozen=True):
    """`groups`: the aliases of each group that is closed to its own."""

    aliases: AliasTable = msgspec.field(default_factory=lambda: AliasTable({}))
    chains: tuple[Chain, ...] = ()
    default: str = ""
    force_prefix: bool = False
    groups: Mapping[str, AliasTable] = {}


def rules_of(settings: Settings) -> NameRules:
    return NameRules(
        aliases=AliasTable(settings.aliases),
        chains=tuple(Chain(rule.for_, rule.to, frozenset(rule.on)) for rule in settings.fallbacks),
        default=settings.default_model,
        force_prefix=settings.force_model_prefix,
        groups={
            name: AliasTable(group.models)
            for name, group in settings.groups.items()
            if group.models is not None
        },
    )
