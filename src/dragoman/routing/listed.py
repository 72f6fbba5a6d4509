"""What a host serves, out of the user's list or the host's own."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.config.models import ModelRule
from dragoman.config.upstreams import Upstream
from dragoman.neutral.listings import ModelEntry
from dragoman.reasoning.levels import Thinking
from dragoman.routing.served import HostModels, Target
from dragoman.upstreams import echo
from dragoman.upstreams.hosts import Host


def written_models(host: Host, upstream: Upstream) -> HostModels:
    """The models that the user listed; the echo upstream's own where none are."""
    rules = upstream.models
    if rules is None:
        targets = [_target(host, echo.entry(name, host.name)) for name in echo.MODELS]
    else:
        targets = [_written(host, rule) for rule in rules]
    return HostModels(
        host,
        tuple(targets),
        hidden=host.codec is None,
        prefix=upstream.prefix,
        excluded=upstream.excluded_models,
    )


def told_models(host: Host, upstream: Upstream, entries: Sequence[ModelEntry]) -> HostModels:
    """The models that the host itself told of."""
    return HostModels(
        host,
        tuple(_target(host, entry) for entry in entries),
        open=True,
        prefix=upstream.prefix,
        excluded=upstream.excluded_models,
    )


def found_models(host: Host, entries: Sequence[ModelEntry]) -> HostModels:
    """The models of a server that was found on this machine."""
    targets = tuple(_target(host, entry) for entry in entries)
    return HostModels(host, targets, open=True, shy=True)


def _target(host: Host, entry: ModelEntry) -> Target:
    return Target(host, entry.id, entry.id, msgspec.structs.replace(entry, owner=host.name))


def _written(host: Host, rule: ModelRule) -> Target:
    entry = ModelEntry(
        id=rule.served_as,
        owner=host.name,
        display_name=rule.display_name,
        context_tokens=rule.max_context_length or None,
    )
    written = rule.thinking
    allowed = None
    if written is not None:
        allowed = Thinking(
            min=written.min,
            max=written.max,
            zero_allowed=written.zero_allowed,
            dynamic_allowed=written.dynamic_allowed,
            levels=tuple(level.strip().lower() for level in written.levels),
        )
    return Target(
        host, rule.name, entry.id, entry, rule.force_mapping, allowed=allowed, tools=rule.tools
    )
