"""Hosts that serve models, in a line."""

from dragoman.config.aliases import AliasTable
from dragoman.neutral.listings import ModelEntry
from dragoman.routing.names import Names
from dragoman.routing.resolution import Pool
from dragoman.routing.rules import Chain, NameRules
from dragoman.routing.served import HostModels, Target
from dragoman.upstreams.hosts import Credential, Host
from dragoman.upstreams.http import Deadlines


def host(name: str) -> Host:
    return Host(name, None, "", "", (), (Credential(0, name, ()),), Deadlines())


def serving(
    name: str,
    *models: str | tuple[str, str],
    prefix: str = "",
    excluded: tuple[str, ...] = (),
    **kind: bool,
) -> HostModels:
    """A host and its models, each a name or (its own name, the name it is served under)."""
    one = host(name)
    pairs = [(model, model) if isinstance(model, str) else model for model in models]
    targets = [Target(one, own, shown, ModelEntry(shown, name)) for own, shown in pairs]
    return HostModels(one, tuple(targets), prefix=prefix, excluded=excluded, **kind)


def names(
    *hosts: HostModels,
    aliases: dict[str, tuple[str, ...]] | None = None,
    chains: tuple[Chain, ...] = (),
    default: str = "",
    force_prefix: bool = False,
    groups: dict[str, dict[str, tuple[str, ...]]] | None = None,
) -> Names:
    table = AliasTable(aliases or {})
    closed = {name: AliasTable(own) for name, own in (groups or {}).items()}
    rules = NameRules(table, chains, default, force_prefix, closed)
    return Names(hosts, rules)


def shown(pool: Pool) -> list[str]:
    return [f"{target.host.name}:{target.model}" for target in pool]


def way(found: Names, name: str, group: str = "default") -> list[list[str]]:
    """The pools of a name, each target as `host:model`."""
    return [shown(pool) for pool in found.resolve(name, group=group).pools]
