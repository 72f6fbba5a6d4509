"""Tool calls put together from deltas.

Hosts number them by `index`; some send no index or -1, some the same index for all, some the id or
the name late or in pieces, some no id at all. A call starts as soon as id and name are known and
its input begins; calls start in the order they were first seen. One without an id gets its id at
the end, since until then the id may still come.
"""

from __future__ import annotations

from dragoman.errors import Broken
from dragoman.neutral.events import Event, InputDelta, PartEnded, PartStarted
from dragoman.neutral.json import decode, encode_text
from dragoman.neutral.parts import ReasoningState, ToolCall, ToolKind
from dragoman.protocols.codec import Origin
from dragoman.protocols.openai_chat.wire import NAME, NO_RAW, CallDelta, FunctionDelta


class _Call:
    __slots__ = ("empty", "held", "id", "kind", "name", "part", "state")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.kind: ToolKind = "function"
        self.state: ReasoningState | None = None
        self.held: list[str] = []
        self.part: int | None = None
        self.empty = True


class Parts:
    """Numbers a choice's parts as they begin."""

    __slots__ = ("begun",)

    def __init__(self) -> None:
        self.begun = 0

    def take(self) -> int:
        self.begun += 1
        return self.begun - 1


class Calls:
    """The calls of one choice, which are parts of it."""

    __slots__ = ("_by_id", "_by_index", "_calls", "_choice", "_parts", "_started")

    def __init__(self, choice: int, parts: Parts) -> None:
        self._choice = choice
        self._parts = parts
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._by_id: dict[str, _Call] = {}
        self._started = 0

    @property
    def any(self) -> bool:
        """Whether a call that the client can run has started."""
        return self._started > 0

    def add(self, delta: CallDelta, out: list[Event]) -> None:
        call = self._find(delta)
        if delta.id and not call.id:
            call.id = delta.id
            self._by_id[delta.id] = call
        if delta.extra_content != NO_RAW:
            call.state = ReasoningState(encode_text(decode(bytes(delta.extra_content))), NAME)
        if delta.custom is not None:
            call.kind = "custom"
            self._more(call, delta.custom.name, delta.custom.input, out)
        elif delta.function is not None:
            self.function(call, delta.function, out)
        else:
            self._start_ready(out)

    def legacy(self, delta: FunctionDelta, out: list[Event]) -> None:
        """`function_call`: at most one, without an id."""
        call = self._calls[0] if self._calls else self._new(None)
        self.function(call, delta, out)

    def function(self, call: _Call, delta: FunctionDelta, out: list[Event]) -> None:
        arguments = delta.arguments
        if isinstance(arguments, dict):
            arguments = encode_text(dict(arguments))
        self._more(call, delta.name, arguments, out)

    def finish(self, origin: Origin, out: list[Event]) -> None:
        """Starts what was held, ends all.

        Raises:
            Broken: input came for a call that was never named.
        """
        for call in self._calls:
            if call.part is None and not call.name:
                if call.held and not origin.gaps:
                    raise Broken("the upstream sent a tool call without a name")
                continue
            if call.part is None:
                call.id = call.id or origin.new_id("call_")
                self._start(call, out)
            part = call.part or 0
            if call.empty and call.kind == "function":
                out.append(InputDelta(part, "{}", self._choice))
            out.append(PartEnded(part, self._choice))

    def _find(self, delta: CallDelta) -> _Call:
        """The call a delta belongs to; a new one where it can be none of those before."""
        index, call_id = delta.index, delta.id
        if index is not None and index >= 0:
            call = self._by_index.get(index)
            if call is None or (call_id and call.id and call_id != call.id):
                call = self._new(index)
            return call
        if call_id:
            return self._by_id.get(call_id) or self._adopt()
        body = delta.function or delta.custom
        if self._calls and not (body is not None and body.name and self._calls[-1].name):
            return self._calls[-1]
        return self._new(None)

    def _adopt(self) -> _Call:
        """For an id not seen before: the last call when it still waits for one, else a new one."""
        last = self._calls[-1] if self._calls else None
        return last if last is not None and not last.id else self._new(None)

    def _new(self, index: int | None) -> _Call:
        call = _Call()
        self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
        return call

    def _more(self, call: _Call, name: str | None, text: str | None, out: list[Event]) -> None:
        if call.part is not None:
            if text:
                call.empty = False
                out.append(InputDelta(call.part, text, self._choice))
            return
        if name and name != call.name:
            call.name += name
        if text:
            call.held.append(text)
        self._start_ready(out)

    def _start_ready(self, out: list[Event]) -> None:
        """Starts calls in their order, as far as they are known."""
        calls = self._calls
        while self._started < len(calls):
            call = calls[self._started]
            whole = call.held or self._started + 1 < len(calls)
            if not (call.id and call.name and whole):
                return
            self._start(call, out)

    def _start(self, call: _Call, out: list[Event]) -> None:
        call.part = self._parts.take()
        self._started += 1
        head = ToolCall(call.id, call.name, "", kind=call.kind, state=call.state)
        out.append(PartStarted(call.part, head, self._choice))
        if call.held:
            call.empty = False
            out.append(InputDelta(call.part, "".join(call.held), self._choice))
            call.held.clear()
