"""From the name a client asks for to the pools that serve it.

In this order: the thinking suffix is taken off; the group's aliases, exact before wildcard, longest
wildcard first, and nothing else where the group has any; exact alias; longest fitting wildcard
alias; served name; `upstream/model`; `prefix/model`; `auto`; the caller's mapping (first when it is
forced); `default-model`. The suffix is put on what was reached, unless that has its own. Each
target of an alias is a name of the same grammar, without the group, and but that wildcards come
last: the user who wrote it meant the model where there is one, and not `"*"`. The target `*` of a
group's alias is the name itself, as it would be found without the group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

import msgspec

from dragoman.config.groups import DEFAULT_GROUP
from dragoman.errors import UnknownModel
from dragoman.neutral.globs import matches
from dragoman.neutral.json import encode
from dragoman.neutral.listings import ModelEntry
from dragoman.neutral.requests import ReasoningSettings
from dragoman.reasoning.suffix import parse_suffix
from dragoman.routing.resolution import Fallback, Pool, Resolution, Step
from dragoman.routing.rules import NameRules
from dragoman.routing.served import HostModels, Served
from dragoman.routing.way import Way

Mapped = Callable[[str], tuple[str, ...]]
"""A further place to look a name up: the names it stands for, () = none."""

_KEPT = 2048
"""Resolutions remembered; clients may ask for any name."""

_NO_RULES = NameRules()


class Names:
    """Made once for each configuration and each change of what hosts serve."""

    def __init__(self, hosts: Iterable[HostModels], rules: NameRules = _NO_RULES) -> None:
        self._served = Served(hosts, force_prefix=rules.force_prefix)
        self._rules = rules
        self._resolved: dict[tuple[str, str], Resolution] = {}
        self._entries: dict[str, Sequence[ModelEntry]] = {}
        self._nearest = lru_cache(_KEPT)(self._find_nearest)

    def resolve(
        self,
        name: str,
        mapping: Mapped | None = None,
        *,
        forced: bool = False,
        group: str = DEFAULT_GROUP,
    ) -> Resolution:
        """
        mapping: asked when nobody serves the name; before everything else when `forced`. What it
        leads to is asked for in the group as well.

        Raises:
            UnknownModel: names the three nearest and the line that would serve it.
        """
        if mapping is not None:
            return self._resolution(name, mapping, forced=forced, group=group)
        found = self._resolved.get((group, name))
        if found is None:
            found = self._resolution(name, None, forced=False, group=group)
            if len(self._resolved) >= _KEPT:
                self._resolved.clear()
            self._resolved[group, name] = found
        return found

    def entries(self, group: str = DEFAULT_GROUP) -> Sequence[ModelEntry]:
        """Every name that a group's list shows, sorted: what is served, and exact aliases of it.
        Of a closed group those it lets pass; its wildcards are no names."""
        found = self._entries.get(group)
        if found is None:
            found = self._entries[group] = self._listed(group)
        return found

    def _listed(self, group: str) -> Sequence[ModelEntry]:
        own = self._rules.groups.get(group)
        entries = {entry.id: entry for entry in self._served.entries()}
        if own is None:
            asked = self._rules.aliases.plain()
        else:
            known = {*entries, *self._rules.aliases.plain()}
            asked = [*own.plain(), *(name for name in known if own.wildcard(name))]
            entries = {}
        for alias in asked:
            try:
                target = self.resolve(alias, group=group).pools[0][0]
            except UnknownModel:
                continue
            entries[alias] = msgspec.structs.replace(target.entry, id=alias)
        return [entries[name] for name in sorted(entries)]

    def everything(self) -> Sequence[ModelEntry]:
        """Every name that is served, whatever groups let pass."""
        return self._served.entries()

    def closed(self, group: str) -> bool:
        """Whether the group has only what its own aliases say."""
        return group in self._rules.groups

    def hosts(self) -> Mapping[str, HostModels]:
        return self._served.hosts()

    def _resolution(
        self, name: str, mapping: Mapped | None, *, forced: bool, group: str
    ) -> Resolution:
        base, thinking = parse_suffix(name)
        own = self._rules.groups.get(group)
        way = Way(self._served, self._rules, own)
        if base != name:
            way.steps.append(Step("suffix", name, (base,)))
        pools: list[Pool] = []
        if mapping is not None and forced:
            pools = way.mapped(base, mapping(base), thinking)
        pools = pools or way.asked(base, thinking)
        if not pools and mapping is not None and not forced:
            pools = way.mapped(base, mapping(base), thinking)
        if not pools and self._rules.default and not way.aliased and not way.closed:
            pools = way.chain("default", base, (self._rules.default,), thinking)
        if not pools:
            if way.closed and own is not None:
                raise _unknown(
                    f"model {base!r} is not in group {group!r}; it has: {', '.join(own.all())}"
                )
            raise self._unserved(base, way)
        return Resolution(
            name=name,
            pools=tuple(pools),
            thinking=thinking,
            fallbacks=self._fallbacks(way.reached, pools, thinking),
            steps=tuple(way.steps),
        )

    def _fallbacks(
        self, reached: set[str], pools: list[Pool], thinking: ReasoningSettings | None
    ) -> tuple[Fallback, ...]:
        """The chains for any name on the way here; what is tried anyway is left out of them."""
        found: list[Fallback] = []
        for chain in self._rules.chains:
            if not any(matches(glob, name) for glob in chain.of for name in reached):
                continue
            way = Way(self._served, self._rules)
            others: list[Pool] = []
            for target in chain.to:
                others += [
                    pool
                    for pool in way.written(target, thinking)
                    if pool not in pools and pool not in others
                ]
            if others:
                found.append(Fallback(chain.kinds, tuple(others)))
        return tuple(found)

    def _unserved(self, name: str, way: Way) -> UnknownModel:
        if way.aliased:
            tried = ", ".join(step.name for step in way.steps if step.kind == "unserved")
            return _unknown(
                f"model {name!r} is an alias, but nothing it leads to is served here: {tried}"
            )
        near = self._nearest(name)
        known = f"; nearest: {', '.join(near)}" if near else ""
        line = f"{encode(name).decode()}: {near[0] if near else 'MODEL'}"
        return _unknown(
            f"model {name!r} is not served here{known}. "
            f"To serve it, add to the configuration: aliases: {{{line}}}"
        )

    def _find_nearest(self, name: str) -> list[str]:
        """Costs a tenth of a second with a thousand models; Amp asks for the same ones all day."""
        return get_close_matches(name, list(self._served.names()), n=3, cutoff=0.0)


def _unknown(message: str) -> UnknownModel:
    return UnknownModel(message, code="model_not_found", param="model")
