"""An answer's events with the calls in its text as calls: the stage of compat mode.

Text parts are read, everything else (reasoning, images, calls of the upstream's own) passes; parts
are numbered anew, for a call splits the text it stands in. A turn with calls ends as one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    HostedProgress,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Ping,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.parts import Text, ToolCall
from dragoman.toolcalls.text.dialects import Form
from dragoman.toolcalls.text.offer import Offer
from dragoman.toolcalls.text.pieces import Broken, Called, Piece, Said
from dragoman.toolcalls.text.reading import TextReader
from dragoman.toolcalls.text.steps import Ending

_SIGN_OF_LIFE = 4000
"""After so many characters that nothing came of, the client is told that the upstream is alive."""
_CALL_ID = "call_"


class CallReading(msgspec.Struct, frozen=True):
    """What an answer is read by."""

    offer: Offer
    forms: tuple[Form, ...]
    new_id: Callable[[str], str]
    mends: bool = False


class _Choice:
    """One of an answer's choices. `texts`: the upstream's numbers of running text parts; `parts`:
    its numbers of the others → ours."""

    def __init__(self, number: int, reading: CallReading) -> None:
        self._number = number
        self._new_id = reading.new_id
        self.reader = TextReader(reading.offer, reading.forms, mends=reading.mends)
        self._next = 0
        self._open: int | None = None
        self._fresh = Text("")
        self.texts: set[int] = set()
        self.parts: dict[int, int] = {}
        self._silent = 0
        self._given: set[tuple[str, str, str]] = set()
        self.called = False

    def text_started(self, event: PartStarted, head: Text) -> list[Event]:
        self.texts.add(event.index)
        self._fresh = head
        return self.fed(head.text) if head.text else []

    def fed(self, text: str) -> list[Event]:
        out = self.told(self.reader.feed(text))
        self._silent = 0 if out else self._silent + len(text)
        if self._silent > _SIGN_OF_LIFE:
            self._silent = 0
            return [Ping()]
        return out

    def text_event(self, event: StateDelta | CitationDelta | LogprobsDelta) -> list[Event]:
        """What is said about a text goes to the part that is open; a call has no place for it."""
        return [] if self._open is None else [msgspec.structs.replace(event, index=self._open)]

    def other_started(self, event: PartStarted) -> list[Event]:
        """Something else than text: what was held is decided."""
        out = [*self.told(self.reader.finish("more")), *self.ended()]
        self.parts[event.index] = self._next
        self.called = self.called or isinstance(event.head, ToolCall)
        out.append(msgspec.structs.replace(event, index=self._next))
        self._next += 1
        return out

    def finished(self, ending: Ending) -> list[Event]:
        return [*self.told(self.reader.finish(ending)), *self.ended()]

    def joined(self, calls: Sequence[ToolCall]) -> list[Event]:
        """Another turn's calls as this one's, without those that stand in it already."""
        new = [call for call in calls if _essence(call) not in self._given]
        return (
            [*self.ended(), *(event for call in new for event in self._call(call))] if new else []
        )

    def told(self, pieces: list[Piece]) -> list[Event]:
        out: list[Event] = []
        for piece in pieces:
            if isinstance(piece, Said):
                out.append(TextDelta(self._text_part(out), piece.text, self._number))
            elif isinstance(piece, Called):
                tool, id_ = piece.tool, self._new_id(_CALL_ID)
                call = ToolCall(id_, tool.name, piece.input, tool.kind, tool.namespace)
                out += [*self.ended(), *self._call(call)]
        return out

    def _text_part(self, out: list[Event]) -> int:
        if self._open is None:
            self._open = self._next
            self._next += 1
            head = msgspec.structs.replace(self._fresh, text="")
            out.append(PartStarted(self._open, head, self._number))
            self._fresh = Text("")
        return self._open

    def ended(self) -> list[Event]:
        index, self._open = self._open, None
        return [] if index is None else [PartEnded(index, self._number)]

    def _call(self, call: ToolCall) -> list[Event]:
        self.called = True
        self._given.add(_essence(call))
        index = self._next
        self._next += 1
        return [
            PartStarted(index, msgspec.structs.replace(call, input=""), self._number),
            InputDelta(index, call.input, self._number),
            PartEnded(index, self._number),
        ]


def _essence(call: ToolCall) -> tuple[str, str, str]:
    return call.namespace, call.name, call.input


class TextCalls:
    """One answer; see the module. With `mends` (for answers of one choice), its end waits while
    `broken` is set: `mended` or `given_up` gives it. `said` is then all its text."""

    def __init__(self, reading: CallReading) -> None:
        self._reading = reading
        self._choices: dict[int, _Choice] = {}
        self._end: Finished | None = None
        self._said: list[str] = []

    @property
    def broken(self) -> Broken | None:
        """The call that could not be read, once its answer has ended."""
        return None if self._end is None else self._choice(self._end.choice).reader.broken

    def apply(self, event: Event) -> list[Event]:
        match event:
            case PartStarted(head=Text() as head):
                return self._choice(event.choice).text_started(event, head)
            case PartStarted():
                return self._choice(event.choice).other_started(event)
            case Finished():
                return self._finished(event)
            case (
                TextDelta()
                | StateDelta()
                | CitationDelta()
                | LogprobsDelta()
                | PartEnded()
                | (InputDelta())
                | HostedProgress()
            ):
                return self._of_part(event)
            case _:
                return [event]

    @property
    def said(self) -> str:
        return "".join(self._said)

    def finish(self) -> list[Event]:
        """At an end that is none: everything held is text."""
        return [out for one in self._choices.values() for out in one.finished("cut")]

    def mended(self, calls: Sequence[ToolCall]) -> list[Event]:
        """The end of an answer whose broken call another turn was to give: with its calls, or when
        there is no new one among them, with the broken one as text."""
        assert self._end is not None
        out = self._choice(self._end.choice).joined(calls)
        if not out:
            return self.given_up()
        return [*out, msgspec.structs.replace(self._end, stop="tool-call", stop_sequence=None)]

    def given_up(self) -> list[Event]:
        """The end of an answer whose broken call stays text."""
        assert self._end is not None
        choice = self._choice(self._end.choice)
        out = choice.told(choice.reader.given_up())
        return [*out, *self._closed(self._end, "end")]

    def _of_part(
        self,
        event: TextDelta
        | StateDelta
        | CitationDelta
        | LogprobsDelta
        | PartEnded
        | InputDelta
        | HostedProgress,
    ) -> list[Event]:
        choice = self._choice(event.choice)
        if event.index not in choice.texts:
            index = choice.parts.get(event.index, event.index)
            return [msgspec.structs.replace(event, index=index)]
        if isinstance(event, TextDelta):
            if self._reading.mends:
                self._said.append(event.text)
            return choice.fed(event.text)
        if isinstance(event, StateDelta | CitationDelta | LogprobsDelta):
            return choice.text_event(event)
        return []

    def _finished(self, event: Finished) -> list[Event]:
        return self._closed(event, "cut" if event.stop == "length" else "end")

    def _closed(self, event: Finished, ending: Ending) -> list[Event]:
        choice = self._choice(event.choice)
        out = choice.told(choice.reader.finish(ending))
        if choice.reader.broken is not None:
            self._end = event
            return out
        out += choice.ended()
        if choice.called and event.stop in ("end", "stop-sequence"):
            event = msgspec.structs.replace(event, stop="tool-call", stop_sequence=None)
        return [*out, event]

    def _choice(self, number: int) -> _Choice:
        if number not in self._choices:
            self._choices[number] = _Choice(number, self._reading)
        return self._choices[number]
