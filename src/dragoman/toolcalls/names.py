"""Tool names as the target takes them, and the way back.

Names are made legal and short so that they can be told apart and restored: namespaces become a
prefix, `mcp__a__b__tool` keeps its meaningful end, clashes get `_1`, `_2` …, always alike for the
same list of tools. A tool without namespace keeps its name before any flattened one gets it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from dragoman.neutral.parts import ToolKind
from dragoman.neutral.requests import ProtocolName
from dragoman.toolcalls.limits import LIMITS

NO_KEYS: Mapping[str, str] = {}


class Declared(msgspec.Struct, frozen=True):
    """A tool as the client knows it. `keys` are renamed properties: the target's name → ours."""

    name: str
    namespace: str = ""
    kind: ToolKind = "function"
    keys: Mapping[str, str] = NO_KEYS


class ToolNames:
    """Which name each of a request's tools has on the wire.

    `is_identity`: the answer needs no restoring at all.
    """

    def __init__(self, protocol: ProtocolName, tools: Iterable[Declared], *, flatten: bool) -> None:
        self._limits = LIMITS[protocol]
        self._flatten = flatten
        self._wire: dict[tuple[str, str], tuple[str, str]] = {}
        self._declared: dict[tuple[str, str], Declared] = {}
        self._suffix: dict[str, int] = {}
        declared = list(tools)
        for tool in sorted(declared, key=lambda tool: tool.namespace != ""):
            self._assign(tool)
        self._bare = _unambiguous((tool.name, tool) for tool in declared)
        self._folded = _unambiguous(
            (name.casefold(), tool) for (_, name), tool in self._declared.items()
        )

    @property
    def is_identity(self) -> bool:
        return all(
            (tool.namespace, tool.name) == wire
            and not tool.keys
            and not (self._flatten and tool.kind == "custom")
            for wire, tool in self._declared.items()
        )

    def declared(self, namespace: str, name: str) -> Declared | None:
        """The tool a call of the history or a tool choice means; a namespace may be left out."""
        wire = self._wire.get((namespace, name))
        if wire is not None:
            return self._declared[wire]
        return None if namespace else self._bare.get(name)

    def to_wire(self, namespace: str, name: str, kind: ToolKind = "function") -> tuple[str, str]:
        """(namespace, name) as the target reads them, for declared tools and for others."""
        tool = self.declared(namespace, name)
        if tool is None:
            if kind == "function" and self._is_legal(namespace, name):
                return namespace, name
            tool = Declared(name, namespace, kind)
            self._assign(tool)
        return self._wire[tool.namespace, tool.name]

    def from_wire(self, namespace: str, name: str) -> Declared | None:
        """The tool a model's call means: by its exact name, by the client's own name for it, or
        whatever the casing, where that is unambiguous. None: never declared."""
        found = self._declared.get((namespace, name))
        if found is None and not namespace:
            found = self._bare.get(name) or self._folded.get(name.casefold())
        return found

    def _is_legal(self, namespace: str, name: str) -> bool:
        if namespace and self._flatten:
            return False
        return self._legal(name) == name and 0 < len(name) <= self._limits.name_max

    def _legal(self, name: str) -> str:
        legal = re.sub(f"[^{self._limits.name_alphabet}]", "_", name)
        start = self._limits.name_start
        return f"_{legal}" if start and not re.match(f"[{start}]", legal) else legal

    def _assign(self, tool: Declared) -> None:
        if (tool.namespace, tool.name) in self._wire:
            return
        longest = self._limits.name_max
        flat = tool.namespace and self._flatten
        name = self._legal(f"{tool.namespace}__{tool.name}" if flat else tool.name)
        if len(name) > longest:
            name = _meaningful_end(name, self._legal(tool.name))
        base = name[:longest] or "tool"
        wire = (("" if self._flatten else tool.namespace), base)
        number = self._suffix.get(base, 0)
        while wire in self._declared:
            number += 1
            suffix = f"_{number}"
            wire = (wire[0], base[: longest - len(suffix)] + suffix)
        self._suffix[base] = number
        self._wire[tool.namespace, tool.name] = wire
        self._declared[wire] = tool


def _meaningful_end(name: str, own: str) -> str:
    """What of a name that is too long says most: of an MCP tool the server's tool, of a tool in a
    namespace its own name."""
    head, _, end = name.rpartition("__")
    return f"mcp__{end}" if head.startswith("mcp__") and end else own


def _unambiguous(pairs: Iterable[tuple[str, Declared]]) -> dict[str, Declared]:
    found: dict[str, Declared | None] = {}
    for key, tool in pairs:
        found[key] = None if key in found and found[key] != tool else tool
    return {key: tool for key, tool in found.items() if tool is not None}
