"""What the accounts of one provider serve together: every model by every name an account gives it,
each name a pool of the accounts that have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from dragoman.config.cliproxy_blocks import OauthAlias
from dragoman.neutral.globs import matches
from dragoman.neutral.listings import ModelEntry
from dragoman.routing.served import HostModels, Target
from dragoman.upstreams.hosts import Credential, Host


class Offer(msgspec.Struct, frozen=True):
    """A credential and its account's own rules of names, over those of the provider."""

    credential: Credential
    prefix: str = ""
    excluded: tuple[str, ...] = ()
    aliases: tuple[OauthAlias, ...] = ()


class Name(msgspec.Struct, frozen=True):
    """One name of a model. `restore`: answers carry it."""

    name: str
    model: str
    display: str = ""
    restore: bool = False


def subscribed(
    host: Host, models: Sequence[str], offers: Iterable[Offer], *, force_prefix: bool = False
) -> HostModels:
    """`force_prefix`: accounts with a prefix do not serve bare names."""
    pools: dict[Name, list[Credential]] = {}
    for offer in offers:
        for name in names_of(models, offer):
            if offer.prefix:
                prefixed = msgspec.structs.replace(name, name=f"{offer.prefix}/{name.name}")
                pools.setdefault(prefixed, []).append(offer.credential)
            if not (offer.prefix and force_prefix):
                pools.setdefault(name, []).append(offer.credential)
    hosts: dict[tuple[int, ...], Host] = {}
    targets = [_target(_with(host, found, hosts), name) for name, found in pools.items()]
    return HostModels(host, tuple(targets), open=True)


def names_of(models: Sequence[str], offer: Offer) -> Iterator[Name]:
    """The names of an account's models. An alias takes the own name's place, unless it is a fork;
    a model left out has no name at all, and an alias may be left out too."""
    globs = [glob.lower() for glob in offer.excluded]
    served = [model for model in models if not _excluded(model, globs)]
    renamed = {rule.name for rule in offer.aliases if not rule.fork}
    for model in served:
        if model not in renamed:
            yield Name(model, model)
    for rule in offer.aliases:
        if not _excluded(rule.name, globs) and not _excluded(rule.alias, globs):
            yield Name(rule.alias, rule.name, rule.display_name, rule.force_mapping)


def _excluded(model: str, globs: Sequence[str]) -> bool:
    return any(matches(glob, model.lower()) for glob in globs)


def _with(host: Host, credentials: list[Credential], known: dict[tuple[int, ...], Host]) -> Host:
    """The host as the accounts of one name see it, each such host once."""
    key = tuple(one.index for one in credentials)
    if key not in known:
        known[key] = msgspec.structs.replace(host, credentials=tuple(credentials))
    return known[key]


def _target(host: Host, name: Name) -> Target:
    entry = ModelEntry(name.name, host.name, name.display)
    return Target(host, name.model, name.name, entry, name.restore)
