"""The answer's way back: what `fit_tools` changed, undone event by event."""

from __future__ import annotations

import msgspec

from dragoman.neutral.events import Event, InputDelta, PartEnded, PartStarted
from dragoman.neutral.parts import ToolCall
from dragoman.toolcalls.custom import InputReader
from dragoman.toolcalls.keys import rekeyed
from dragoman.toolcalls.names import Declared, ToolNames


class _KeyReader:
    """Arguments whose keys have to be renamed: known only when they are whole."""

    __slots__ = ("_keys", "_pieces")

    def __init__(self, tool: Declared) -> None:
        self._keys = tool.keys
        self._pieces: list[str] = []

    def feed(self, text: str) -> str:
        self._pieces.append(text)
        return ""

    def finish(self) -> str:
        return rekeyed("".join(self._pieces), self._keys)


class ToolRestorer:
    """One answer's tool calls, told in the client's own names, namespaces and kinds."""

    def __init__(self, names: ToolNames) -> None:
        self._names = names
        self._readers: dict[tuple[int, int], InputReader | _KeyReader] = {}

    def apply(self, event: Event) -> list[Event]:
        """The events the client's renderer is to see for this one."""
        if isinstance(event, InputDelta):
            reader = self._readers.get((event.choice, event.index))
            if reader is None:
                return [event]
            text = reader.feed(event.text)
            return [InputDelta(event.index, text, event.choice)] if text else []
        if isinstance(event, PartStarted):
            if isinstance(event.head, ToolCall):
                return [self._started(event, event.head)]
        elif isinstance(event, PartEnded):
            reader = self._readers.pop((event.choice, event.index), None)
            text = reader.finish() if reader else ""
            if text:
                return [InputDelta(event.index, text, event.choice), event]
        return [event]

    def _started(self, event: PartStarted, call: ToolCall) -> PartStarted:
        tool = self._names.from_wire(call.namespace, call.name)
        if tool is None:
            return event
        if tool.kind == "custom" and call.kind == "function":
            self._readers[event.choice, event.index] = InputReader()
        elif tool.keys:
            self._readers[event.choice, event.index] = _KeyReader(tool)
        head = msgspec.structs.replace(
            call, name=tool.name, namespace=tool.namespace, kind=tool.kind
        )
        return PartStarted(event.index, head, event.choice)
