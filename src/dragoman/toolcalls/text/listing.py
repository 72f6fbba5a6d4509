"""A JSON Schema as a list that a model reads at a glance: every argument with its type, whether it
must be there, its values and default, and what is inside it."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.neutral.json import Json, JsonObject, encode_text
from dragoman.toolcalls.schema_walk import named, names, objects, resolved
from dragoman.toolcalls.text.offer import Offer, Offered

_DEEPEST = 8
_LIMITS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
    "minItems", "maxItems", "pattern", "format",
)  # fmt: skip
_NOTHING: JsonObject = {}


def listed(offer: Offer) -> str:
    return "\n\n".join(map(_tool, offer))


def _tool(tool: Offered) -> str:
    lines = [f"## {tool.told}"]
    if tool.description:
        lines.append(tool.description.strip())
    if tool.kind == "custom":
        lines.append("Takes free text instead of arguments.")
    else:
        known = list(_Schema(tool.schema).properties(tool.schema, 0, 0))
        lines += ["Arguments:", *known] if known else ["Takes no arguments."]
    return "\n".join(lines)


class _Schema:
    def __init__(self, root: JsonObject) -> None:
        self._root = root

    def properties(self, schema: Json, indent: int, depth: int) -> Iterator[str]:
        """A line for each property, the ones that must be there first, each with what is in it."""
        rules = self._followed(schema)
        parts = [rules, *(self._followed(one) for one in objects(rules.get("allOf")))]
        properties = {k: v for part in parts for k, v in named(part.get("properties")).items()}
        required = {name for part in parts for name in names(part.get("required"))}
        for key in sorted(properties, key=lambda key: key not in required):
            rules = self._followed(properties[key])
            must = "required" if key in required else "optional"
            yield f"{'  ' * indent}- {key} ({self._kind(rules)}, {must}){self._said(rules)}"
            if depth < _DEEPEST:
                yield from self._inside(rules, indent + 1, depth + 1)

    def _inside(self, rules: JsonObject, indent: int, depth: int) -> Iterator[str]:
        yield from self.properties(rules, indent, depth)
        items = self._followed(rules.get("items"))
        others = self._followed(rules.get("additionalProperties"))
        for inner in (items, others):
            yield from self._inside(inner, indent, depth + 1) if inner and depth < _DEEPEST else ()
        for choice in self._choices(rules):
            if depth < _DEEPEST and any(self._inside(choice, indent, depth + 1)):
                yield f"{'  ' * indent}- either {self._kind(choice)} of:"
                yield from self._inside(choice, indent + 1, depth + 1)

    def _choices(self, rules: JsonObject) -> list[JsonObject]:
        choices = objects(rules.get("anyOf")) or objects(rules.get("oneOf"))
        return [self._followed(one) for one in choices]

    def _followed(self, schema: Json) -> JsonObject:
        if not isinstance(schema, dict):
            return _NOTHING
        if "$ref" not in schema:
            return schema
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**(resolved(schema["$ref"], self._root) or _NOTHING), **beside}

    def _kind(self, rules: JsonObject, depth: int = 0) -> str:
        choices = self._choices(rules)
        if choices and depth < _DEEPEST:
            return " or ".join(dict.fromkeys(self._kind(one, depth + 1) for one in choices))
        kind = rules.get("type")
        kinds = [kind] if isinstance(kind, str) else names(kind)
        if not kinds:
            return "object" if "properties" in rules else "any"
        items = self._followed(rules.get("items"))
        if kinds == ["array"] and items and depth < _DEEPEST:
            return f"array of {self._kind(items, depth + 1)}"
        return " or ".join(kinds)

    def _said(self, rules: JsonObject) -> str:
        """Its description, values, default and limits."""
        out = ""
        description = rules.get("description")
        if isinstance(description, str) and description.strip():
            out += f": {' '.join(description.split())}"
        items = self._followed(rules.get("items"))
        values = rules.get("enum") or items.get("enum")
        notes: list[str] = []
        if isinstance(values, list):
            notes.append(f"one of {', '.join(map(encode_text, values))}")
        notes += [
            f"{key} {encode_text(rules[key])}" for key in ("const", "default") if key in rules
        ]
        notes += [f"{key} {encode_text(rules[key])}" for key in _LIMITS if key in rules]
        return f"{out} [{'; '.join(notes)}]" if notes else out
