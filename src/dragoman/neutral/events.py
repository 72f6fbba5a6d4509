"""An answer as a stream of events; the only form upstream answers take inside.

Order, per choice: Started, then parts, then Finished or Failed. Parts are numbered from 0 in the
order they start and may overlap (chat models interleave parallel calls): a client's renderer is the
one place that serialises blocks. Every PartStarted has its PartEnded before Finished. A head
carries what is known when the part starts; text, thinking and call input arrive as deltas only.
Usage counts are cumulative: the last word on each count holds.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from dragoman.errors import DragomanError
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    NO_EXTRAS,
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.usage import NO_USAGE, Usage

StopReason: TypeAlias = Literal[
    "end", "tool-call", "length", "stop-sequence", "refusal", "context-full", "pause"
]

Head: TypeAlias = Text | Reasoning | ToolCall | Media | HostedCall | HostedResult | Refusal | Opaque


class Started(msgspec.Struct, frozen=True, gc=False):
    """The upstream has begun. `id` and `model` as it names them, "" when it does not."""

    id: str = ""
    model: str = ""
    usage: Usage = NO_USAGE
    extras: JsonObject = NO_EXTRAS


class PartStarted(msgspec.Struct, frozen=True):
    """A head: Text(""), Reasoning(), ToolCall(id, name, input="") …; Media, HostedCall,
    HostedResult and Opaque are complete in their head and get no deltas (but HostedProgress)."""

    index: int
    head: Head
    choice: int = 0


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """More text of a Text, Reasoning or Refusal part."""

    index: int
    text: str
    choice: int = 0


class InputDelta(msgspec.Struct, frozen=True, gc=False):
    """More of a call's input, as its exact text."""

    index: int
    text: str
    choice: int = 0


class StateDelta(msgspec.Struct, frozen=True):
    """The part's reasoning state, whole (a Reasoning, Text or ToolCall part)."""

    index: int
    state: ReasoningState
    choice: int = 0


class CitationDelta(msgspec.Struct, frozen=True):
    index: int
    citation: Citation
    choice: int = 0


class LogprobsDelta(msgspec.Struct, frozen=True):
    """Token log probabilities in Chat's item shape: {token, logprob, bytes, top_logprobs}."""

    index: int
    items: list[Json]
    choice: int = 0


class HostedProgress(msgspec.Struct, frozen=True):
    """A hosted tool's state changed; `raw` is the event for its own protocol."""

    index: int
    raw: Json
    protocol: str
    choice: int = 0


class PartEnded(msgspec.Struct, frozen=True, gc=False):
    index: int
    choice: int = 0


class UsageSeen(msgspec.Struct, frozen=True):
    usage: Usage


class Finished(msgspec.Struct, frozen=True):
    """A choice's regular end. The last one seen ends the answer."""

    stop: StopReason
    stop_sequence: str | None = None
    choice: int = 0
    extras: JsonObject = NO_EXTRAS


class Failed(msgspec.Struct, frozen=True):
    """The answer will not be completed. Nothing follows."""

    error: DragomanError


class Ping(msgspec.Struct, frozen=True, gc=False):
    """The upstream is alive and has nothing to say."""


Event: TypeAlias = (
    Started
    | PartStarted
    | TextDelta
    | InputDelta
    | StateDelta
    | CitationDelta
    | LogprobsDelta
    | HostedProgress
    | PartEnded
    | UsageSeen
    | Finished
    | Failed
    | Ping
)

CONTENT: tuple[type, ...] = (
    TextDelta,
    InputDelta,
    StateDelta,
    CitationDelta,
    HostedProgress,
    Finished,
)
"""Events that commit an attempt: from the first of these on, no other attempt may replace it."""


def commits(event: Event) -> bool:
    """Whether this event is content, so that the attempt that sent it is the answer."""
    if isinstance(event, PartStarted):
        return not isinstance(event.head, Text | Reasoning | Refusal)
    return isinstance(event, CONTENT)
