"""Reasoning state for clients whose protocol has no field for it (Chat, Ollama): kept beside the
ids of the calls it led to, per client key, and put back when those calls return."""

from __future__ import annotations

import msgspec

from dragoman.exchange.strangers import Strangers
from dragoman.neutral.events import (
    Event,
    Finished,
    PartStarted,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.parts import Part, Reasoning, ReasoningState, ToolCall
from dragoman.neutral.requests import Request, Turn
from dragoman.storage.state import Space, State

SPACE = Space("reasoning", lifetime_s=86_400, max_entries=10_000, max_bytes=64 * 1024 * 1024)
_CLIENTS = frozenset({"openai", "ollama"})


class Thought(msgspec.Struct, frozen=True):
    text: str
    state: ReasoningState | None


class Memory(msgspec.Struct, frozen=True):
    """What stood before a turn's calls, and on each of them by its id."""

    thoughts: list[Thought]
    on_calls: dict[str, ReasoningState]


class Remembered:
    """`strangers`: what is remembered of bare state, which stays with the client."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.strangers = Strangers(state)

    @property
    def any(self) -> bool:
        return self._state.any(SPACE)

    def recalled(self, request: Request, owner: str) -> Request:
        """The request with what is remembered put back; the same object when nothing is."""
        if request.protocol not in _CLIENTS:
            return request
        turns = tuple(self._recalled_turn(turn, owner) for turn in request.turns)
        if all(new is old for new, old in zip(turns, request.turns, strict=True)):
            return request
        return msgspec.structs.replace(request, turns=turns)

    def keep(self, memory: Memory, call_ids: list[str], owner: str) -> None:
        data = msgspec.msgpack.encode(memory)
        for id_ in call_ids:
            self._state.put(SPACE, f"{owner}/{id_}", data)

    def _recalled_turn(self, turn: Turn, owner: str) -> Turn:
        if turn.role != "assistant":
            return turn
        memory = next(
            (
                msgspec.msgpack.decode(data, type=Memory)
                for part in turn.parts
                if isinstance(part, ToolCall)
                and (data := self._state.get(SPACE, f"{owner}/{part.id}"))
            ),
            None,
        )
        if memory is None:
            return turn
        parts: list[Part] = [Reasoning(one.text, one.state) for one in memory.thoughts]
        for part in turn.parts:
            if isinstance(part, ToolCall) and part.id in memory.on_calls:
                parts.append(msgspec.structs.replace(part, state=memory.on_calls[part.id]))
            elif not (isinstance(part, Reasoning) and memory.thoughts):
                parts.append(part)
        return msgspec.structs.replace(turn, parts=tuple(parts))


class Remembering:
    """A stage that only watches one answer's first choice, and keeps what it saw at its end."""

    def __init__(self, remembered: Remembered, owner: str) -> None:
        self._remembered = remembered
        self._owner = owner
        self._texts: dict[int, list[str]] = {}
        self._states: dict[int, ReasoningState] = {}
        self._calls: dict[int, str] = {}

    def apply(self, event: Event) -> list[Event]:
        match event:
            case PartStarted(index=index, head=head, choice=0):
                if isinstance(head, ToolCall):
                    self._calls[index] = head.id
                elif isinstance(head, Reasoning):
                    self._texts[index] = [head.text]
                if isinstance(head, ToolCall | Reasoning) and head.state is not None:
                    self._states[index] = head.state
            case TextDelta(index=index, text=text, choice=0) if index in self._texts:
                self._texts[index].append(text)
            case StateDelta(index=index, state=state, choice=0):
                self._states[index] = state
            case Finished(choice=0) if self._calls and (self._texts or self._states):
                self._remembered.keep(self._memory(), list(self._calls.values()), self._owner)
            case _:
                pass
        return [event]

    def _memory(self) -> Memory:
        return Memory(
            [
                Thought("".join(texts), self._states.get(index))
                for index, texts in self._texts.items()
            ],
            {
                id_: self._states[index]
                for index, id_ in self._calls.items()
                if index in self._states
            },
        )


def remembers(protocol: str) -> bool:
    """Whether clients of this protocol need it."""
    return protocol in _CLIENTS
