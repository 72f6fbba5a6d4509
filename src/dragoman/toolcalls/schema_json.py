"""Schemas for targets that read JSON Schema: OpenAI-compatible Chat and Responses servers, Ollama,
Anthropic. Only what they refuse is repaired; a schema with nothing to repair stays the same object.

OpenAI "Function calling" (2026-11): the root is an object with `properties`. Anthropic "Tool use"
(2023-06-01): the same, and no union at the root. Ollama's API page, "chat" (0.13), as OpenAI.
"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.toolcalls.schema_walk import named, names, objects, resolved, rewritten

_TYPES = frozenset(("object", "array", "string", "number", "integer", "boolean", "null"))
_UNIONS = ("allOf", "anyOf", "oneOf")
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")


def lower_types(schema: JsonObject) -> JsonObject:
    """An OpenAPI schema as Gemini's `responseSchema` and `parameters` have it (OBJECT, `nullable`,
    counts as strings) in JSON Schema's words."""
    return rewritten(schema, _lowered)


def _lowered(schema: JsonObject) -> JsonObject:
    kind = schema.get("type")
    changed: JsonObject = {}
    if isinstance(kind, str) and kind not in _TYPES and kind.lower() in _TYPES:
        changed["type"] = kind = kind.lower()
    for count in _COUNTS:
        value = schema.get(count)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            changed[count] = int(value)
    nullable = schema.get("nullable")
    if not changed and not isinstance(nullable, bool):
        return schema
    if nullable is True and isinstance(kind, str):
        changed["type"] = [kind, "null"]
    return {k: changed.get(k, v) for k, v in schema.items() if k != "nullable"}


def without_encrypted(schema: JsonObject) -> JsonObject:
    """Without `encrypted`, a mark only the Responses API of OpenAI itself knows."""
    return rewritten(schema, _unmarked)


def _unmarked(schema: JsonObject) -> JsonObject:
    if "encrypted" not in schema:
        return schema
    return {k: v for k, v in schema.items() if k != "encrypted"}


def repaired(schema: JsonObject) -> JsonObject:
    """Types that are none, boolean schemas as properties, arrays without items: made right."""
    return rewritten(schema, _repaired)


def _repaired(schema: JsonObject) -> JsonObject:
    changed: JsonObject = {}
    kind = schema.get("type")
    if "type" in schema and not _is_type(kind):
        changed["type"] = kind = implied_type(schema) or "string"
    properties = schema.get("properties")
    if isinstance(properties, dict):
        if any(not isinstance(v, dict) for v in properties.values()):
            changed["properties"] = {
                k: v if isinstance(v, dict) else {} for k, v in properties.items()
            }
    elif "properties" in schema:
        changed["properties"] = {}
    if kind == "array" and "items" not in schema and "prefixItems" not in schema:
        changed["items"] = {}
    if "required" in schema and not isinstance(schema["required"], list):
        changed["required"] = []
    return {**schema, **changed} if changed else schema


def _is_type(kind: Json) -> bool:
    if isinstance(kind, list):
        return bool(kind) and all(isinstance(k, str) and k in _TYPES for k in kind)
    return isinstance(kind, str) and kind in _TYPES


def implied_type(schema: JsonObject) -> str | None:
    """The type that a schema's other keywords speak of."""
    if "properties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "string" if "enum" in schema else None


def object_root(schema: JsonObject) -> JsonObject:
    """The schema with an object at its root: a reference followed, unions merged into one object,
    `properties` there."""
    root = schema
    if "$ref" in root and "properties" not in root:
        target = resolved(root["$ref"], root) or {}
        root = {**target, **{k: v for k, v in root.items() if k != "$ref"}}
    if any(key in root for key in _UNIONS):
        root = _merged_unions(root)
    if root.get("type") != "object":
        root = {"type": "object", **{k: v for k, v in root.items() if k != "type"}}
    if "properties" not in root:
        root = {**root, "properties": {}}
    return root


def _merged_unions(root: JsonObject) -> JsonObject:
    """One object with every branch's properties. What all branches of a choice require stays
    required, so no valid input is refused."""
    properties = dict(named(root.get("properties")))
    required = names(root.get("required"))
    for key in _UNIONS:
        branches = [_followed(branch, root) for branch in objects(root.get(key))]
        for branch in branches:
            for name, value in named(branch.get("properties")).items():
                properties.setdefault(name, value)
        needed = [names(branch.get("required")) for branch in branches]
        if key == "allOf":
            required += [name for one in needed for name in one]
        elif needed:
            required += [n for n in needed[0] if all(n in other for other in needed)]
    merged = {k: v for k, v in root.items() if k not in _UNIONS}
    merged["properties"] = properties
    if required:
        merged["required"] = [n for n in dict.fromkeys(required) if n in properties]
    return merged


def _followed(branch: JsonObject, root: JsonObject) -> JsonObject:
    return (resolved(branch["$ref"], root) or branch) if "$ref" in branch else branch


def fit_openai(schema: JsonObject) -> JsonObject:
    schema = object_root(repaired(without_encrypted(lower_types(schema))))
    if "$schema" in schema:
        return {k: v for k, v in schema.items() if k != "$schema"}
    return schema


def fit_anthropic(schema: JsonObject) -> JsonObject:
    return object_root(repaired(without_encrypted(lower_types(schema))))
