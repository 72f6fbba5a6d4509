"""One walk through the grammar of names (`names.py` says its order), with every turn it took."""

from __future__ import annotations

import msgspec

from dragoman.config.aliases import ITSELF, AliasTable
from dragoman.neutral.requests import ReasoningSettings
from dragoman.reasoning.suffix import parse_suffix
from dragoman.routing.resolution import Pool, Step
from dragoman.routing.rules import NameRules
from dragoman.routing.served import Served


class Way:
    """`steps` tell it, `reached` holds every name met. `closed`: the
    group has nothing by the asked name."""

    def __init__(self, served: Served, rules: NameRules, group: AliasTable | None = None) -> None:
        self._served = served
        self._aliases = rules.aliases
        self._group = group
        self.closed = False
        self.steps: list[Step] = []
        self.reached: set[str] = set()
        self.aliased = False

    def asked(self, name: str, thinking: ReasoningSettings | None) -> list[Pool]:
        """The pools of a client's name without suffix; none where nobody serves it."""
        if self._group is None:
            return self._unbound(name, thinking)
        self.reached.add(name)
        alias = self._group.exact(name) or self._group.wildcard(name)
        self.closed = alias is None
        if alias is None:
            return []
        targets = self._group.targets(alias)
        if targets != (ITSELF,):
            self.aliased = True
        kind = "group alias" if alias == name else "group wildcard"
        self.steps.append(Step(kind, name, targets))
        pools: list[Pool] = []
        for target in targets:
            itself = target == ITSELF
            found = self._unbound(name, thinking) if itself else self.written(target, thinking)
            pools += [pool for pool in found if pool not in pools]
        return pools

    def mapped(
        self, name: str, targets: tuple[str, ...], thinking: ReasoningSettings | None
    ) -> list[Pool]:
        """The pools of what a mapping leads to, within the group."""
        if self._group is None or not targets:
            return self.chain("mapping", name, targets, thinking)
        self.steps.append(Step("mapping", name, targets))
        pools: list[Pool] = []
        for target in targets:
            base, own = parse_suffix(target)
            found = self.asked(base, own or thinking)
            pools += [pool for pool in found if pool not in pools]
        return pools

    def _unbound(self, name: str, thinking: ReasoningSettings | None) -> list[Pool]:
        """By the rules for everybody."""
        self.reached.add(name)
        alias = self._aliases.exact(name) or self._aliases.wildcard(name)
        if alias is not None:
            return self._aliased(alias, name, thinking, frozenset())
        found = self._found(name, thinking)
        if not found:
            self.steps.append(Step("unserved", name))
        return found

    def written(
        self,
        name: str,
        thinking: ReasoningSettings | None,
        trail: frozenset[str] = frozenset(),
    ) -> list[Pool]:
        """The pools of a name that the configuration leads to. `trail`: the aliases passed."""
        base, own = parse_suffix(name)
        thinking = own or thinking
        self.reached.add(base)
        exact = self._aliases.exact(base)
        if exact is not None and exact not in trail:
            return self._aliased(exact, base, thinking, trail)
        found = self._found(base, thinking)
        if found:
            return found
        wildcard = self._aliases.wildcard(base)
        if wildcard is not None and wildcard not in trail:
            return self._aliased(wildcard, base, thinking, trail)
        self.steps.append(Step("unserved", base))
        return []

    def _aliased(
        self, alias: str, name: str, thinking: ReasoningSettings | None, trail: frozenset[str]
    ) -> list[Pool]:
        self.aliased = True
        kind = "alias" if alias == name else "wildcard"
        return self.chain(kind, name, self._aliases.targets(alias), thinking, trail | {alias})

    def _found(self, name: str, thinking: ReasoningSettings | None) -> list[Pool]:
        for kind, look_up in (
            ("served", self._served.named),
            ("upstream", self._served.of_upstream),
            ("prefix", self._served.of_prefix),
        ):
            pool = look_up(name)
            if pool:
                return [self._reach(kind, name, pool, thinking)]
        automatic = self._served.automatic if name == "auto" else ()
        return [self._reach("auto", name, pool, thinking) for pool in automatic]

    def chain(
        self,
        kind: str,
        name: str,
        targets: tuple[str, ...],
        thinking: ReasoningSettings | None,
        trail: frozenset[str] = frozenset(),
    ) -> list[Pool]:
        """The pools of all the names that another stands for, each once, in order."""
        if not targets:
            return []
        self.steps.append(Step(kind, name, targets))
        pools: list[Pool] = []
        for target in targets:
            pools += [pool for pool in self.written(target, thinking, trail) if pool not in pools]
        return pools

    def _reach(self, kind: str, name: str, found: Pool, thinking: ReasoningSettings | None) -> Pool:
        self.reached |= {one.name for one in found} | {one.model for one in found}
        self.steps.append(Step(kind, name, tuple(f"{one.host.name}/{one.model}" for one in found)))
        if thinking is None:
            return found
        return tuple(msgspec.structs.replace(one, thinking=thinking) for one in found)
