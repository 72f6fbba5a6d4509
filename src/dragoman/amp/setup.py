"""The Amp integration as one configuration makes it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dragoman.amp.keys import UpstreamKeys
from dragoman.amp.mapping import compiled
from dragoman.amp.upstream import AmpUpstream
from dragoman.config.settings import Settings
from dragoman.routing.names import Mapped
from dragoman.upstreams.build import proxy_of
from dragoman.upstreams.http import Deadlines


class Amp(msgspec.Struct, frozen=True):
    """`local`: the gateway answers Amp's own calls itself, else ampcode.com does. `restricted`:
    those calls are answered to this machine only. `forced`: a mapping goes before what is served
    here. `on_failure`: ampcode.com also answers where what is served here fails."""

    mapping: Mapped
    local: bool
    upstream: AmpUpstream | None = None
    restricted: bool = True
    forced: bool = False
    on_failure: bool = False


def amp_of(whole: Settings, is_client: Callable[[str], bool]) -> Amp:
    """`auto` is ampcode.com where its address is written: a key alone is no wish to go there.
    `is_client` tells whether a text is a client key."""
    settings = whole.amp
    plane = settings.control_plane
    upstream = None
    if settings.upstream_url:
        upstream = AmpUpstream(
            settings.upstream_url,
            UpstreamKeys(settings, is_client),
            proxy_of(whole.proxy_url, settings.upstream_url),
            Deadlines(
                whole.timeouts.connect,
                whole.timeouts.first_byte,
                whole.timeouts.idle,
                whole.timeouts.total,
            ),
        )
    return Amp(
        mapping=compiled(settings.model_mappings),
        local=plane == "local" or (plane == "auto" and upstream is None),
        upstream=upstream,
        restricted=settings.restrict_management_to_localhost,
        forced=settings.force_model_mappings,
        on_failure=settings.fallback_on_failure,
    )
