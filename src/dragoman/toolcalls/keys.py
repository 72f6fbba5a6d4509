"""Names of a tool's parameters that the target refuses (Claude Code's Grep has `-A`): renamed at
the top level of the schema, forth in the history's calls and back in the answer's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dragoman.neutral.json import Json, JsonObject, encode_text, object_of
from dragoman.neutral.requests import ProtocolName
from dragoman.toolcalls.limits import LIMITS


def with_legal_keys(
    schema: JsonObject, protocol: ProtocolName
) -> tuple[JsonObject, dict[str, str]]:
    """The schema with legal parameter names, and {name on the wire: the client's}, which holds the
    renamed ones only."""
    pattern = LIMITS[protocol].property_pattern
    properties = schema.get("properties")
    if not pattern or not isinstance(properties, dict):
        return schema, {}
    legal = re.compile(pattern)
    illegal = [name for name in properties if not legal.fullmatch(name)]
    if not illegal:
        return schema, {}
    renamed: dict[str, str] = {}
    taken = set(properties)
    for name in illegal:
        wire = _legal(name, legal, taken)
        taken.add(wire)
        renamed[wire] = name
    forth = {name: wire for wire, name in renamed.items()}
    fitted: JsonObject = {
        **schema,
        "properties": {forth.get(k, k): v for k, v in properties.items()},
    }
    for listing in ("required", "propertyOrdering"):
        names = schema.get(listing)
        if isinstance(names, list):
            fitted[listing] = [forth.get(n, n) if isinstance(n, str) else n for n in names]
    return fitted, renamed


def _legal(name: str, legal: re.Pattern[str], taken: set[str]) -> str:
    base = re.sub(r"[^a-zA-Z0-9_.-]", "_", name)[:60]
    base = base if legal.fullmatch(base) else f"_{base.lstrip('-')}"
    wire, number = base, 0
    while wire in taken:
        number += 1
        wire = f"{base}_{number}"
    return wire


def rekeyed(arguments: str, keys: Mapping[str, str]) -> str:
    """A call's arguments with these top-level keys renamed; untouched when none is there."""
    given = object_of(arguments)
    if given is None or not any(key in given for key in keys):
        return arguments
    new: dict[str, Json] = {keys.get(key, key): value for key, value in given.items()}
    return encode_text(new)
