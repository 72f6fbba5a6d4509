"""One value put into a JSON file with comments (JSONC, as Zed, opencode and VS Code keep theirs):
everything else stays as it is written, comments, order and numbers included."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

_BLANK = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCALAR = re.compile(r"[^\s,\]}/]+")


class _Member(NamedTuple):
    key: str
    start: int
    end: int


class _Object(NamedTuple):
    """`members` by their values' spans; `close` is where the brace stands; `comma`: one stands
    behind the last member."""

    members: list[_Member]
    open: int
    close: int
    comma: bool


def plain(text: str) -> Any:
    """What the text says.

    Raises:
        ValueError: it is no JSON, comments and last commas aside.
    """
    pieces: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            string = _STRING.match(text, at)
            if string is None:
                raise ValueError("a text has no end")
            pieces.append(string[0])
            at = string.end()
        elif text.startswith(("//", "/*"), at):
            end = _BLANK.match(text, at)
            assert end is not None
            if end.end() == at:
                raise ValueError("a comment has no end")
            pieces.append(" ")
            at = end.end()
        else:
            pieces.append(text[at])
            at += 1
    return json.loads(_without_last_commas("".join(pieces)))


def _without_last_commas(text: str) -> str:
    return re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', lambda found: found[1] or "", text)


def with_value(text: str, path: Sequence[str], value: Any) -> str:
    """The text with `value` at `path`; objects on the way are made where they are missing.

    Raises:
        ValueError: it is no JSON object, or something else than an object stands on the way.
    """
    document = plain(text) if text.strip() else {}
    if not text.strip():
        text = "{}\n"
    wanted = _expected(document, path, value)
    if wanted == document:
        return text
    out = _put(text, _skip(text, 0), list(path), value, 1)
    if plain(out) != wanted:
        raise ValueError("it is written in a way that cannot be changed safely")
    return out


def _expected(document: Any, path: Sequence[str], value: Any) -> Any:
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    key, *rest = path
    inner = _expected(document.get(key, {}), rest, value) if rest else value
    return {**document, key: inner}


def _put(text: str, at: int, path: list[str], value: Any, depth: int) -> str:
    found = _object(text, at)
    key, *rest = path
    member = next((one for one in found.members if one.key == key), None)
    if member is not None and rest:
        return _put(text, member.start, rest, value, depth + 1)
    for name in reversed(rest):
        value = {name: value}
    indent = "  " * depth
    told = json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n" + indent)
    if member is not None:
        return text[: member.start] + told + text[member.end :]
    line = f"\n{indent}{json.dumps(key)}: {told}"
    if not found.members:
        return text[: found.open + 1] + line + f"\n{indent[2:]}" + text[found.close :]
    end = found.members[-1].end
    if found.comma:
        end = text.index(",", _skip(text, end)) + 1
        return text[:end] + line + text[end:]
    return text[:end] + "," + line + text[end:]


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    assert blank is not None
    return blank.end()


def _object(text: str, at: int) -> _Object:
    """The object whose brace stands at `at`; the text is known to be sound."""
    members: list[_Member] = []
    opened, comma = at, False
    at = _skip(text, at + 1)
    while text[at] != "}":
        string = _STRING.match(text, at)
        assert string is not None
        start = _skip(text, text.index(":", _skip(text, string.end())) + 1)
        end = _value_end(text, start)
        members.append(_Member(json.loads(string[0]), start, end))
        at = _skip(text, end)
        comma = text[at] == ","
        if comma:
            at = _skip(text, at + 1)
    return _Object(members, opened, at, comma)


def _value_end(text: str, at: int) -> int:
    if text[at] == '"':
        string = _STRING.match(text, at)
        assert string is not None
        return string.end()
    if text[at] not in "{[":
        scalar = _SCALAR.match(text, at)
        assert scalar is not None
        return scalar.end()
    depth = 0
    while True:
        at = _skip(text, at)
        if text[at] == '"':
            at = _value_end(text, at)
            continue
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            return at
