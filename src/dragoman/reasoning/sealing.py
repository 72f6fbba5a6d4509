"""Reasoning state on its way out: a foreign one is sealed into the client's own opaque field.

Anthropic and Responses clients have such a field on reasoning alone: the state of a call or a text
goes on a reasoning part of its own, before it, or right behind it when it came late. Thinking
without a state is signed for Anthropic clients, some of which drop unsigned blocks. Chat and Ollama
clients have no field: states are taken out, and a store keeps them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dragoman.neutral.events import (
    CitationDelta,
    Event,
    HostedProgress,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.parts import Media, Reasoning, ReasoningState, Text, ToolCall
from dragoman.neutral.requests import ProtocolName
from dragoman.reasoning.carrier import seal
from dragoman.reasoning.passage import NEXT_TEXT, PREVIOUS_TEXT, REDACTED, THOUGHT, UNSIGNED

_Stateful: TypeAlias = Text | Reasoning | ToolCall | Media
_Numbered: TypeAlias = (
    TextDelta | InputDelta | StateDelta | CitationDelta | LogprobsDelta | HostedProgress | PartEnded
)

_WITHOUT_FIELD = frozenset(("openai", "ollama"))
_ON_REASONING_ONLY = frozenset(("anthropic", "responses"))


def needs_sealing(client_protocol: ProtocolName, upstream_protocol: ProtocolName) -> bool:
    """Whether answers between these two can hold a state that has to be sealed; where not, the
    exchange leaves this stage out."""
    return client_protocol not in (upstream_protocol, *_WITHOUT_FIELD)


class _Choice:
    """One choice's parts: how far they have moved behind the carriers before them."""

    __slots__ = ("late", "moved", "places", "shift", "top")

    def __init__(self) -> None:
        self.shift = 0
        self.top = -1
        self.moved: dict[int, int] = {}
        self.places: dict[int, str] = {}
        self.late: dict[int, ReasoningState] = {}


class StateSealer:
    """One answer's states made fit for this client's protocol."""

    def __init__(self, client_protocol: ProtocolName, key: bytes) -> None:
        self._client = client_protocol
        self._key = key
        self._strips = client_protocol in _WITHOUT_FIELD
        self._moves = client_protocol in _ON_REASONING_ONLY
        self._choices: dict[int, _Choice] = {}
        self._shifted = False
        self._thoughts: dict[tuple[int, int], list[str]] = {}
        self._unsigned: set[tuple[int, int]] = set()
        self._keeps_thoughts = client_protocol not in (*_WITHOUT_FIELD, *_ON_REASONING_ONLY)

    def apply(self, event: Event) -> list[Event]:
        """The events the client's renderer is to see for this one."""
        if self._thoughts and isinstance(event, TextDelta):
            thought = self._thoughts.get((event.choice, event.index))
            if thought is not None:
                thought.append(event.text)
        if not self._shifted and isinstance(event, (TextDelta, InputDelta)):
            return [event]
        if isinstance(event, PartStarted):
            return self._strip_head(event) if self._strips else self._started(event)
        if isinstance(event, StateDelta):
            return [] if self._strips else self._state(event)
        if isinstance(event, PartEnded):
            return self._ended(event)
        return [self._renumbered(event)] if isinstance(event, _Numbered) else [event]

    def _strip_head(self, event: PartStarted) -> list[Event]:
        head = event.head
        if isinstance(head, _Stateful) and head.state is not None:
            head = msgspec.structs.replace(head, state=None)
            return [PartStarted(event.index, head, event.choice)]
        return [event]

    def _started(self, event: PartStarted) -> list[Event]:
        choice = self._choices.setdefault(event.choice, _Choice())
        head = event.head
        before: list[Event] = []
        if self._keeps_thoughts and isinstance(head, Reasoning):
            self._thoughts[event.choice, event.index] = [head.text]
        if self._client == "anthropic" and isinstance(head, Reasoning) and head.state is None:
            self._unsigned.add((event.choice, event.index))
        if isinstance(head, ToolCall | Text) and self._moves:
            choice.places[event.index] = head.id if isinstance(head, ToolCall) else PREVIOUS_TEXT
            if head.state is not None and self._is_foreign(head.state):
                place = head.id if isinstance(head, ToolCall) else NEXT_TEXT
                index = event.index + choice.shift
                before = self._carrier(head.state, place, index, event.choice)
                choice.shift += 1
                head = msgspec.structs.replace(head, state=None)
        elif isinstance(head, _Stateful) and head.state is not None:
            place = REDACTED if isinstance(head, Reasoning) and head.redacted else ""
            state = self._own(head.state, place) if self._has_field(head) else None
            head = msgspec.structs.replace(head, state=state)
        if choice.shift:
            choice.moved[event.index] = event.index + choice.shift
        choice.top = event.index + choice.shift
        if head is event.head and not choice.shift:
            return [event]
        return [*before, PartStarted(choice.top, head, event.choice)]

    def _state(self, event: StateDelta) -> list[Event]:
        choice = self._choices.setdefault(event.choice, _Choice())
        if event.index in choice.places and self._is_foreign(event.state):
            choice.late[event.index] = event.state
            return []
        self._unsigned.discard((event.choice, event.index))
        thought = self._thoughts.get((event.choice, event.index))
        if thought is None or not self._is_foreign(event.state):
            own = self._own(event.state)
        else:
            whole = msgspec.structs.replace(event.state, text="".join(thought))
            own = self._own(whole, THOUGHT)
        return [self._renumbered(msgspec.structs.replace(event, state=own))]

    def _ended(self, event: PartEnded) -> list[Event]:
        choice = self._choices.get(event.choice)
        if choice is None:
            return [event]
        ended = self._renumbered(event)
        if (event.choice, event.index) in self._unsigned:
            self._unsigned.discard((event.choice, event.index))
            state = ReasoningState("", "", call_id=UNSIGNED)
            return [StateDelta(ended.index, self._own(state), event.choice), ended]
        place = choice.places.pop(event.index, "")
        late = choice.late.pop(event.index, None)
        if late is None:
            return [ended]
        choice.shift += 1
        choice.top += 1
        return [ended, *self._carrier(late, place, choice.top, event.choice)]

    def _carrier(self, state: ReasoningState, place: str, index: int, choice: int) -> list[Event]:
        self._shifted = True
        own = self._own(state, place)
        return [
            PartStarted(index, Reasoning(), choice),
            StateDelta(index, own, choice),
            PartEnded(index, choice),
        ]

    def _renumbered(self, event: _Numbered) -> _Numbered:
        choice = self._choices.get(event.choice)
        if choice is None or event.index not in choice.moved:
            return event
        return msgspec.structs.replace(event, index=choice.moved[event.index])

    def _has_field(self, head: _Stateful) -> bool:
        return not (self._moves and isinstance(head, Media))

    def _is_foreign(self, state: ReasoningState) -> bool:
        return state.protocol != self._client

    def _own(self, state: ReasoningState, place: str = "") -> ReasoningState:
        """A foreign state with its sealed form as the blob; its protocol still says whose it is."""
        if not self._is_foreign(state):
            return state
        if place:
            state = msgspec.structs.replace(state, call_id=place)
        return msgspec.structs.replace(state, blob=seal(state, self._key))
