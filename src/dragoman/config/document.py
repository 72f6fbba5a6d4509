"""A YAML text as plain values, with the line of every one of them and the environment filled in.

YAML 1.2 by ruamel.yaml's composer: its nodes know their lines, which the constructed values of a
round trip know only in part, and composing alone is the faster half of the work.
Duplicate keys, foreign tags and unset variables are collected, not raised one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dragoman.config.problems import Notice, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG = "tag:yaml.org,2002:"
VARIABLE = re.compile(r"\$?\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<or>:-(?P<default>[^}]*))?\}")
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)")


@dataclass(slots=True)
class Document:
    """The values of one file, ready to be validated."""

    data: dict[str, Any]
    lines: dict[Place, int]
    problems: list[Notice] = field(default_factory=list)

    def line_of(self, place: Place) -> int:
        """The line of a value, or of the nearest thing around it that is written down."""
        while place:
            if place in self.lines:
                return self.lines[place]
            place = place[:-1]
        return self.lines.get((), 0)


class SyntaxProblem(Exception):
    """The text is no YAML mapping; nothing in it can be looked at."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def parse(text: str, environment: Mapping[str, str]) -> Document:
    """Reads one YAML document; an empty one is an empty mapping."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise SyntaxProblem(*_told(error)) from None
    except YAMLError as error:
        raise SyntaxProblem(0, f"not YAML: {error}") from None
    document = Document({}, {(): 1})
    if root is None or (isinstance(root, ScalarNode) and root.tag == TAG + "null"):
        return document
    if not isinstance(root, MappingNode):
        kind = "a list" if isinstance(root, SequenceNode) else "a single value"
        line = root.start_mark.line + 1
        raise SyntaxProblem(line, f"expected settings as `key: value` lines, found {kind}")
    document.data = _Reader(document, environment).mapping(root, ())
    return document


def _told(error: MarkedYAMLError) -> tuple[int, str]:
    mark = error.problem_mark or error.context_mark
    what = error.problem or error.context or "cannot be read"
    line = mark.line + 1 if mark is not None else 0
    if "\\t" in what:
        return line, "not YAML: a tab where YAML wants spaces; indent with spaces"
    if "expected a single document" in f"{error.context} {what}":
        return line, "a second YAML document starts here (`---`); keep one document in the file"
    return line, f"not YAML: {what}; look at indentation, quotes and colons on and above this line"


class _Reader:
    """Turns nodes into values; `inside` holds the nodes being read, against anchors in a ring."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self.document = document
        self.environment = environment
        self.inside: set[int] = set()

    def value(self, node: Node, place: Place) -> Any:
        if isinstance(node, ScalarNode):
            return self.scalar(node, place)
        if id(node) in self.inside:
            self.problem(place, "an anchor that holds itself; write the value out")
            return None
        self.inside.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self.mapping(node, place)
            return [self.entry(child, (*place, at)) for at, child in enumerate(node.value)]
        finally:
            self.inside.discard(id(node))

    def entry(self, node: Node, place: Place) -> Any:
        self.document.lines[place] = node.start_mark.line + 1
        return self.value(node, place)

    def mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: list[Node] = []
        for key, child in node.value:
            line = key.start_mark.line + 1
            if key.tag == TAG + "merge":
                merged += child.value if isinstance(child, SequenceNode) else [child]
                continue
            if not isinstance(key, ScalarNode):
                self.problem(place, f"a key on line {line} is no plain word")
                continue
            own = (*place, key.value)
            if key.value in found:
                first = self.document.lines[own]
                self.document.lines[own] = line
                self.problem(own, f"written twice, first on line {first}; keep one of them")
                continue
            self.document.lines[own] = line
            found[key.value] = self.value(child, own)
        for child in merged:
            self.merge(child, place, found)
        return found

    def merge(self, node: Node, place: Place, found: dict[str, Any]) -> None:
        if not isinstance(node, MappingNode):
            self.problem(place, "`<<` takes a mapping or a list of mappings")
            return
        lines = dict(self.document.lines)
        for key, value in self.mapping(node, place).items():
            found.setdefault(key, value)
        self.document.lines.update(lines)

    def scalar(self, node: ScalarNode, place: Place) -> Any:
        text = node.value
        kind = str(node.tag).removeprefix(TAG)
        if kind == "str":
            return self.filled(text, place) if "${" in text else text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return _whole_number(text)
        if kind == "float":
            return _number(text)
        if kind == "timestamp":
            return text
        self.problem(place, f"the YAML tag {node.tag} means nothing here; remove it")
        return text

    def filled(self, text: str, place: Place) -> str:
        def fill(found: re.Match[str]) -> str:
            if found[0].startswith("$$"):
                return found[0][1:]
            name = found["name"]
            value = self.environment.get(name)
            if found["or"] is not None:
                return value or str(found["default"])
            if value is None:
                self.problem(
                    place,
                    f"the environment variable {name} is not set; "
                    f"set it, or give a default: ${{{name}:-…}}",
                )
                return ""
            return value

        return VARIABLE.sub(fill, text)

    def problem(self, place: Place, message: str) -> None:
        self.document.problems.append(Notice(place, message))


def _whole_number(text: str) -> int | str:
    """Only numbers that read back as they were written; `0123` may be a key and stays text."""
    if DECIMAL.fullmatch(text):
        return int(text)
    if text.lower().startswith(("0x", "0o")):
        return int(text, 0)
    return text


def _number(text: str) -> float | str:
    """No setting is infinite: `.inf` and `.nan` stay text and are refused as such."""
    try:
        return float(text)
    except ValueError:
        return text
