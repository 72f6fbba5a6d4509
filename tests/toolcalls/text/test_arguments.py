"""Arguments in the types their schema declares."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dragoman.neutral.json import Json, JsonObject
from dragoman.toolcalls.text.arguments import Misfit, fitted, loosely_fitted

ITEM: JsonObject = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "on": {"type": "boolean"}},
    "required": ["n"],
    "additionalProperties": False,
}
DEEP: JsonObject = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/item"}}},
    "$defs": {"item": ITEM},
}


def one(schema: Json, value: Json, *, texts: bool = False) -> Json:
    return fitted({"x": value}, {"properties": {"x": schema}}, texts=texts)["x"]


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "5", "5"),
        ({"type": "string"}, '{"a": 1}', '{"a": 1}'),
        ({"type": "string"}, "Map<string, User> && x", "Map<string, User> && x"),
        ({"type": "integer"}, "5.0", 5),
        ({"type": "integer"}, " 18446744073709551615 ", 18446744073709551615),
        ({"type": "number"}, "0.10", Decimal("0.10")),
        ({"type": "boolean"}, "True", True),
        ({"type": "array"}, "[1, 'a',]", [1, "a"]),
        ({"type": "object"}, '{"a": {"b": "c"}}', {"a": {"b": "c"}}),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": ["string", "null"]}, "none of it", "none of it"),
        ({"type": "string", "nullable": True}, "null", None),
        ({"type": ["string", "integer"]}, "7", 7),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "7", 7),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "seven", "seven"),
        ({"oneOf": [{"type": "array"}, {"type": "null"}]}, "[]", []),
        ({}, '{"a": 1}', {"a": 1}),
        ({}, "[broken", "[broken"),
        ({}, "12", "12"),
        (True, "12", "12"),
        ({"enum": ["a", "b"]}, "a", "a"),
        ({"type": "integer", "enum": [1, 2]}, "2", 2),
        ({"const": "a"}, "a", "a"),
        ({"type": "strange"}, "a", "a"),
    ],
)
def test_a_bare_text_becomes_the_declared_type(schema: Json, text: str, value: Json) -> None:
    found = one(schema, text, texts=True)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("schema", "given", "value"),
    [
        ({"type": "string"}, 5, "5"),
        ({"type": "string"}, True, "true"),
        ({"type": "string"}, Decimal("1.50"), "1.50"),
        ({"type": "integer"}, Decimal("5.0"), 5),
        ({"type": "INTEGER"}, "5", 5),
        ({"type": "array", "items": {"type": "integer"}}, ["1", 2], [1, 2]),
        ({"type": ["string", "integer"]}, "7", "7"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "7", "7"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "7", 7),
        ({}, '{"a": 1}', '{"a": 1}'),
        ({"allOf": [ITEM, {"properties": {"m": {"type": "integer"}}}]}, {"n": "1", "m": "2"},
         {"n": 1, "m": 2}),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": "1"}, {"a": 1}),
    ],
)  # fmt: skip
def test_near_misses_become_the_declared_type(schema: Json, given: Json, value: Json) -> None:
    found = one(schema, given)
    assert (found, type(found)) == (value, type(value))


def test_types_are_followed_to_any_depth() -> None:
    given: JsonObject = {"items": '[{"n": "1", "on": "false"}, {"n": 2.0}]'}
    assert fitted(given, DEEP, texts=True) == {"items": [{"n": 1, "on": False}, {"n": 2}]}


def test_a_null_for_what_may_be_left_out_is_left_out() -> None:
    assert fitted({"items": None}, DEEP, texts=False) == {}


def test_schemas_without_end_end() -> None:
    loop: JsonObject = {"type": "object", "properties": {"x": {"$ref": "#"}}}
    value: JsonObject = {}
    for _ in range(100):
        value = {"x": value}
    assert fitted(value, loop, texts=False) == value


@pytest.mark.parametrize(
    ("schema", "given", "why"),
    [
        (ITEM, {}, "n is missing"),
        (ITEM, {"n": None}, "expected integer"),
        (ITEM, {"n": "x"}, "expected integer"),
        (ITEM, {"n": True}, "expected integer"),
        (ITEM, {"n": Decimal("1.5")}, "expected integer"),
        (ITEM, {"n": 1, "m": 2}, "arguments.m: there is no such argument"),
        (ITEM, {"n": 1, "on": "maybe"}, "arguments.on: expected boolean"),
        ({"properties": {"a": {"type": "string"}}}, {"a": {}}, "arguments.a: expected string"),
        ({"properties": {"a": {"type": "string"}}}, {"a": [1]}, "expected string"),
        ({"properties": {"a": {"enum": ["x"]}}}, {"a": "y"}, "not one of the values"),
        ({"properties": {"a": {"const": "x"}}}, {"a": "y"}, "not the value"),
        ({"properties": {"a": {"anyOf": [{"type": "integer"}, ITEM]}}}, {"a": "y"}, "none of its"),
        (DEEP, {"items": [{"n": 1}, {}]}, "arguments.items[1]: n is missing"),
        ({"type": "array"}, {}, "expected array"),
    ],
)
def test_what_does_not_fit_says_why(schema: JsonObject, given: JsonObject, why: str) -> None:
    with pytest.raises(Misfit, match=why.replace("[", r"\[")):
        fitted(given, schema, texts=False)


def test_loosely_what_does_not_fit_stays() -> None:
    assert loosely_fitted({"n": "1", "on": "maybe", "m": "2"}, ITEM, texts=True) == {
        "n": 1,
        "on": "maybe",
        "m": "2",
    }
