"""The names that are served, and what each leads to. A plain record, rebuilt when the
configuration or a host's list changes; a request reads one and keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from dragoman.errors import UnknownModel
from dragoman.neutral.listings import ModelEntry
from dragoman.upstreams.hosts import Host


class Target(msgspec.Struct, frozen=True):
    """One model on one host. `model` is the host's own name, `name` the one it is served under.
    `restore`: the client is shown `name` even where the host's bytes are passed on."""

    host: Host
    model: str
    name: str
    entry: ModelEntry
    restore: bool = False


class HostModels(msgspec.Struct, frozen=True):
    """A host and what it serves. `open`: it takes names that are not in the list too (its list
    was not given by the user). `shy`: found by itself on this machine; its names yield to others'.
    `hidden`: never chosen by `auto` (the echo model)."""

    host: Host
    targets: tuple[Target, ...]
    open: bool = False
    shy: bool = False
    hidden: bool = False


class Served:
    """Name → targets. Several hosts that serve one name form one pool, in configured order."""

    def __init__(self, hosts: Iterable[HostModels]) -> None:
        self._hosts: dict[str, HostModels] = {}
        self._names: dict[str, tuple[Target, ...]] = {}
        shy: list[HostModels] = []
        auto: list[Target] = []
        for models in hosts:
            self._hosts[models.host.name] = models
            if models.shy:
                shy.append(models)
                continue
            for target in models.targets:
                self._names[target.name] = (*self._names.get(target.name, ()), target)
                if not models.hidden:
                    auto.append(target)
        for models in shy:
            for target in models.targets:
                auto.append(target)
                self._names.setdefault(target.name, (target,))
        self._auto = tuple(auto[:1])

    def resolve(self, name: str) -> tuple[Target, ...]:
        """The targets of a name, in the order they are tried.

        Raises:
            UnknownModel: names the three nearest and the line that would serve it.
        """
        found = self._names.get(name) or self._names.get(f"{name}:latest")
        if found:
            return found
        if name == "auto" and self._auto:
            return self._auto
        upstream, slash, model = name.partition("/")
        models = self._hosts.get(upstream)
        if slash and model and models is not None:
            own = tuple(t for t in models.targets if model in (t.name, t.model))
            if own:
                return own
            if models.open:
                return (Target(models.host, model, name, ModelEntry(model, upstream)),)
        raise self._unknown(name)

    def entries(self) -> Sequence[ModelEntry]:
        """Every served name, sorted."""
        return [
            msgspec.structs.replace(targets[0].entry, id=name)
            for name, targets in sorted(self._names.items())
        ]

    def hosts(self) -> Mapping[str, HostModels]:
        return self._hosts

    def _unknown(self, name: str) -> UnknownModel:
        near = get_close_matches(name, self._names, n=3, cutoff=0.0)
        known = f"; nearest: {', '.join(near)}" if near else ""
        target = near[0] if near else "MODEL"
        return UnknownModel(
            f"model {name!r} is not served here{known}. To serve it, add under an upstream's "
            f"models: - {{name: {target}, alias: {name}}}",
            code="model_not_found",
            param="model",
        )
