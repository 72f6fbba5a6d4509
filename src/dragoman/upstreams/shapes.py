"""What a kind of host does otherwise than its protocol says, as functions that the request path
calls without knowing the kind. Fixed when hosts are built; a host without a shape costs nothing.

The order around them: the request is rendered (or its bytes taken), thinking and payload rules are
applied, then `draft`; for each attempt `call`; the answer is read through `answer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from dragoman.errors import UpstreamRefused
from dragoman.neutral.losses import Loss
from dragoman.upstreams.answers import Change
from dragoman.upstreams.http import Call, Headers


class Draft(msgspec.Struct, frozen=True):
    """A request for a target, before an account is chosen. `protocol` is the upstream's, `client`
    the client's; `stream`: whether the client wants one. `sent`: the client's own headers.
    `session`: what tells the conversation from others, "" where nothing does. `lost`: what the
    host does not take, and was left out."""

    model: str
    protocol: str
    client: str
    stream: bool
    path: str
    query: str
    headers: Headers
    body: bytes
    sent: Headers
    session: str
    lost: tuple[Loss, ...] = ()

    def with_headers(self, over: Mapping[str, str], under: Mapping[str, str] = {}) -> Draft:
        """With these headers: `over` in place of what is there, `under` where nothing is."""
        kept = [pair for pair in self.headers if pair[0] not in over]
        there = {name for name, _ in kept}
        more = [pair for pair in under.items() if pair[0] not in there]
        return msgspec.structs.replace(self, headers=[*kept, *over.items(), *more])


class Shape(msgspec.Struct, frozen=True):
    """`kind` is the host's name in payload rules, beside its protocol's.

    draft: the last word on path, query, headers and body, once per target.
    call: what only one account's call has: an envelope, its place. Raises UpstreamRefused with the
    code `pass_through_only` where the host would not take it: another host may.
    answer: (protocol, streamed) → what the body of a 200 answer goes through, None as it is.
    refusal: an error of the host, told better.
    counts: whether it counts tokens in its protocol's own way; `draft` gets those requests too.
    told: (account, headers of any answer): what it says of its limits.
    """

    kind: str
    counts: bool = False
    draft: Callable[[Draft], Draft] | None = None
    call: Callable[[Call, Mapping[str, str]], Call] | None = None
    answer: Callable[[str, bool], Change | None] | None = None
    refusal: Callable[[UpstreamRefused], UpstreamRefused] | None = None
    told: Callable[[str, Headers], None] | None = None
