"""One HTTP request as the routes see it, read off the ASGI scope. Decisions are made on
`scope["path"]` alone, never on anything rebuilt from headers."""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, TypeAlias, cast

from dragoman.accounts.client_keys import NO_KEY
from dragoman.errors import InvalidRequest
from dragoman.exchange.incoming import AS_CONFIGURED, NOBODY, Outcome
from dragoman.neutral.json import JsonObject, decode, wrong_type
from dragoman.server.bodies import Receive, expanded, read_body
from dragoman.server.guard import is_loopback
from dragoman.server.inbox import Inbox
from dragoman.server.limiter import NO_USE
from dragoman.server.ways import NO_WAY
from dragoman.upstreams.http import Headers

if TYPE_CHECKING:
    from dragoman.server.gateway import Gateway

Scope: TypeAlias = MutableMapping[str, object]


class HttpCall:
    """`path` is without its prefixes: `prefix` is a protocol's, `way` tells group and compat mode.
    `key` and `caller` are known once it is admitted, `use` is what it holds of
    the key's limits; `peer` is the other end's address. `naming` and `further`
    are the route's, for the requests that it makes of it."""

    def __init__(self, scope: Scope, receive: Receive, gateway: Gateway, id_: str) -> None:
        self.gateway = gateway
        self.receive = receive
        self.inbox: Inbox | None = None
        self.id = id_
        self.started_at = time.monotonic()
        self.method = cast("str", scope.get("method", "GET"))
        self.path = cast("str", scope["path"])
        self.query = cast("bytes", scope["query_string"]).decode("latin-1")
        raw = cast("list[tuple[bytes, bytes]]", scope["headers"])
        self.headers: Headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in raw]
        client = cast("tuple[str, int] | None", scope.get("client"))
        self.peer = client[0] if client else ""
        self.loopback = client is None or is_loopback(client[0])
        self.scheme = cast("str", scope.get("scheme", "http"))
        self.subprotocols = cast("list[str]", scope.get("subprotocols") or [])
        self.raw_path = cast("bytes", scope.get("raw_path") or b"")
        self.prefix = ""
        self.naming = AS_CONFIGURED
        self.further: Callable[[Outcome], dict[str, str]] | None = None
        self.way = NO_WAY
        self.key = NO_KEY
        self.caller = NOBODY
        self.use = NO_USE
        self.body = b""
        self.outcome: Outcome | None = None

    def header(self, name: str) -> str:
        """A header's first value, "" when absent."""
        for own, value in self.headers:
            if own == name:
                return value
        return ""

    async def read_body(self) -> None:
        """Reads the whole body into `body`, decompressed.

        Raises:
            TooLarge, InvalidRequest, ClientLeft.
        """
        limit = self.gateway.max_body
        receive = self.receive if self.inbox is None else self.inbox.receive
        body = await read_body(receive, self.header("content-length"), limit)
        encoding = self.header("content-encoding")
        self.body = expanded(body, encoding, limit) if encoding else body

    def json(self) -> JsonObject:
        """The body as a JSON object.

        Raises:
            InvalidRequest: it is none.
        """
        try:
            value = decode(self.body)
        except ValueError as error:
            raise InvalidRequest(f"the body is not valid JSON: {error}") from None
        if not isinstance(value, dict):
            raise wrong_type("the body", "a JSON object", value)
        return value
