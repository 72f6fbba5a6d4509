"""Reasoning state on its way back: what the client returned is unsealed and put where it stood.

A state that stood on a tool call or a text travels on a reasoning part beside it in protocols that
have no field there (`sealing` put it there). Here it is attached again, within the assistant turns
between two user turns and never beyond.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    Media,
    Part,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.requests import Request, Turn
from dragoman.reasoning.carrier import is_sealed, unseal

NEXT_TEXT = "#next-text"
PREVIOUS_TEXT = "#previous-text"
"""Stand in for a call id where the state's own place was a text."""

THOUGHT = "#thought"
"""Stands in for a call id where the state is a thought's, and a call or text carries both."""

REDACTED = "#redacted"
"""Stands in for a call id where the state was all there was of a redacted reasoning part."""

_OF_THOUGHTS = frozenset((THOUGHT, REDACTED))
UNSIGNED = "#unsigned"
"""Stands in for a call id where the model signs nothing and the seal only marks it as not the
client's own model's."""

_LOSS = "reasoning state"


class Seals(msgspec.Struct, frozen=True):
    """What decides over a request's states: the key that opens sealed ones; whether the account may
    have the bare ones of its protocol, and the digests of those it may not have even so."""

    key: bytes
    bare: bool = True
    left: frozenset[bytes] = frozenset()

    def admits(self, state: ReasoningState, protocol: str, upstream: str, credential: str) -> bool:
        """Whether the state may go to this account."""
        if not fits(state, protocol, upstream, credential):
            return False
        if state.upstream:
            return True
        return self.bare and (not self.left or digest_of(state.blob) not in self.left)


def digest_of(blob: str) -> bytes:
    """What a state is known again by."""
    return hashlib.blake2s(blob.encode(), digest_size=8).digest()


def fits(state: ReasoningState, protocol: str, upstream: str, credential: str) -> bool:
    """Whether the state may go to this account: it is its own, or a bare one of its protocol."""
    return (
        state.protocol == protocol
        and state.upstream in ("", upstream)
        and state.credential in ("", credential)
    )


def unsealed(request: Request, key: bytes, losses: Losses) -> Request:
    """The request with every sealed state made real; the same object when there is none.

    A reasoning part that only carried a state is gone. What is not ours to read is dropped.
    """
    if not any(_is_sealed(part) for turn in request.turns for part in turn.parts):
        return request
    turns: list[Turn] = []
    run: list[Turn] = []
    for turn in request.turns:
        if turn.role == "user":
            turns += _Run(run, key, losses).turns()
            run = []
            turns += _Run([turn], key, losses).turns()
        else:
            run.append(turn)
    turns += _Run(run, key, losses).turns()
    return msgspec.structs.replace(request, turns=tuple(turns))


def _state(part: Part) -> ReasoningState | None:
    return part.state if isinstance(part, Text | Reasoning | ToolCall | Media) else None


def _is_sealed(part: Part) -> bool:
    state = _state(part)
    return state is not None and is_sealed(state.blob)


def _is_unsigned_thought(part: Part) -> bool:
    return isinstance(part, Reasoning) and part.state is None


def _is_plain_text(part: Part) -> bool:
    return isinstance(part, Text) and part.state is None


def _before(parts: list[Part], end: int, which: Callable[[Part], bool]) -> int:
    """Where the stretch of such parts that ends at `end` begins."""
    while end and which(parts[end - 1]):
        end -= 1
    return end


class _Run:
    """The turns between two user turns, or a user turn: states are read from their carriers, then
    attached. A turn that held nothing but carriers is gone."""

    def __init__(self, turns: list[Turn], key: bytes, losses: Losses) -> None:
        self._turns = turns
        self._key = key
        self._losses = losses
        self._parts: list[list[Part]] = []
        self._of_call: dict[str, ReasoningState] = {}
        self._texts: list[tuple[int, int]] = []
        self._next_text: ReasoningState | None = None
        for turn in turns:
            self._parts.append([])
            for part in turn.parts:
                self._read(part)

    def turns(self) -> list[Turn]:
        for parts in self._parts:
            for at, part in enumerate(parts):
                if isinstance(part, ToolCall) and part.id in self._of_call:
                    state = self._of_call.pop(part.id)
                    parts[at] = msgspec.structs.replace(part, state=state)
        if self._of_call or self._next_text:
            self._lost("what it belongs to is not in the conversation any more")
        turns: list[Turn] = []
        for turn, parts in zip(self._turns, self._parts, strict=True):
            if turn.parts == tuple(parts):
                turns.append(turn)
            elif parts:
                turns.append(msgspec.structs.replace(turn, parts=tuple(parts)))
        return turns

    def _read(self, part: Part) -> None:
        parts = self._parts[-1]
        if isinstance(part, Text | Reasoning | ToolCall | Media):
            opened = self._opened(part)
            if opened is None:
                return
            part = opened
        if isinstance(part, Text):
            if self._next_text is not None:
                part = msgspec.structs.replace(part, state=self._next_text)
                self._next_text = None
            self._texts.append((len(self._parts) - 1, len(parts)))
        parts.append(part)

    def _opened(self, part: Text | Reasoning | ToolCall | Media) -> Part | None:
        """The part with its own state; None for a carrier, whose state is kept for its place."""
        if part.state is None or not is_sealed(part.state.blob):
            return part
        state = unseal(part.state.blob, self._key)
        place = state.call_id if state else ""
        if state is None:
            self._lost("it was not sealed by this gateway, or has been changed")
        elif place:
            state = msgspec.structs.replace(state, call_id="")
            if place == UNSIGNED:
                state = None
            elif place not in _OF_THOUGHTS:
                self._place(state, place)
                state = None
            elif not isinstance(part, Reasoning):
                self._rejoin(state, redacted=place == REDACTED)
                state = None
                if isinstance(part, Text) and not part.text:
                    return None
        if not isinstance(part, Reasoning):
            return msgspec.structs.replace(part, state=state)
        if state is None and not part.text:
            return None
        return msgspec.structs.replace(part, state=state, redacted=place == REDACTED)

    def _rejoin(self, state: ReasoningState, *, redacted: bool) -> None:
        """A thought as it was: in place of the unsigned pieces of it that the client sent, else
        before the text it led to, for what carried it (a call, a text's end) stood behind that."""
        parts = self._parts[-1]
        end = len(parts)
        start = _before(parts, end, _is_unsigned_thought)
        if start == end:
            end = _before(parts, end, _is_plain_text)
            start = _before(parts, end, _is_unsigned_thought)
        own = msgspec.structs.replace(state, text="")
        parts[start:end] = [Reasoning(state.text, own, redacted)]

    def _place(self, state: ReasoningState, place: str) -> None:
        if place == NEXT_TEXT:
            self._next_text = state
        elif place != PREVIOUS_TEXT:
            self._of_call[place] = state
        elif self._texts:
            turn, at = self._texts[-1]
            text = self._parts[turn][at]
            self._parts[turn][at] = msgspec.structs.replace(text, state=state)
        else:
            self._lost("the text before it is not in the conversation any more")

    def _lost(self, reason: str) -> None:
        self._losses.add(_LOSS, reason)
