"""The Amp integration as one configuration makes it."""

from __future__ import annotations

import msgspec

from dragoman.amp.mapping import compiled
from dragoman.config.ampcode import Ampcode
from dragoman.routing.names import Mapped


class Amp(msgspec.Struct, frozen=True):
    """`local`: the gateway answers Amp's own calls itself, else ampcode.com does. `restricted`:
    those calls are answered to this machine only. `forced`: a mapping goes before what is served
    here. `on_failure`: ampcode.com also answers where what is served here fails."""

    mapping: Mapped
    local: bool
    upstream: str = ""
    restricted: bool = True
    forced: bool = False
    on_failure: bool = False


def amp_of(settings: Ampcode) -> Amp:
    """`auto` is ampcode.com where its address is written: a key alone is no wish to go there."""
    plane = settings.control_plane
    return Amp(
        mapping=compiled(settings.model_mappings),
        local=plane == "local" or (plane == "auto" and not settings.upstream_url),
        upstream=settings.upstream_url,
        restricted=settings.restrict_management_to_localhost,
        forced=settings.force_model_mappings,
        on_failure=settings.fallback_on_failure,
    )
