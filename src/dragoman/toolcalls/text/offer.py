"""The tools as a model without function calling knows them: by one name each, looked up the way
models write names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from dragoman.neutral.json import JsonObject
from dragoman.neutral.parts import ToolKind
from dragoman.neutral.requests import CustomTool, FunctionTool

_PREFIXES = ("functions.", "function.", "tools.", "default_api.")


class Offered(msgspec.Struct, frozen=True):
    """One tool. `told` is the name the model reads; `schema` its parameters, {} when none were
    given or the tool takes free text."""

    told: str
    name: str
    namespace: str
    kind: ToolKind
    description: str
    schema: JsonObject


def told_name(namespace: str, name: str) -> str:
    """What a tool is called in the text."""
    return f"{namespace}__{name}" if namespace else name


class Offer:
    """All of a request's tools, in their order, the first of each name."""

    def __init__(self, tools: Iterable[FunctionTool | CustomTool]) -> None:
        self._by_name: dict[str, Offered] = {}
        for tool in tools:
            one = _offered(tool)
            self._by_name.setdefault(one.told, one)
        self._loosely: dict[str, Offered | None] = {}
        for one in self:
            for key in {one.name, one.name.casefold(), one.told.casefold()}:
                self._loosely[key] = None if key in self._loosely else one

    def __iter__(self) -> Iterator[Offered]:
        return iter(self._by_name.values())

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def find(self, name: str) -> Offered | None:
        """The tool a model means: by its exact name, else without a prefix models put before it,
        its namespace or its letters' case, where that is unambiguous."""
        name = name.strip()
        for prefix in _PREFIXES:
            if name.startswith(prefix) and name not in self._by_name:
                name = name[len(prefix) :]
        found = self._by_name.get(name)
        if found is None:
            found = self._loosely.get(name) or self._loosely.get(name.casefold())
        return found


def _offered(tool: FunctionTool | CustomTool) -> Offered:
    told = told_name(tool.namespace, tool.name)
    if isinstance(tool, CustomTool):
        return Offered(told, tool.name, tool.namespace, "custom", _free_text(tool), {})
    schema = tool.parameters or {}
    return Offered(told, tool.name, tool.namespace, "function", tool.description, schema)


def _free_text(tool: CustomTool) -> str:
    definition = (tool.grammar or {}).get("definition")
    if not isinstance(definition, str):
        return tool.description
    grammar = f"Its input matches this grammar:\n{definition}"
    return f"{tool.description}\n\n{grammar}" if tool.description else grammar
