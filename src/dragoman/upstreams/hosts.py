"""An upstream host as the request path needs it: everything derivable computed once, at load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Protocol
from urllib.parse import urlencode, urlsplit

import msgspec

from dragoman.protocols.codec import Codec
from dragoman.upstreams.http import Deadlines, Headers
from dragoman.upstreams.shapes import Shape

_AUTH_HEADERS = {
    "bearer": ("authorization", "Bearer {}"),
    "x-api-key": ("x-api-key", "{}"),
    "x-goog-api-key": ("x-goog-api-key", "{}"),
    "api-key": ("api-key", "{}"),
}


class ErrorRule(msgspec.Struct, frozen=True):
    """What a host's errors of one sort mean. `status` 0 = any; `texts` and `patterns`: one of them
    must be found, where there are any."""

    action: Literal["stop", "stop-and-cooldown", "continue", "continue-and-cooldown"]
    status: int = 0
    texts: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()


class Conduct(msgspec.Struct, frozen=True):
    """What a host's failures lead to. `transient_s` 0 = no cool-down; `rounds`: how often it is
    tried again after all have failed."""

    rounds: int = 3
    transient_s: float = 60
    rules: tuple[ErrorRule, ...] = ()


class TokenSource(Protocol):
    """Where the headers that open an account come from, when they change with time."""

    async def headers(self) -> Headers:
        """What opens it now, renewed first when it must be.

        Raises:
            UpstreamFault: it cannot be opened.
        """

    async def refused(self, sent: Headers) -> bool:
        """The upstream did not take these: renews them, once. True = there is something new."""


class Credential(msgspec.Struct, frozen=True):
    """One key of a host, or its keyless access. `headers` hold the key and the user's own
    headers; `label` names it in logs without giving it away; `id` stays its own when the keys
    around it change. `cools`: a failure pauses it. `copies`: the headers whose value `$Name` stands
    for the client's header of that name. `rounds`: as `Conduct`'s, of its own. `websocket`: a
    client's WebSocket gets one upstream too. `source` gives what opens it, in place of a key.
    `facts`: what a call must know of the account beside that (its project, its own `base`); the
    source may find them out when it is asked."""

    index: int
    label: str
    headers: tuple[tuple[str, str], ...]
    proxy: str = ""
    weight: int = 1
    priority: int = 0
    id: str = ""
    cools: bool = True
    copies: tuple[str, ...] = ()
    rounds: int | None = None
    websocket: bool = False
    source: TokenSource | None = None
    facts: Mapping[str, str] = {}

    def opened_by(self, auth: Headers) -> Credential:
        """With the headers that its source gave, under the user's own."""
        return msgspec.structs.replace(self, headers=merged_headers(auth, list(self.headers)))

    def sent(self, client: Headers) -> dict[str, str]:
        """The headers for a request of this client; a copied one that it did not send is left
        out."""
        given = dict(self.headers)
        for name in self.copies:
            wanted = given.pop(name)[1:].lower()
            found = next((value for own, value in client if own == wanted), None)
            if found is not None:
                given[name] = found
        return given


class Host(msgspec.Struct, frozen=True):
    """`codec` is None for the embedded echo model; `also` are other protocols it speaks. `base` has
    no slash at its end. `own_words`: the client that is served by it was made for it, so that
    whatever it says is understood, and what the host answers is told unchanged. `withheld`: headers
    of the client's that do not go there. `shape`: what it does otherwise than its protocol says."""

    name: str
    codec: Codec | None
    base: str
    hostname: str
    query: tuple[tuple[str, str], ...]
    credentials: tuple[Credential, ...]
    deadlines: Deadlines
    request_usage: bool = True
    words_per_second: float = 0
    conduct: Conduct = Conduct()
    own_words: bool = False
    withheld: frozenset[str] = frozenset()
    also: tuple[Codec, ...] = ()
    shape: Shape | None = None

    def spoken_with(self, client: str) -> Codec | None:
        """What a client of this protocol is best answered by: its own, where the host speaks it."""
        return next((codec for codec in self.also if codec.name == client), self.codec)

    def url(self, path: str, query: str = "", base: str = "") -> str:
        """The address of a path below the base, with the host's own query and a further one."""
        own = urlencode(self.query)
        path, _, inner = path.partition("?")
        joined = "&".join(part for part in (inner, own, query) if part)
        base = base or self.base
        return f"{base}{path}?{joined}" if joined else base + path


def base_of(url: str, default_path: str) -> str:
    """A base URL without its last slash; an empty path gets the protocol's own."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path or default_path}"


def auth_header(auth: str, key: str) -> Headers:
    """The header that carries a key; none for `none` or an empty key."""
    if not key or auth == "none":
        return []
    name, form = _AUTH_HEADERS[auth]
    return [(name, form.format(key))]


def merged_headers(*layers: Mapping[str, str] | Headers) -> tuple[tuple[str, str], ...]:
    """Header layers by lower-case name, a later layer over an earlier one."""
    out: dict[str, str] = {}
    for layer in layers:
        pairs = layer.items() if isinstance(layer, Mapping) else layer
        for name, value in pairs:
            out[name.lower()] = value
    return tuple(out.items())
