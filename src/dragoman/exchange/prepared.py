"""A request as one target gets it, and the call that carries it there."""

from __future__ import annotations

import msgspec

from dragoman.exchange import headers
from dragoman.exchange.convert import Rendered
from dragoman.exchange.direct import Rewrite
from dragoman.neutral.edits import Edit
from dragoman.neutral.losses import Loss
from dragoman.policy.payload import Change
from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Credential
from dragoman.upstreams.http import Call, Headers


class Prepared(msgspec.Struct, frozen=True):
    """A request's form for one target. `conversion` is None when the client's bytes pass, and
    `because` says why they do not. `edits` are the group's, `changes` those of payload rules."""

    path: str
    query: str
    headers: Headers
    body: bytes
    conversion: Rendered | None = None
    because: str = ""
    lost: tuple[Loss, ...] = ()
    edits: tuple[Edit, ...] = ()
    changes: tuple[Change, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()

    @property
    def losses(self) -> tuple[str, ...]:
        return tuple(loss.field for loss in self.lost)


def call_of(prepared: Prepared, target: Target, credential: Credential, client: Headers) -> Call:
    """The HTTP request for one attempt; `client`: the headers the client sent."""
    call = Call(
        upstream=target.host.name,
        method="POST",
        url=target.host.url(prepared.path, prepared.query, credential.facts.get("base", "")),
        headers=headers.set_header(prepared.headers, credential.sent(client)),
        body=prepared.body,
        proxy=credential.proxy,
        deadlines=target.host.deadlines,
    )
    shape = target.host.shape
    return call if shape is None or shape.call is None else shape.call(call, credential.facts)
