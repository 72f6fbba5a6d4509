"""Tags and values of markup as models write it."""

from __future__ import annotations

import re

_ATTRIBUTE = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'/>]+))")
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.DOTALL)
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&apos;": "'"}


def attributes(text: str) -> dict[str, str]:
    """A tag's attributes, quoted either way or not at all."""
    return {found[0]: found[1] or found[2] or found[3] for found in _ATTRIBUTE.findall(text)}


def trimmed(value: str) -> str:
    """A value on lines of its own, without the line breaks that set it apart."""
    for line in ("\r\n", "\n"):
        if value.startswith(line):
            return value[len(line) :].removesuffix(line)
    return value


def unescaped(text: str) -> str:
    return _ENTITY.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    entity = found[0]
    if entity[1] != "#":
        return _ENTITIES[entity]
    code = int(entity[3:-1], 16) if entity[2] == "x" else int(entity[2:-1])
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else entity


def without_cdata(value: str) -> str | None:
    """What a CDATA section holds that is all of the value."""
    found = _CDATA.fullmatch(value)
    return found[1] if found else None
