"""The reasoning state that a request carries: seen in its bytes, for who must decide which account
it goes to. Sealed state says whose it is; bare state is its protocol's own and says nothing."""

from __future__ import annotations

import weakref
from contextlib import suppress
from functools import cached_property
from typing import Protocol

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.exchange.incoming import Incoming
from dragoman.exchange.remembered import Remembered, remembers
from dragoman.neutral.parts import Media, Reasoning, Text, ToolCall, ToolResult
from dragoman.neutral.requests import Request
from dragoman.protocols.framing.splice import Spans
from dragoman.reasoning.carrier import is_sealed, unseal
from dragoman.routing.holding import Held


class Account(msgspec.Struct, frozen=True):
    """Who is to get a request. `strange`: not its bare state, which another account made."""

    mark: str = ""
    strange: bool = False


ANYBODY = Account()
_SEALED_MARKS = (b"dgm1.", b"ZGdtMS")
"""What a sealed state begins with, bare or as base64 (Gemini's field is bytes)."""
_BARE_MARKS = {
    "anthropic": (b'"signature"', b'"redacted_thinking"'),
    "responses": (b'"encrypted_content"',),
    "gemini": (b'"thoughtSignature"', b'"thought_signature"'),
}
_TURNS = ("messages", "input", "contents")
_RESULTS = (b'"tool_result"', b'_call_output"', b'"functionResponse"', b'"function_response"')
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class Carrier(Protocol):
    """The request itself, read when it must be."""

    @property
    def request(self) -> Request: ...
    def session(self) -> str: ...


class Carried:
    """One request's, owned by it: held weakly, for a cycle would keep every body in memory until
    the collector comes. `further`: its conversation has gone on within the exchange, so that it
    holds state that no client has sent."""

    def __init__(
        self,
        incoming: Incoming,
        carrier: Carrier,
        seal_key: bytes,
        remembered: Remembered,
        *,
        further: bool = False,
    ) -> None:
        self._further = further
        self._body = incoming.body
        self._client = incoming.codec.name
        self._carrier = weakref.proxy(carrier)
        self._seal_key = seal_key
        self._remembered = remembered

    def held(self) -> Held | None:
        """What it says to who chooses an account; read as little as it takes."""
        recalls = remembers(self._client) and self._remembered.any
        found = None
        if self.sealed or self._further or (recalls and b'"tool_calls"' in self._body):
            with suppress(InvalidRequest):
                found = of_request(self._carrier.request, self._seal_key)
        return found or (of_bytes(Spans(self._body)) if self.bare else None)

    def served(self, account: Account) -> None:
        """Told when this account's answer has begun."""
        if account.strange and self.bare:
            blobs = bare_blobs(self._carrier.request)
            self._remembered.strangers.add(self._carrier.session(), blobs)

    @cached_property
    def sealed(self) -> bool:
        return any(mark in self._body for mark in _SEALED_MARKS)

    @cached_property
    def bare(self) -> bool:
        return any(mark in self._body for mark in _BARE_MARKS.get(self._client, ()))

    @property
    def bound(self) -> bool:
        """Whether accounts may have to get different bodies."""
        return self.sealed or self._further or remembers(self._client)

    @cached_property
    def left_behind(self) -> frozenset[bytes]:
        """Digests of bare states that nobody is to get any more."""
        strangers = self._remembered.strangers
        return strangers.of(self._carrier.session()) if strangers.any and self.bare else frozenset()


def of_bytes(spans: Spans) -> Held:
    """Bare state, as whoever the conversation is bound to has made it."""
    turns = next((bytes(spans.raw[name]) for name in _TURNS if name in spans.raw), b"")
    items = _ITEMS.decode(turns) if turns.startswith(b"[") else []
    last = bytes(items[-1]) if items else b""
    return Held(waits=any(mark in last for mark in _RESULTS))


def of_request(request: Request, seal_key: bytes) -> Held | None:
    """The last state whose maker is known, sealed or remembered."""
    waits = bool(request.turns) and any(
        isinstance(part, ToolResult) for part in request.turns[-1].parts
    )
    for turn in reversed(request.turns):
        for part in reversed(turn.parts):
            state = part.state if isinstance(part, Text | Reasoning | ToolCall | Media) else None
            if state is not None and is_sealed(state.blob):
                state = unseal(state.blob, seal_key)
            if state is not None and state.credential:
                return Held(state.credential, waits)
    return None


def bare_blobs(request: Request) -> list[str]:
    """Every state of the request that nothing is known of but its protocol."""
    return [
        part.state.blob
        for turn in request.turns
        for part in turn.parts
        if isinstance(part, Text | Reasoning | ToolCall | Media)
        and part.state is not None
        and not part.state.upstream
        and not is_sealed(part.state.blob)
    ]
