"""Ids for calls and results, which Ollama's API mostly does without.

A call without an id gets "call_<n>", n its place in the conversation, so that the same history
always has the same ids. A result without an id belongs to the oldest unanswered call of its
`tool_name`; without a name, or when no call of that name waits, to the oldest unanswered call.
Reading gives ids by these rules; writing leaves out an id that reading would give again.
"""

from __future__ import annotations


class CallIds:
    """Walks the conversation once, calls and results in their order."""

    __slots__ = ("_count", "_names", "_used", "_waiting")

    def __init__(self) -> None:
        self._count = 0
        self._used: set[str] = set()
        self._names: dict[str, str] = {}
        self._waiting: list[tuple[str, str]] = []

    def next_call(self) -> str:
        """The id the next call gets when it brings none."""
        name = f"call_{self._count}"
        while name in self._used:
            name += "_"
        return name

    def called(self, call_id: str, name: str) -> None:
        self._count += 1
        self._used.add(call_id)
        self._names[call_id] = name
        self._waiting.append((call_id, name))

    def next_result(self, name: str) -> str:
        """The id the next result gets when it brings none."""
        for call_id, called in self._waiting:
            if called == name:
                return call_id
        return self._waiting[0][0] if self._waiting else f"result_{self._count}"

    def answered(self, call_id: str) -> None:
        for index, (waiting, _) in enumerate(self._waiting):
            if waiting == call_id:
                del self._waiting[index]
                return

    def name_of(self, call_id: str) -> str:
        """The tool a call id stands for, "" when no such call was seen."""
        return self._names.get(call_id, "")
