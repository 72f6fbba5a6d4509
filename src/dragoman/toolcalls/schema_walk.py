"""A JSON Schema as a tree: which keywords hold schemas, and how to rewrite them from the leaves up.

A property named like a keyword (`title`, `format`, `$ref`) is never taken for one, for only places
that hold schemas are entered. JSON Schema Core and Validation, draft 2020-12.
"""

from __future__ import annotations

from collections.abc import Callable

from dragoman.neutral.json import Json, JsonObject

MAX_DEPTH = 64
"""Deeper schemas than any model fills in; what lies below is left as it is."""

OF_SCHEMA = frozenset(
    ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
     "additionalItems", "unevaluatedItems", "unevaluatedProperties"),
)  # fmt: skip
OF_SCHEMAS = frozenset(("anyOf", "oneOf", "allOf", "prefixItems", "items"))
OF_NAMED_SCHEMAS = frozenset(
    ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"),
)

Visit = Callable[[JsonObject], JsonObject]


def rewritten(schema: JsonObject, visit: Visit, depth: int = 0) -> JsonObject:
    """The schema with `visit` applied to each subschema, inner ones first.

    What `visit` returns unchanged stays the same object, so an untouched schema is itself.
    """
    if depth > MAX_DEPTH:
        return schema
    changed: JsonObject = {}
    for key, value in schema.items():
        new = _child(key, value, visit, depth + 1)
        if new is not value:
            changed[key] = new
    return visit({**schema, **changed} if changed else schema)


def _child(key: str, value: Json, visit: Visit, depth: int) -> Json:
    if isinstance(value, dict):
        if key in OF_SCHEMA:
            return rewritten(value, visit, depth)
        if key in OF_NAMED_SCHEMAS:
            new = {k: _schema(v, visit, depth) for k, v in value.items()}
            return value if all(new[k] is v for k, v in value.items()) else new
    elif isinstance(value, list) and key in OF_SCHEMAS:
        listed = [_schema(v, visit, depth) for v in value]
        same = all(new is old for new, old in zip(listed, value, strict=True))
        return value if same else listed
    return value


def _schema(value: Json, visit: Visit, depth: int) -> Json:
    return rewritten(value, visit, depth) if isinstance(value, dict) else value


def resolved(reference: Json, root: JsonObject) -> JsonObject | None:
    """The schema a local `$ref` ("#/$defs/Item") points at, or None."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    at: Json = root
    for step in reference[1:].split("/")[1:]:
        if not isinstance(at, dict):
            return None
        at = at.get(step.replace("~1", "/").replace("~0", "~"))
    return at if isinstance(at, dict) else None


def objects(value: Json) -> list[JsonObject]:
    """The objects of a list of schemas; anything else holds none."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def named(value: Json) -> JsonObject:
    """A map of schemas; anything else is an empty one."""
    return value if isinstance(value, dict) else {}


def names(value: Json) -> list[str]:
    """The strings of a list such as `required`, each once."""
    if not isinstance(value, list):
        return []
    return list(dict.fromkeys(v for v in value if isinstance(v, str)))


def noted(schema: JsonObject, *notes: str) -> JsonObject:
    """The schema with notes for the model behind its description."""
    said = schema.get("description")
    text = said if isinstance(said, str) else ""
    new = [note for note in notes if note not in text]
    if not new:
        return schema
    joined = f"({', '.join(new)})"
    return {**schema, "description": f"{text} {joined}" if text else joined}
