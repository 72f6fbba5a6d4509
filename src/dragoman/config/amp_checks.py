"""What may surprise in Amp's settings: entries left out or without effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dragoman.config.ampcode import why_unreadable
from dragoman.config.problems import Notice, Place

if TYPE_CHECKING:
    from dragoman.config.settings import Settings

_MAPPINGS: tuple[Place, ...] = (("ampcode", "model-mappings"), ("amp-model-mappings",))


def left_out(data: Mapping[str, Any]) -> Iterator[Notice]:
    """The mappings that `skip-unreadable-mappings` leaves out of a file that is valid with it."""
    ampcode = data.get("ampcode")
    if not isinstance(ampcode, Mapping) or not ampcode.get("skip-unreadable-mappings"):
        return
    for place, written in zip(
        _MAPPINGS, (ampcode.get("model-mappings"), data.get("amp-model-mappings")), strict=True
    ):
        for at, mapping in enumerate(written or ()):
            if why := why_unreadable(mapping):
                yield Notice((*place, at), f"is left out: {why}")


def amp_warnings(settings: Settings) -> Iterator[Notice]:
    amp = settings.amp
    if amp.control_plane == "upstream" and not amp.upstream_url:
        yield Notice(
            ("ampcode", "control-plane"),
            "is upstream, but there is no upstream-url: Amp's own calls are answered with 503",
        )
    if not amp.upstream_url and (amp.upstream_api_key or amp.upstream_api_keys):
        yield Notice(
            ("ampcode",), "has a key of ampcode.com, but no upstream-url, so it is never used"
        )
    yield from _repeated_clients(settings)
    yield from _repeated_mappings(settings)


def _repeated_clients(settings: Settings) -> Iterator[Notice]:
    first: dict[str, int] = {}
    for at, entry in enumerate(settings.ampcode.upstream_api_keys):
        for number, key in enumerate(entry.api_keys):
            other = first.setdefault(key.reveal(), at)
            if key and other != at:
                yield Notice(
                    ("ampcode", "upstream-api-keys", at, "api-keys", number),
                    f"is a client of upstream-api-keys[{other}] too; the first holds",
                )


def _repeated_mappings(settings: Settings) -> Iterator[Notice]:
    if settings.ampcode.skip_unreadable_mappings:
        return  # what is left out is gone from the numbers
    for place, mappings in zip(
        _MAPPINGS, (settings.ampcode.model_mappings, settings.amp_model_mappings), strict=True
    ):
        last = {one.from_.lower(): at for at, one in enumerate(mappings) if not one.regex}
        for at, one in enumerate(mappings):
            later = last.get(one.from_.lower(), at)
            if not one.regex and later != at:
                yield Notice((*place, at), f"is mapped again by entry {later}, which holds")
