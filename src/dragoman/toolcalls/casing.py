"""Tool names that a model tells in another letter case than they were declared in (`bash` for
`Bash`), restored: Amp refuses a call by a name that is not exactly a tool's.

A name that fits several tools but for its case is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from dragoman.neutral.events import Event, PartStarted
from dragoman.neutral.json import Json, decode, encode
from dragoman.neutral.parts import ToolCall

_CALLS = frozenset({"tool_use", "function_call", "custom_tool_call"})
_HOLDERS = frozenset({"function", "functionCall"})
_INPUTS = frozenset({"input", "arguments", "args"})
"""What a call is given: nothing in there is a call."""
_MARKS = tuple(f'"{name}"'.encode() for name in ("tool_calls", "functionCall", *sorted(_CALLS)))


def declared_names(tools: object) -> Iterator[str]:
    """The names in a request's `tools`, in any protocol's form."""
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, dict):
            continue
        nested = tool.get("functionDeclarations") or tool.get("function_declarations")
        yield from declared_names(nested)
        for holder in (tool, tool.get("function")):
            name = holder.get("name") if isinstance(holder, dict) else None
            if isinstance(name, str):
                yield name


class Casing:
    """The declared names of one request. False where there are none."""

    def __init__(self, names: Iterable[str]) -> None:
        self._exact = frozenset(names)
        self._by_case: dict[str, str] = {}
        for name in self._exact:
            other = self._by_case.setdefault(name.lower(), name)
            if other != name:
                self._by_case[name.lower()] = ""

    def __bool__(self) -> bool:
        return bool(self._exact)

    def of(self, name: str) -> str:
        """The declared name that this one stands for; itself where that is not sure."""
        return name if name in self._exact else self._by_case.get(name.lower()) or name

    def apply(self, event: Event) -> list[Event]:
        """A stage of a converted answer."""
        if isinstance(event, PartStarted) and isinstance(event.head, ToolCall):
            head = msgspec.structs.replace(event.head, name=self.of(event.head.name))
            return [PartStarted(event.index, head, event.choice)]
        return [event]

    def rewritten(self, document: bytes) -> bytes:
        """A passed frame's JSON, or a whole answer; its bytes stay where no name is to change."""
        if not any(mark in document for mark in _MARKS):
            return document
        try:
            value = decode(document)
        except ValueError:
            return document
        return encode(value) if self._restore(value, "") else document

    def _restore(self, value: Json, key: str) -> bool:
        """Whether a name had to be changed."""
        if isinstance(value, list):
            return max((self._restore(inner, key) for inner in value), default=False)
        if not isinstance(value, dict):
            return False
        changed = [self._restore(one, name) for name, one in value.items() if name not in _INPUTS]
        name = value.get("name")
        if isinstance(name, str) and (key in _HOLDERS or value.get("type") in _CALLS):
            value["name"] = self.of(name)
            changed.append(value["name"] != name)
        return any(changed)
