"""What no single field can see: names used twice, a group that is not there, open doors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dragoman.config.amp_checks import amp_warnings
from dragoman.config.cliproxy import upstreams_of
from dragoman.config.name_checks import name_errors, name_warnings
from dragoman.config.problems import Notice, Place

if TYPE_CHECKING:
    from dragoman.config.settings import Settings

TEMPLATE_KEYS = frozenset({"your-api-key-1", "your-api-key-2", "your-api-key-3"})
LOOPBACK = ("127.", "::1", "localhost")


def errors_in(data: Mapping[str, Any]) -> Iterator[Notice]:
    """Errors of the values as written, found also when other fields are wrong."""
    yield from _names_used_twice(data)
    group = data.get("active-group")
    groups = data.get("groups")
    known = list(groups) if isinstance(groups, Mapping) else []
    if isinstance(group, str) and group not in {"", "default", *known}:
        have = f"; groups are {', '.join(known)}" if known else "; no groups are written"
        yield Notice(("active-group",), f"there is no group {group!r}{have}")


def _names_used_twice(data: Mapping[str, Any]) -> Iterator[Notice]:
    first: dict[str, str] = {}
    for block in ("upstreams", "openai-compatibility"):
        entries = data.get(block)
        for at, entry in enumerate(entries if isinstance(entries, list) else []):
            name = entry.get("name") if isinstance(entry, Mapping) else None
            if not isinstance(name, str):
                continue
            here = f"{block}[{at}]"
            other = first.setdefault(name.lower(), here)
            both_theirs = other.startswith("openai-c") and block.startswith("openai-c")
            if other != here and not both_theirs:
                message = f"{name!r} is also the name of {other}; names are unique"
                yield Notice((block, at, "name"), message)


def errors_of(settings: Settings) -> Iterator[Notice]:
    """A written upstream that carries the name a key block's entry would get; aliases in a ring."""
    yield from name_errors(settings)
    translated = {upstream.name.lower() for upstream in upstreams_of(settings)[0]}
    translated -= {block.name.lower() for block in settings.openai_compatibility}
    for at, upstream in enumerate(settings.upstreams):
        if upstream.name.lower() in translated:
            yield Notice(
                ("upstreams", at, "name"),
                f"{upstream.name!r} is the name of a key block's entry; choose another name",
            )


def warnings_of(settings: Settings) -> Iterator[Notice]:
    yield from _weak_keys(settings)
    if not settings.api_keys and not settings.host.startswith(LOOPBACK):
        yield Notice(
            ("host",),
            f"listens on {settings.host}, but without api-keys only this machine is answered",
        )
    for at, upstream in enumerate(settings.upstreams):
        place: Place = ("upstreams", at)
        if upstream.keys and all(key.disabled for key in upstream.keys):
            yield Notice((*place, "keys"), "are all disabled, so the upstream has no credential")
        if upstream.keys and upstream.auth_header == "none" and upstream.protocol != "echo":
            yield Notice((*place, "auth"), "is none, so the keys are not sent")
    yield from name_warnings(settings)
    yield from amp_warnings(settings)
    yield from upstreams_of(settings)[1]


def _weak_keys(settings: Settings) -> Iterator[Notice]:
    seen: dict[str, int] = {}
    for at, key in enumerate(settings.api_keys):
        value = key.reveal()
        if value in TEMPLATE_KEYS:
            yield Notice(
                ("api-keys", at),
                "is still CLIProxyAPI's example, which everybody knows; write a key of your own",
            )
        first = seen.setdefault(value, at)
        if first != at:
            yield Notice(("api-keys", at), f"repeats api-keys[{first}]")
