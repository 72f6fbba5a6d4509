"""What the configuration says of names, as the records that routing decides over."""

from __future__ import annotations

import msgspec

from dragoman.config.aliases import AliasTable
from dragoman.config.settings import Settings


class Chain(msgspec.Struct, frozen=True):
    """Where a model's requests go when it fails. `of`: names or globs; `kinds`: the failures."""

    of: tuple[str, ...]
    to: tuple[str, ...]
    kinds: frozenset[str]


class NameRules(msgspec.Struct, frozen=True):
    """`groups`: the names that mean a group before an `@`."""

    aliases: AliasTable = msgspec.field(default_factory=lambda: AliasTable({}))
    chains: tuple[Chain, ...] = ()
    default: str = ""
    force_prefix: bool = False
    groups: frozenset[str] = frozenset()


def rules_of(settings: Settings) -> NameRules:
    return NameRules(
        aliases=AliasTable(settings.aliases),
        chains=tuple(Chain(rule.for_, rule.to, frozenset(rule.on)) for rule in settings.fallbacks),
        default=settings.default_model,
        force_prefix=settings.force_model_prefix,
        groups=frozenset({"default", *settings.groups}),
    )
