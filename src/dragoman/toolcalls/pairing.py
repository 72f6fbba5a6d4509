"""The order of calls and results that every protocol accepts.

After pairing, an assistant turn with calls is followed by a user turn whose first parts are exactly
one result per call, in the calls' order. Anthropic (Messages, "Tool use", 2023-06-01) and Gemini
(generateContent, "Function calling", v1beta) refuse anything else, Chat wants each call answered
before any other message. Names, ids' alphabets and schemas are `fitting`'s work.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Part, Text, ToolCall, ToolResult
from dragoman.neutral.requests import Turn

UNANSWERED = "No result was recorded for this call."


class _Emptied(Turn, frozen=True):
    """A turn that held nothing but results; it only tells where they stood."""


class _Slot:
    """One call and the result it gets."""

    __slots__ = ("call", "result")

    def __init__(self, call: ToolCall) -> None:
        self.call = call
        self.result: ToolResult | None = None

    def answer(self) -> ToolResult:
        call, result = self.call, self.result
        if result is None:
            return ToolResult(
                call.id, (Text(UNANSWERED),), call.name, is_error=True, kind=call.kind
            )
        if (result.call_id, result.name, result.kind) == (call.id, call.name, call.kind):
            return result
        return msgspec.structs.replace(result, call_id=call.id, name=call.name, kind=call.kind)


class _Round:
    """One assistant turn with calls, grown by the assistant turns that directly follow it."""

    __slots__ = ("_by_name", "_in_order", "parts", "slots", "turns")

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.parts: list[Part] = []
        self.slots: dict[str, _Slot] = {}
        self._in_order: deque[_Slot] | None = None
        self._by_name: dict[str, deque[_Slot]] = {}

    def turn(self) -> Turn:
        first, *others = self.turns
        parts = tuple(self.parts)
        if not others and parts == first.parts:
            return first
        extras = {k: v for turn in self.turns for k, v in turn.extras.items()}
        return Turn("assistant", parts, first.author, extras)

    def pending(self, name: str) -> _Slot | None:
        """The first unanswered call of that name, else the first unanswered call."""
        if self._in_order is None:
            self._in_order = deque(self.slots.values())
            for slot in self._in_order:
                self._by_name.setdefault(slot.call.name, deque()).append(slot)
        return _first_open(self._by_name.get(name, deque())) or _first_open(self._in_order)


def _first_open(queue: deque[_Slot]) -> _Slot | None:
    while queue and queue[0].result is not None:
        queue.popleft()
    return queue[0] if queue else None


class _Pairing:
    """One walk over the turns: calls open slots, results fill them wherever they stand."""

    def __init__(self, turns: tuple[Turn, ...], losses: Losses) -> None:
        self._losses = losses
        self._sequence: list[Turn | _Round] = []
        self._rounds: list[_Round] = []
        self._open: _Round | None = None
        self._latest: dict[str, _Slot] = {}
        self._early: dict[str, ToolResult] = {}
        self._nameless: list[tuple[int, ToolResult]] = []
        self._calls = 0
        self._ids = {p.id for t in turns for p in t.parts if isinstance(p, ToolCall)}
        for turn in turns:
            self._read(turn)
        self._give_nameless()
        if self._early:
            self._lost("no call has its id")

    def turns(self) -> Iterable[Turn]:
        """The legal sequence; user content directly after the results joins their turn."""
        results: list[Part] = []
        joined: list[Turn] = []
        for item in self._sequence:
            if results and isinstance(item, Turn) and item.role == "user":
                joined.append(item)
                continue
            if results:
                yield _result_turn(results, joined)
                results, joined = [], []
            if isinstance(item, _Round):
                yield item.turn()
                results = [slot.answer() for slot in item.slots.values()]
            elif not isinstance(item, _Emptied):
                yield item
        if results:
            yield _result_turn(results, joined)

    def _read(self, turn: Turn) -> None:
        if turn.role != "assistant":
            self._open = None
        rest: list[Part] = []
        for part in turn.parts:
            if isinstance(part, ToolResult):
                self._take(part)
            else:
                rest.append(part)
        if turn.role == "assistant" and (self._open or any(isinstance(p, ToolCall) for p in rest)):
            self._grow(turn, rest)
        elif len(rest) == len(turn.parts):
            self._sequence.append(turn)
        else:
            kind = Turn if rest else _Emptied
            self._sequence.append(kind(turn.role, tuple(rest), turn.author, turn.extras))

    def _grow(self, turn: Turn, parts: list[Part]) -> None:
        if self._open is None:
            self._open = _Round()
            self._rounds.append(self._open)
            self._sequence.append(self._open)
        current = self._open
        current.turns.append(turn)
        for part in parts:
            if not isinstance(part, ToolCall):
                current.parts.append(part)
                continue
            call = self._identified(part)
            if call.id in current.slots:
                self._losses.add("tool_call", "a second call of the turn has the same id")
                continue
            current.parts.append(call)
            slot = current.slots[call.id] = self._latest[call.id] = _Slot(call)
            slot.result = self._early.pop(call.id, None)

    def _identified(self, call: ToolCall) -> ToolCall:
        self._calls += 1
        if call.id:
            return call
        name = f"call_{self._calls}"
        while name in self._ids:
            name += "_"
        self._ids.add(name)
        return msgspec.structs.replace(call, id=name)

    def _take(self, result: ToolResult) -> None:
        if not result.call_id:
            self._nameless.append((len(self._rounds), result))
            return
        slot = self._latest.get(result.call_id)
        if slot is None:
            if result.call_id in self._early:
                self._replaced()
            self._early[result.call_id] = result
            return
        if slot.result is not None:
            self._replaced()
        slot.result = result

    def _give_nameless(self) -> None:
        """Results without an id take the calls still open in the latest round before them."""
        before: list[_Round] = []
        known = 0
        for count, result in self._nameless:
            before.extend(self._rounds[known:count])
            known = count
            slot = None
            while before and (slot := before[-1].pending(result.name)) is None:
                before.pop()
            if slot is None:
                self._lost("it has no id, and no call is waiting")
            else:
                slot.result = result

    def _lost(self, reason: str) -> None:
        self._losses.add("tool_result", reason)

    def _replaced(self) -> None:
        self._lost("a later result of the same call replaces it")


def _result_turn(results: list[Part], joined: list[Turn]) -> Turn:
    parts = [*results, *(part for turn in joined for part in turn.parts)]
    extras = {k: v for turn in joined for k, v in turn.extras.items()}
    authors = [turn.author for turn in joined if turn.author]
    return Turn("user", tuple(parts), authors[0] if authors else "", extras)


def paired(turns: tuple[Turn, ...], losses: Losses) -> tuple[Turn, ...]:
    """The turns with every call answered right after its turn.

    Results are collected from wherever they stand (until their id is used again), the last of
    several kept; a call nobody answered gets an error result saying so; results of no call are
    dropped and recorded. A conversation without calls and results comes back as it is.
    """
    for turn in turns:
        for part in turn.parts:
            if isinstance(part, ToolCall | ToolResult):
                return tuple(_Pairing(turns, losses).turns())
    return turns
