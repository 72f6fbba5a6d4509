"""A call's arguments as its tool's schema wants them: texts and near misses become the declared
types, at any depth. JSON Schema, draft 2020-12, as far as tools use it."""

from __future__ import annotations

from decimal import Decimal

from dragoman.neutral.json import Json, JsonObject
from dragoman.toolcalls.schema_walk import MAX_DEPTH, named, names, objects, resolved
from dragoman.toolcalls.text.lenient import Found, json_in

_NO_SCHEMA: JsonObject = {}
_TRUTHS: dict[str, bool] = {"true": True, "false": False}
_MOST_DIGITS = 100


class Misfit(Exception):
    """The arguments do not fit; the text says where and why, for the model to read."""


def fitted(given: JsonObject, schema: JsonObject, *, texts: bool) -> JsonObject:
    """The arguments in the schema's types.

    texts: the values were written as bare text, so that only the schema tells their type.

    Raises:
        Misfit: they cannot be brought into them.
    """
    value = _Fitting(schema, texts).value(given, schema, "arguments", 0)
    assert isinstance(value, dict)
    return value


def loosely_fitted(given: JsonObject, schema: JsonObject, *, texts: bool) -> JsonObject:
    """The same, where what does not fit stays as it was written: the client's own checks tell the
    model what is wrong with it."""
    try:
        return fitted(given, schema, texts=texts)
    except Misfit:
        pass
    fitting = _Fitting(schema, texts)
    properties = named(schema.get("properties"))
    out: JsonObject = {}
    for key, value in given.items():
        try:
            out[key] = fitting.value(value, properties.get(key), key, 1)
        except Misfit:
            out[key] = value
    return out


class _Fitting:
    def __init__(self, root: JsonObject, texts: bool) -> None:
        self._root = root
        self._texts = texts

    def value(self, value: Json, schema: Json, path: str, depth: int) -> Json:
        rules = schema if isinstance(schema, dict) else _NO_SCHEMA
        if "$ref" in rules:
            rules = resolved(rules["$ref"], self._root) or _NO_SCHEMA
        if depth > MAX_DEPTH:
            return value
        if self._texts and isinstance(value, str) and _kinds(rules) != ["string"]:
            quoted = _whole_json(value) if value.lstrip().startswith('"') else None
            if quoted is not None:
                return _Fitting(self._root, False).value(quoted, rules, path, depth)
        for part in objects(rules.get("allOf")):
            value = self.value(value, {**part, "additionalProperties": True}, path, depth + 1)
        choices = objects(rules.get("anyOf")) or objects(rules.get("oneOf"))
        if choices:
            value = self._chosen(value, choices, path, depth)
        kinds = _kinds(rules)
        if not kinds:
            value = self._untyped(value) if not choices else value
        elif not any(_is(value, kind) for kind in kinds) or (self._texts and len(kinds) > 1):
            value = self._coerced(value, kinds, path)
        return self._checked(value, rules, path, depth)

    def _chosen(self, value: Json, choices: list[JsonObject], path: str, depth: int) -> Json:
        """By the first choice the value fits as it is, else the first it can be made to fit; a bare
        text is taken for text only when it is nothing else."""
        order = sorted(choices, key=lambda one: self._texts and _kinds(one) == ["string"])
        made: list[Json] = []
        for choice in order:
            try:
                new = self.value(value, choice, path, depth + 1)
            except Misfit:
                continue
            if new == value and type(new) is type(value) and not self._texts:
                return new
            made.append(new)
        if not made:
            raise Misfit(f"{path}: fits none of its forms")
        return made[0]

    def _untyped(self, value: Json) -> Json:
        """A bare text without a schema is JSON where it is an object or a list."""
        if self._texts and isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
            found = _whole_json(value)
            return value if found is None else found
        return value

    def _coerced(self, value: Json, kinds: list[str], path: str) -> Json:
        for kind in sorted(kinds, key=lambda kind: kind == "string"):
            if _is(value, kind):
                return value
            new = _as(value, kind)
            if new is not value:
                return new
        raise Misfit(f"{path}: expected {' or '.join(kinds)}")

    def _checked(self, value: Json, rules: JsonObject, path: str, depth: int) -> Json:
        if isinstance(value, dict):
            value = self._object(value, rules, path, depth)
        elif isinstance(value, list) and "items" in rules:
            items = rules["items"]
            value = [
                self.value(one, items, f"{path}[{n}]", depth + 1) for n, one in enumerate(value)
            ]
        allowed = rules.get("enum")
        if isinstance(allowed, list) and value not in allowed:
            raise Misfit(f"{path}: not one of the values it may have")
        if "const" in rules and value != rules["const"]:
            raise Misfit(f"{path}: not the value it must have")
        return value

    def _object(self, value: JsonObject, rules: JsonObject, path: str, depth: int) -> JsonObject:
        properties = named(rules.get("properties"))
        required = names(rules.get("required"))
        others = rules.get("additionalProperties")
        out: JsonObject = {}
        for key, one in value.items():
            where = f"{path}.{key}"
            if key not in properties and others is False and properties:
                raise Misfit(f"{where}: there is no such argument")
            try:
                out[key] = self.value(one, properties.get(key, others), where, depth + 1)
            except Misfit:
                if one is not None or key in required:
                    raise
        missing = [key for key in required if key not in out]
        if missing:
            raise Misfit(f"{path}: {', '.join(missing)} is missing")
        return out


def _kinds(rules: JsonObject) -> list[str]:
    kind = rules.get("type")
    found = [one.lower() for one in ([kind] if isinstance(kind, str) else names(kind))]
    if not found and "properties" in rules:
        return ["object"]
    if found and rules.get("nullable") is True:
        found.append("null")
    return found


def _is(value: Json, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | Decimal) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "null":
            return value is None
    return True


def _as(value: Json, kind: str) -> Json:
    """The value as this type; itself when it cannot be."""
    if kind == "string":
        return _text(value)
    if isinstance(value, str):
        read = _read(value, kind)
        null = kind == "null" and value.strip().lower() in ("null", "none")
        return read if read is not None or null else value
    if kind == "integer" and isinstance(value, Decimal) and _whole(value):
        return int(value)
    return value


def _text(value: Json) -> Json:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | Decimal) else value


def _read(text: str, kind: str) -> Json:
    """A text as this type; None when it is no such thing."""
    if kind == "boolean":
        return _TRUTHS.get(text.strip().lower())
    found = None if kind == "null" else _whole_json(text)
    if kind == "integer" and isinstance(found, Decimal) and _whole(found):
        return int(found)
    return found if found is not None and _is(found, kind) else None


def _whole_json(text: str) -> Json:
    found = json_in(text.strip())
    whole = isinstance(found, Found) and found.closed and not text.strip()[found.end :].strip()
    return found.value if whole and isinstance(found, Found) else None


def _whole(value: Decimal) -> bool:
    return (
        value.is_finite() and value.adjusted() < _MOST_DIGITS and value == value.to_integral_value()
    )
