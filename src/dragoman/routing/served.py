"""What is served, by every name that leads there directly. A plain record, rebuilt when the
configuration or a host's list changes; a request reads one and keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

import msgspec

from dragoman.neutral.globs import matches
from dragoman.neutral.listings import ModelEntry
from dragoman.neutral.requests import ReasoningSettings
from dragoman.reasoning.levels import Thinking
from dragoman.upstreams.hosts import Host


class Target(msgspec.Struct, frozen=True):
    """One model on one host. `model` is the host's own name, `name` the one it is served under.
    `restore`: the client is shown `name` even where the host's bytes are passed on. `thinking`:
    what a suffix asks for, before what the request says; `allowed`: what the user wrote of the
    model's reasoning, and `tools` whether it calls functions, before what the catalogue knows."""

    host: Host
    model: str
    name: str
    entry: ModelEntry
    restore: bool = False
    thinking: ReasoningSettings | None = None
    allowed: Thinking | None = None
    tools: bool | None = None


class HostModels(msgspec.Struct, frozen=True):
    """A host and what it serves. `open`: it takes names that are not in the list too (its list
    was not given by the user). `shy`: found by itself on this machine; its names yield to others'.
    `hidden`: never chosen by `auto` (the echo model). `prefix`: `prefix/model` asks the hosts that
    have it. `excluded`: globs of models that are not served, in any letter case."""

    host: Host
    targets: tuple[Target, ...]
    open: bool = False
    shy: bool = False
    hidden: bool = False
    prefix: str = ""
    excluded: tuple[str, ...] = ()

    def serves(self, *names: str) -> bool:
        """Whether none of a model's names is excluded."""
        globs = [glob.lower() for glob in self.excluded]
        return not any(matches(glob, name.lower()) for glob in globs for name in names)


class Served:
    """Name → targets. Several hosts that serve one name form one pool, in configured order.
    `force_prefix`: hosts with a prefix do not serve bare names."""

    def __init__(self, hosts: Iterable[HostModels], *, force_prefix: bool = False) -> None:
        self._hosts: dict[str, HostModels] = {}
        self._names: dict[str, tuple[Target, ...]] = {}
        self._prefixed: dict[str, tuple[Target, ...]] = {}
        self._open: dict[str, tuple[HostModels, ...]] = {}
        for models in map(_without_excluded, sorted(hosts, key=lambda one: one.shy)):
            self._hosts[models.host.name] = models
            if models.prefix and models.open:
                self._open[models.prefix] = (*self._open.get(models.prefix, ()), models)
            for target in models.targets:
                self._add(models, target, force_prefix=force_prefix)
        self.automatic = tuple(filter(None, map(_first_that_talks, self._hosts.values())))
        """What `auto` means: the first model of each host, in order."""

    def _add(self, models: HostModels, target: Target, *, force_prefix: bool) -> None:
        if models.prefix:
            name = f"{models.prefix}/{target.name}"
            self._prefixed[name] = (*self._prefixed.get(name, ()), target)
        if models.prefix and force_prefix:
            return
        there = self._names.get(target.name, ())
        if not (there and models.shy):
            self._names[target.name] = (*there, target)

    def named(self, name: str) -> tuple[Target, ...]:
        """The pool of a served name; Ollama's tag may be left out."""
        return self._names.get(name) or self._names.get(f"{name}:latest") or ()

    def of_upstream(self, name: str) -> tuple[Target, ...]:
        """The targets of `upstream/model`."""
        upstream, _, model = name.partition("/")
        models = self._hosts.get(upstream)
        if models is None or not model:
            return ()
        own = tuple(one for one in models.targets if model in (one.name, one.model))
        return own or _unlisted((models,), model, name)

    def of_prefix(self, name: str) -> tuple[Target, ...]:
        """The pool of `prefix/model`."""
        found = self._prefixed.get(name) or self._prefixed.get(f"{name}:latest")
        prefix, _, model = name.partition("/")
        return found or (_unlisted(self._open.get(prefix, ()), model, name) if model else ())

    def names(self) -> Iterable[str]:
        """Every name without and with its prefix."""
        return {**self._names, **self._prefixed}

    def entries(self) -> Sequence[ModelEntry]:
        """Every served name, sorted."""
        return [
            msgspec.structs.replace(targets[0].entry, id=name)
            for name, targets in sorted({**self._prefixed, **self._names}.items())
        ]

    def hosts(self) -> Mapping[str, HostModels]:
        return self._hosts


def _first_that_talks(models: HostModels) -> tuple[Target, ...]:
    if models.hidden:
        return ()
    talking = (one for one in models.targets if "embed" not in one.model.lower())
    return tuple(islice(talking, 1))


def _without_excluded(models: HostModels) -> HostModels:
    if not models.excluded:
        return models
    kept = tuple(one for one in models.targets if models.serves(one.name, one.model))
    return msgspec.structs.replace(models, targets=kept)


def _unlisted(hosts: Iterable[HostModels], model: str, name: str) -> tuple[Target, ...]:
    """A model that a host may have although it is in no list."""
    return tuple(
        Target(one.host, model, name, ModelEntry(model, one.host.name))
        for one in hosts
        if one.open and one.serves(model)
    )
