"""Schemas for Gemini (`parametersJsonSchema`, `responseJsonSchema`; Gemini API, "Function calling"
and "Structured output", v1beta, 2026-11), which reads a subset of JSON Schema.

In order: malformed maps repaired, references written out, const → enum, enum values to strings,
constraints moved into the description, conditions and allOf merged, the best branch of a union
taken, type lists → first type + nullable, unknown keywords removed, `required` pruned.
"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject, encode_text
from dragoman.toolcalls.schema_json import implied_type, lower_types, object_root
from dragoman.toolcalls.schema_walk import (
    MAX_DEPTH,
    OF_NAMED_SCHEMAS,
    OF_SCHEMA,
    OF_SCHEMAS,
    named,
    names,
    noted,
    objects,
    resolved,
)

MAX_NODES = 5_000
"""References may multiply; beyond this many schemas they are named, not written out."""

_CONSTRAINTS = (
    "minLength", "maxLength", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern",
    "minItems", "maxItems", "uniqueItems", "format", "default", "examples",
)  # fmt: skip
_KEPT = frozenset(
    ("type", "title", "description", "enum", "properties", "required", "items", "nullable",
     "minimum", "maximum", "propertyOrdering"),
)  # fmt: skip
_KEYWORDS = frozenset(
    (*_KEPT, *OF_SCHEMA, *OF_SCHEMAS, *OF_NAMED_SCHEMAS, *_CONSTRAINTS, "$ref", "const", "$schema"),
)


def fit_gemini(schema: JsonObject) -> JsonObject:
    """A schema Gemini takes, with an object at its root; the same object when it is one."""
    plain = lower_types(schema)
    clean = object_root(_Cleaning(plain).clean(object_root(_mended(plain)), ()))
    return schema if clean == schema else clean


def fit_gemini_output(schema: JsonObject) -> JsonObject:
    """The same for an answer's schema, whose root may be anything."""
    plain = lower_types(schema)
    clean = _Cleaning(plain).clean(plain, ())
    return schema if clean == schema else clean


def _mended(schema: JsonObject) -> JsonObject:
    """A bare map of properties where a schema should be, as the object it means."""
    if not schema or any(key in _KEYWORDS or key.startswith("$") for key in schema):
        return schema
    if any(not isinstance(value, dict) for value in schema.values()):
        return schema
    return {"type": "object", "properties": dict(schema)}


class _Cleaning:
    """One schema being cleaned: its root for references, and how much has been written out."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._nodes = 0

    def clean(self, schema: JsonObject, path: tuple[str, ...], depth: int = 0) -> JsonObject:
        """`path` are the references being written out around this schema."""
        schema, path = self._settled(schema, path, depth)
        schema = _implied(_one_type(schema))
        clean = {k: v for k, v in schema.items() if k in _KEPT}
        if isinstance(clean.get("properties"), dict):
            self._clean_properties(clean, path, depth)
        else:
            clean.pop("properties", None)
            clean.pop("required", None)
        if clean.get("type") == "array":
            items = clean.get("items")
            items = items[0] if isinstance(items, list) and items else items
            inner: JsonObject = {"type": "string"}
            if isinstance(items, dict) and items:
                inner = items
            clean["items"] = self.clean(inner, path, depth + 1)
        else:
            clean.pop("items", None)
        return clean

    def _clean_properties(self, clean: JsonObject, path: tuple[str, ...], depth: int) -> None:
        required = names(clean.get("required"))
        properties: JsonObject = {}
        for name, value in named(clean["properties"]).items():
            inner = value if isinstance(value, dict) else {}
            if inner.get("required") is True and name not in required:
                required.append(name)
            properties[name] = self.clean(inner, path, depth + 1)
        clean["properties"] = properties
        required = [name for name in required if name in properties]
        if required:
            clean["required"] = list(required)
        else:
            clean.pop("required", None)

    def _settled(
        self, schema: JsonObject, path: tuple[str, ...], depth: int
    ) -> tuple[JsonObject, tuple[str, ...]]:
        """One schema without references, constants, conditions, allOf and unions."""
        self._nodes += 1
        schema, path = self._referred(schema, path)
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            return {"type": "object"}, path
        schema = _constraints_told(_enumerated(schema))
        parts = [(part, True) for part in objects(schema.get("allOf"))]
        parts += [
            (part, False) for k in ("then", "else") if isinstance(part := schema.get(k), dict)
        ]
        for part, binding in parts:
            settled, _ = self._settled(part, path, depth + 1)
            schema = _joined(schema, settled, binding=binding)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                found = objects(schema[key])
                branches = [self._settled(branch, path, depth + 1)[0] for branch in found]
                schema = _with_branch({k: v for k, v in schema.items() if k != key}, branches)
        return schema, path

    def _referred(
        self, schema: JsonObject, path: tuple[str, ...]
    ) -> tuple[JsonObject, tuple[str, ...]]:
        """References followed; one that leads into itself is named in the description instead."""
        while "$ref" in schema:
            reference = schema["$ref"]
            rest = {k: v for k, v in schema.items() if k != "$ref"}
            target = resolved(reference, self._root)
            name = reference if isinstance(reference, str) else ""
            if target is None or name in path:
                hint = f"see: {name.rpartition('/')[2]}"
                return noted({"type": "object", **rest}, hint), path
            path = (*path, name)
            schema = {**target, **rest}
        return schema, path


def _joined(schema: JsonObject, part: JsonObject, *, binding: bool) -> JsonObject:
    """Two schemas for one value. What only a condition requires is not required."""
    merged = {**part, **schema}
    told = [d for one in (schema, part) if isinstance(d := one.get("description"), str)]
    if told:
        merged["description"] = " ".join(dict.fromkeys(told))
    if "properties" in part:
        merged["properties"] = {**named(part["properties"]), **named(schema.get("properties"))}
    if "required" in merged:
        needed = names(schema.get("required"))
        merged["required"] = [*needed, *(names(part.get("required")) if binding else ())]
    return merged


def _with_branch(rest: JsonObject, branches: list[JsonObject]) -> JsonObject:
    values = [b for b in branches if b.get("type") != "null"]
    if len(values) < len(branches):
        rest = {**rest, "nullable": True}
    if not values:
        return rest
    enums = [b["enum"] for b in values if isinstance(b.get("enum"), list)]
    if len(enums) == len(values):
        every = [v for enum in enums if isinstance(enum, list) for v in enum]
        return _joined(
            {**rest, "enum": list(dict.fromkeys(map(str, every)))}, values[0], binding=True
        )
    best = max(values, key=_richness)
    kinds = dict.fromkeys(str(kind) for b in values if isinstance(kind := b.get("type"), str))
    joined = _joined(rest, best, binding=True)
    return noted(joined, f"accepts: {' | '.join(kinds)}") if len(kinds) > 1 else joined


def _richness(branch: JsonObject) -> int:
    if branch.get("type") == "object" or "properties" in branch:
        return 2
    return 1 if branch.get("type") == "array" or "items" in branch else 0


def _enumerated(schema: JsonObject) -> JsonObject:
    """const as an enum of one, enum values as the strings Gemini wants, null as nullable."""
    values: Json = [schema["const"]] if "const" in schema else schema.get("enum")
    if not isinstance(values, list):
        return schema
    rest = {k: v for k, v in schema.items() if k != "const"}
    kept = [v for v in values if v is not None]
    if len(kept) < len(values):
        rest["nullable"] = True
    if not kept:
        return {k: v for k, v in rest.items() if k != "enum"}
    texts: list[Json] = [v if isinstance(v, str) else encode_text(v) for v in kept]
    return {**rest, "type": "string", "enum": texts}


def _constraints_told(schema: JsonObject) -> JsonObject:
    """Constraints Gemini does not know, as words for the model."""
    notes = [f"{key}: {_said(schema[key])}" for key in _CONSTRAINTS if key in schema]
    return noted(schema, *notes) if notes else schema


def _said(value: Json) -> str:
    return value if isinstance(value, str) else encode_text(value)


def _one_type(schema: JsonObject) -> JsonObject:
    kind = schema.get("type")
    if not isinstance(kind, list):
        return schema
    kinds = names(kind)
    first = next((k for k in kinds if k != "null"), None)
    rest = {k: v for k, v in schema.items() if k != "type"}
    if "null" in kinds:
        rest["nullable"] = True
    return {**({"type": first} if first else {}), **rest}


def _implied(schema: JsonObject) -> JsonObject:
    """With a type where other keywords imply one and none, or none that is a type, is given."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return schema
    implied = implied_type(schema) or ("string" if "type" in schema else None)
    rest = {k: v for k, v in schema.items() if k != "type"}
    return {"type": implied, **rest} if implied else rest
