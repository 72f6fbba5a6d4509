"""What stands in front of a route: `/{group}`, `/switch` (the active group), and `/compat` or
`/compat_mode`, which forces compat mode; a group first, then compat."""

from __future__ import annotations

import msgspec

from dragoman.config.groups import RESERVED_GROUPS

SWITCH = "switch"
_COMPAT = frozenset({"compat", "compat_mode"})


class Way(msgspec.Struct, frozen=True):
    """`group` as it is written, "" where none is."""

    group: str = ""
    compat: bool = False


NO_WAY = Way()


def parted(path: str) -> tuple[Way, str] | None:
    """The way that a path's first segments tell, and the rest; None where they cannot be one.
    Whether there is such a group is not asked here."""
    head, _, rest = path[1:].partition("/")
    if head in _COMPAT:
        return Way(compat=True), "/" + rest
    if head != SWITCH and head.lower() in RESERVED_GROUPS:
        return None
    following, _, behind = rest.partition("/")
    if following in _COMPAT:
        return Way(head, compat=True), "/" + behind
    return Way(head), "/" + rest
