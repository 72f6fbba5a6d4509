"""The repair retry of compat mode: a call that could not be read is asked for once more, in a
further turn of which only the calls are taken."""

from __future__ import annotations

import msgspec

from dragoman.errors import DragomanError
from dragoman.exchange.stages import Stage
from dragoman.neutral.events import Event, Finished, InputDelta, PartStarted
from dragoman.neutral.parts import Text, ToolCall
from dragoman.neutral.requests import Turn
from dragoman.toolcalls.text.answer import TextCalls
from dragoman.toolcalls.text.guide import broken_told


class Repair:
    """One answer's. The client never learns of the retry's words, and when it gives no call the
    broken one is shown as the text that it is."""

    def __init__(self, calls: TextCalls, mark: str) -> None:
        self._calls = calls
        self._mark = mark
        self._asked = False
        self._calls_of_it: dict[int, ToolCall] = {}

    @property
    def stage(self) -> Stage:
        return Stage(self._calls.apply, self._calls.finish, self)

    def wanted(self) -> tuple[Turn, ...]:
        broken = self._calls.broken
        if broken is None or self._asked:
            return ()
        self._asked = True
        said = self._calls.said.replace(f"-{self._mark}", "")
        told = broken_told(broken.why, self._mark)
        return (Turn("assistant", (Text(said),)), Turn("user", (Text(told),)))

    def joined(self, events: list[Event]) -> list[Event]:
        calls = self._calls_of_it
        for event in events:
            if isinstance(event, Finished):
                return self._calls.mended(list(calls.values()))
            if isinstance(event, PartStarted) and isinstance(event.head, ToolCall):
                calls[event.index] = event.head
            elif isinstance(event, InputDelta) and (call := calls.get(event.index)):
                calls[event.index] = msgspec.structs.replace(call, input=call.input + event.text)
        return []

    def failed(self, error: DragomanError) -> list[Event]:
        return self._calls.given_up()
