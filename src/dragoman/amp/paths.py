"""The paths of Amp's own server: the control plane its CLI calls, and the pages people open.

After what the CLI was seen to call (@sourcegraph/amp 0.0.1777897475 and @ampcode/cli up to
0.0.1790142911) and the routes of CLIProxyAPI's Amp module; below `/api/provider/` are models, and
their routes are found by shape (`server/routes_amp.py`).
"""

from __future__ import annotations

from enum import Enum, auto

_API = frozenset(
    "ads attachments auth internal login meta otel search settings tab telemetry thread-actors "
    "thread-imports threads upload user user-actor-credentials".split()
)
_PAGES = frozenset({"auth", "docs", "settings", "threads", "_app"})
"""`_app`: the scripts and styles of the pages."""
_CLIMBS = frozenset({".", ".."})
_FEEDS = frozenset({"/threads.rss", "/news.rss"})


class Kind(Enum):
    """`API` and `FEED` need a client key. A `PAGE` is opened in a browser, which has none, and
    `ACTORS` (the socket of newer CLIs) carries a token of its own."""

    API = auto()
    FEED = auto()
    PAGE = auto()
    ACTORS = auto()

    @property
    def needs_key(self) -> bool:
        return self in (Kind.API, Kind.FEED)


def kind_of(path: str) -> Kind | None:
    """What a path is to Amp's own server; None for a path that is not its. One that climbs is
    nobody's: a proxy before the gateway may have read it as another."""
    if not _CLIMBS.isdisjoint(path.split("/")):
        return None
    head, _, rest = path[1:].partition("/")
    if head == "api":
        return Kind.API if rest.partition("/")[0] in _API else None
    if head in _PAGES:
        return Kind.PAGE
    if head == "actors":
        return Kind.ACTORS
    return Kind.FEED if path in _FEEDS else None
