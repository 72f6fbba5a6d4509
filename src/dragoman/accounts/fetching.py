"""HTTP as this package needs it: one request, one whole answer. Who opens the accounts says how it
is done, for the HTTP client lies in a later layer."""

from __future__ import annotations

from typing import NamedTuple, Protocol
from urllib.parse import urlencode

from dragoman.neutral.json import Json, JsonObject, encode, object_of

Headers = list[tuple[str, str]]


class Fetched(NamedTuple):
    """`headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> JsonObject:
        """The body's object; empty when it is none."""
        return object_of(self.body.decode("utf-8", "replace")) or {}


class Fetch(Protocol):
    """Raises OSError or UpstreamFault when there is no answer."""

    async def __call__(
        self, method: str, url: str, headers: Headers, body: bytes, proxy: str | None
    ) -> Fetched: ...


async def post_form(
    fetch: Fetch, url: str, form: dict[str, str], headers: Headers, proxy: str | None
) -> Fetched:
    kind = ("content-type", "application/x-www-form-urlencoded")
    sent = [kind, ("accept", "application/json"), *headers]
    return await fetch("POST", url, sent, urlencode(form).encode(), proxy)


async def post_json(
    fetch: Fetch, url: str, body: Json, headers: Headers, proxy: str | None
) -> Fetched:
    kind = ("content-type", "application/json")
    sent = [kind, ("accept", "application/json"), *headers]
    return await fetch("POST", url, sent, encode(body), proxy)


async def get(fetch: Fetch, url: str, headers: Headers, proxy: str | None) -> Fetched:
    return await fetch("GET", url, [("accept", "application/json"), *headers], b"", proxy)
