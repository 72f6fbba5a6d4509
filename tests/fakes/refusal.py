"""What a fake says no with, and the checks that all five make of a JSON body."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

JsonObject = dict[str, Any]


class Refusal(Exception):
    """An error answer; each fake renders it in its own shape."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param


def fields(names: str) -> frozenset[str]:
    """A table of field names, written as one text."""
    return frozenset(names.split())


def fits(pattern: str, text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(pattern, text) is not None


def decoded(text: object, *, url_safe: bool = False) -> bytes | None:
    """The bytes of strict base64, None when it is none. `url_safe` takes the other alphabet too, as
    protobuf JSON does (Google's Python SDK sends it)."""
    if not isinstance(text, str) or not text:
        return None
    if url_safe:
        text = text.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def data_url(url: object) -> tuple[str, bytes] | None:
    """The media type and bytes of a base64 data URL."""
    if not isinstance(url, str) or not (found := re.match(r"data:([^;,]+);base64,", url)):
        return None
    data = decoded(url[found.end() :])
    return None if data is None else (found.group(1), data)


def objects(value: object, where: str) -> list[JsonObject]:
    """A list of objects, or a refusal naming the place."""
    if not isinstance(value, list):
        raise Refusal(f"{where}: expected an array", param=where)
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise Refusal(f"{where}[{index}]: expected an object", param=f"{where}[{index}]")
    return value


def schemas_in(schema: object, where: str) -> Iterator[tuple[str, JsonObject]]:
    """Every schema in a schema, with its path; property names are no keywords."""
    if not isinstance(schema, dict):
        return
    yield where, schema
    for key in ("properties", "$defs", "definitions"):
        inner = schema.get(key)
        if isinstance(inner, dict):
            for name, child in inner.items():
                yield from schemas_in(child, f"{where}.{key}[{name}]")
    for key in ("items", "additionalProperties"):
        yield from schemas_in(schema.get(key), f"{where}.{key}")
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for index, child in enumerate(schema.get(key) or ()):
            yield from schemas_in(child, f"{where}.{key}[{index}]")


def not_strict(schema: JsonObject) -> str | None:
    """Why OpenAI's strict mode refuses a schema: every object closed, every property required."""
    for where, part in schemas_in(schema, "schema"):
        if part.get("type") == "object" or "properties" in part:
            if part.get("additionalProperties") is not False:
                return f"In context={where}, 'additionalProperties' is required to be false."
            if set(part.get("properties", {})) != set(part.get("required", ())):
                return f"In context={where}, 'required' must include every key in properties."
    return None
