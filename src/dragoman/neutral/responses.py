"""A whole answer, as the fold of its events: the only path for answers that are not streamed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec

from dragoman.errors import Broken
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    HostedProgress,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    StopReason,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import NO_EXTRAS, Citation, Part, Reasoning, Refusal, Text, ToolCall
from dragoman.neutral.usage import NO_USAGE, Usage


class Choice(msgspec.Struct, frozen=True):
    parts: tuple[Part, ...]
    stop: StopReason
    stop_sequence: str | None = None
    logprobs: tuple[Json, ...] = ()
    extras: JsonObject = NO_EXTRAS


class Response(msgspec.Struct, frozen=True):
    """`choices` in order of their number; `id` and `model` as the upstream named them."""

    choices: tuple[Choice, ...]
    usage: Usage = NO_USAGE
    id: str = ""
    model: str = ""
    extras: JsonObject = NO_EXTRAS


class _OpenPart:
    __slots__ = ("citations", "head", "input", "state", "text")

    def __init__(self, head: Part) -> None:
        self.head = head
        self.text: list[str] = []
        self.input: list[str] = []
        self.citations: list[Citation] = []
        self.state = getattr(head, "state", None)

    def closed(self) -> Part:
        head = self.head
        text = "".join(self.text)
        if isinstance(head, Text):
            citations = (*head.citations, *self.citations)
            return msgspec.structs.replace(
                head, text=head.text + text, citations=citations, state=self.state
            )
        if isinstance(head, Reasoning):
            return msgspec.structs.replace(head, text=head.text + text, state=self.state)
        if isinstance(head, Refusal):
            return msgspec.structs.replace(head, text=head.text + text)
        if isinstance(head, ToolCall):
            empty = "{}" if head.kind == "function" else ""
            whole = head.input + "".join(self.input)
            return msgspec.structs.replace(head, input=whole or empty, state=self.state)
        return head


class _OpenChoice:
    __slots__ = ("finished", "logprobs", "parts")

    def __init__(self) -> None:
        self.parts: dict[int, _OpenPart] = {}
        self.logprobs: list[Json] = []
        self.finished: Finished | None = None


class Fold:
    """Collects events into a Response. `add` raises the error of a Failed event."""

    def __init__(self) -> None:
        self._started = Started()
        self._usage = NO_USAGE
        self._choices: dict[int, _OpenChoice] = {}

    def add(self, event: Event) -> None:
        match event:
            case Started():
                self._started = event
                self._usage = self._usage.updated(event.usage)
            case PartStarted(index=index, head=head):
                self._choice(event.choice).parts[index] = _OpenPart(head)
            case TextDelta(index=index, text=text):
                self._part(event.choice, index).text.append(text)
            case InputDelta(index=index, text=text):
                self._part(event.choice, index).input.append(text)
            case StateDelta(index=index, state=state):
                self._part(event.choice, index).state = state
            case CitationDelta(index=index, citation=citation):
                self._part(event.choice, index).citations.append(citation)
            case LogprobsDelta(items=items):
                self._choice(event.choice).logprobs.extend(items)
            case Finished():
                self._choice(event.choice).finished = event
            case UsageSeen(usage=usage):
                self._usage = self._usage.updated(usage)
            case Failed(error=error):
                raise error
            case PartEnded() | HostedProgress() | Ping():
                pass
            case _:
                assert_never(event)

    def response(self) -> Response:
        """The whole answer.

        Raises:
            Broken: no choice, or one that never finished: the answer was cut.
        """
        if not self._choices:
            raise Broken("the upstream's answer held no content and no end")
        choices = [self._closed(self._choices[key]) for key in sorted(self._choices)]
        started = self._started
        return Response(
            choices=tuple(choices),
            usage=self._usage,
            id=started.id,
            model=started.model,
            extras=started.extras,
        )

    def _choice(self, number: int) -> _OpenChoice:
        return self._choices.setdefault(number, _OpenChoice())

    def _part(self, choice: int, index: int) -> _OpenPart:
        return self._choice(choice).parts[index]

    def _closed(self, choice: _OpenChoice) -> Choice:
        finished = choice.finished
        if finished is None:
            raise Broken("the upstream's answer was cut before its end")
        return Choice(
            parts=tuple(choice.parts[key].closed() for key in sorted(choice.parts)),
            stop=finished.stop,
            stop_sequence=finished.stop_sequence,
            logprobs=tuple(choice.logprobs),
            extras=finished.extras,
        )


def fold(events: Iterable[Event]) -> Response:
    """The Response these events add up to.

    Raises:
        DragomanError: the error of a Failed event, or Broken when the end is missing.
    """
    folder = Fold()
    for event in events:
        folder.add(event)
    return folder.response()
