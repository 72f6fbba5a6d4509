"""What the server hands over, and what it gets back."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import msgspec

from dragoman.neutral.json import JsonObject
from dragoman.neutral.usage import NO_USAGE, Usage
from dragoman.protocols.codec import Codec
from dragoman.upstreams.http import Headers


class Finish(msgspec.Struct, frozen=True):
    """A Responses answer that came to its end: the response object, and who gave it. `passed`: it
    is the upstream's own, unread."""

    document: JsonObject | None
    upstream: str
    credential: int
    passed: bool


class Incoming(msgspec.Struct, frozen=True):
    """One authenticated request. `model` and `stream` stood in the URL when `in_url`; else both
    are read from the body. `headers` have lower-case names. `key` names the client key."""

    id: str
    codec: Codec
    headers: Headers
    body: bytes
    query: str = ""
    in_url: bool = False
    model: str = ""
    stream: bool = False
    key: str = ""
    convert: bool = False
    """The body is not what an upstream of this protocol is to see as it is."""
    pinned: tuple[str, int] | None = None
    """The only account that can answer: (upstream, credential index)."""
    on_finish: Callable[[Finish], None] | None = None


class Outcome(msgspec.Struct):
    """How it went; becomes the request's log line. Times in seconds, from the request's arrival."""

    id: str
    protocol: str
    key: str = ""
    model: str = ""
    served: str = ""
    upstream: str = ""
    credential: int | None = None
    status: int = 0
    attempts: int = 0
    stream: bool = False
    converted: bool = False
    started_at: float = 0
    first_token_s: float | None = None
    total_s: float = 0
    usage: Usage = NO_USAGE
    dropped: tuple[str, ...] = ()
    error: str = ""


Body = bytes | AsyncGenerator[bytes, None]


class Reply(msgspec.Struct):
    """What the client gets. A body that is a stream must be closed (`aclose`) whatever happens."""

    status: int
    headers: Headers
    body: Body
