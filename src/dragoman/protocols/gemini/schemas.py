"""Gemini's OpenAPI schemas (`parameters`, `responseSchema`) as JSON Schema, and back.

https://ai.google.dev/api/caching#Schema: type names in capitals, counts as strings (int64 in proto
JSON). Nothing else is rewritten; fitting a schema to a target is not done here.
"""

from __future__ import annotations

from collections.abc import Callable

from dragoman.neutral.json import Json, JsonObject

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_COUNTS = frozenset(
    {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}
)
_NAMED = frozenset({"properties", "$defs", "definitions", "defs", "patternProperties"})
_SCHEMAS = frozenset({"items", "additionalProperties", "not", "anyOf", "oneOf", "allOf"}) | {
    "prefixItems"
}


def to_json_schema(schema: JsonObject) -> JsonObject:
    """Type names in lower case, counts as numbers, at every depth."""
    return _walked(schema, _lowered)


def to_openapi(schema: JsonObject) -> JsonObject:
    """Type names in capitals, at every depth."""
    return _walked(schema, _raised)


def _walked(schema: JsonObject, leaf: Callable[[str, Json], Json]) -> JsonObject:
    return {key: _value(key, value, leaf) for key, value in schema.items()}


def _value(key: str, value: Json, leaf: Callable[[str, Json], Json]) -> Json:
    if key in _NAMED and isinstance(value, dict):
        return {name: _schema(item, leaf) for name, item in value.items()}
    if key in _SCHEMAS:
        if isinstance(value, list):
            return [_schema(item, leaf) for item in value]
        return _schema(value, leaf)
    return leaf(key, value)


def _schema(value: Json, leaf: Callable[[str, Json], Json]) -> Json:
    return _walked(value, leaf) if isinstance(value, dict) else value


def _lowered(key: str, value: Json) -> Json:
    if key == "type" and isinstance(value, str) and value.lower() in _TYPES:
        return value.lower()
    if key in _COUNTS and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def _raised(key: str, value: Json) -> Json:
    if key == "type" and isinstance(value, str) and value in _TYPES:
        return value.upper()
    return value
