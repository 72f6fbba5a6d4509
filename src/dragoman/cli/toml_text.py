"""A table and top-level values put into a TOML file (Codex' config.toml), with all else as it is
written. What comes out is read again and must say what was meant, or nothing is changed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from dragoman.neutral.json import Json

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_REMARKS = re.compile(r"^(?:[ \t]*(?:#[^\n]*)?\n)*\Z", re.MULTILINE)
"""Blank lines and comments at a text's end: they belong to what follows."""


def with_values(text: str, top: Mapping[str, str], table: str, values: Mapping[str, Json]) -> str:
    """The text with `top` at its beginning and `[table]` (two names with a dot between) made of
    `values`, in place of what is there of them.

    Raises:
        ValueError: it is no TOML, or written in a way that cannot be changed safely.
    """
    document = tomllib.loads(text)
    first, second = table.split(".")
    of_first = document.get(first, {})
    if not isinstance(of_first, dict):
        raise ValueError(f"{first} is no table")
    wanted = {**document, **top, first: {**of_first, second: dict(values)}}
    if wanted == document:
        return text
    out = _with_table(text, table, values)
    for key, value in reversed(list(top.items())):
        out = _with_line(out, key, value)
    if tomllib.loads(out) != wanted:
        raise ValueError("it is written in a way that cannot be changed safely")
    return out


def _with_line(text: str, key: str, value: str) -> str:
    line = f"{key} = {_value(value)}"
    header = _HEADER.search(text)
    end = header.start() if header else len(text)
    head, rest = text[:end], text[end:]
    written = re.compile(rf"^{re.escape(key)}\s*=[^\n#]*?(?=[ \t]*(?:#|$))", re.MULTILINE)
    if written.search(head):
        return written.sub(lambda _: line, head, count=1) + rest
    return f"{line}\n{text}"


def _with_table(text: str, table: str, values: Mapping[str, Json]) -> str:
    body = "\n".join([f"[{table}]", *(f"{key} = {_value(value)}" for key, value in values.items())])
    start = re.search(rf"^\[{re.escape(table)}\][^\n]*$", text, re.MULTILINE)
    if start is None:
        return f"{text.rstrip()}\n\n{body}\n" if text.strip() else body + "\n"
    following = _HEADER.search(text, start.end())
    end = following.start() if following else len(text)
    old = text[start.end() : end]
    remarks = _REMARKS.search(old.removeprefix("\n"))
    return text[: start.start()] + body + "\n" + (remarks[0] if remarks else "") + text[end:]


def _value(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
