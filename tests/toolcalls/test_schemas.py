"""Cases 12 to 14 of cliproxyapi.md §6.3, and the clean-up of its §6.2, step by step."""

from typing import Any

import pytest

from dragoman.neutral.json import JsonObject, encode
from dragoman.neutral.requests import OutputFormat, ProtocolName
from dragoman.toolcalls.limits import Dialect
from dragoman.toolcalls.schemas import fit_output, fit_schema, lower_types

ALL: list[Dialect] = ["openai", "anthropic", "gemini", "ollama"]


def schema_of(properties: JsonObject, *required: str) -> JsonObject:
    listed: JsonObject = {"required": list(required)} if required else {}
    return {"type": "object", "properties": properties, **listed}


@pytest.mark.parametrize("dialect", ALL)
def test_case_14_a_canonical_schema_stays_the_same_object(dialect: Dialect) -> None:
    schema = schema_of(
        {
            "path": {"type": "string", "description": "Where"},
            "lines": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "how": {"type": "string", "enum": ["a", "b"]},
        },
        "path",
    )
    assert fit_schema(schema, dialect) is schema


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "ollama"])
def test_what_these_targets_read_themselves_is_left_as_it_is(dialect: Dialect) -> None:
    schema: JsonObject = {
        **schema_of(
            {
                "to": {"allOf": [{"pattern": "^a"}, {"pattern": "b$"}]},
                "n": {"type": ["integer", "null"], "exclusiveMinimum": 0, "default": 1},
                "u": {"oneOf": [{"type": "string", "format": "uri"}, {"$ref": "#/$defs/X"}]},
                "t": {"type": "array", "prefixItems": [{"type": "string"}, True]},
                "m": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "to",
        ),
        "additionalProperties": False,
        "$defs": {"X": {"type": "boolean"}, "any": True},
    }
    assert fit_schema(schema, dialect) is schema


def test_the_schema_keyword_goes_for_openai_and_stays_for_anthropic() -> None:
    schema: JsonObject = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema_of({}),
    }
    assert fit_schema(schema, "openai") == schema_of({})
    assert fit_schema(schema, "ollama") == schema_of({})
    assert fit_schema(schema, "anthropic") is schema
    assert fit_schema(schema, "gemini") == schema_of({})


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize(
    "schema", [{}, {"type": "object"}, {"type": ["object", "null"]}, {"type": "string"}]
)
def test_case_12_the_root_is_an_object_with_properties(
    dialect: Dialect, schema: JsonObject
) -> None:
    fitted = fit_schema(schema, dialect)
    assert (fitted["type"], fitted["properties"]) == ("object", {})


@pytest.mark.parametrize("dialect", ALL)
def test_case_12_unions_at_the_root_become_one_object(dialect: Dialect) -> None:
    schema: JsonObject = {
        "required": ["z"],
        "properties": {"z": {"type": "string"}},
        "allOf": [schema_of({"a": {"type": "string"}}, "a"), {"$ref": "#/$defs/B"}],
        "oneOf": [
            schema_of({"c": {"type": "string"}, "d": {"type": "string"}}, "c", "d"),
            schema_of({"c": {"type": "integer"}}, "c"),
        ],
        "anyOf": [],
        "$defs": {"B": schema_of({"b": {"type": "string"}}, "b")},
    }
    fitted = fit_schema(schema, dialect)
    assert fitted["type"] == "object"
    assert fitted["properties"] == {name: {"type": "string"} for name in "zabcd"}
    assert fitted["required"] == ["z", "a", "b", "c"]
    assert not {"anyOf", "oneOf", "allOf"} & fitted.keys()


@pytest.mark.parametrize("dialect", ALL)
def test_case_12_a_root_union_without_requirements_requires_nothing(dialect: Dialect) -> None:
    assert fit_schema({"anyOf": [{"$ref": "#/nowhere"}, {"required": ["a"]}]}, dialect) == (
        schema_of({})
    )


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "ollama"])
def test_case_12_types_that_are_none_are_repaired(dialect: Dialect) -> None:
    schema = schema_of(
        {
            "a": {"type": True},
            "b": {"type": 3, "properties": {}},
            "c": {"type": None, "items": {"type": "string"}},
            "d": {"type": ["string", 1]},
            "e": True,
            "f": {"type": "array"},
            "g": {"type": "object", "properties": "none"},
            "h": {"type": "string", "required": True},
            "i": {"type": [], "enum": ["x"]},
        }
    )
    assert fit_schema(schema, dialect)["properties"] == {
        "a": {"type": "string"},
        "b": {"type": "object", "properties": {}},
        "c": {"type": "array", "items": {"type": "string"}},
        "d": {"type": "string"},
        "e": {},
        "f": {"type": "array", "items": {}},
        "g": {"type": "object", "properties": {}},
        "h": {"type": "string", "required": []},
        "i": {"type": "string", "enum": ["x"]},
    }


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "ollama"])
def test_a_root_reference_is_followed(dialect: Dialect) -> None:
    inner = schema_of({"a": {"type": "string"}})
    assert fit_schema({"$ref": "#/$defs/A~1b", "$defs": {"A/b": inner}}, dialect) == {
        **inner,
        "$defs": {"A/b": inner},
    }
    assert fit_schema({"$ref": "https://x/y"}, dialect) == schema_of({})
    assert fit_schema({"$ref": "#/$defs/a/b", "$defs": {"a": 1}}, dialect)["properties"] == {}


@pytest.mark.parametrize("dialect", ALL)
def test_the_mark_encrypted_goes_but_not_a_property_of_that_name(dialect: Dialect) -> None:
    schema = schema_of({"encrypted": {"type": "string", "encrypted": True}})
    assert fit_schema(schema, dialect) == schema_of({"encrypted": {"type": "string"}})


@pytest.mark.parametrize("dialect", ALL)
def test_gemini_types_in_capitals_are_understood_by_all(dialect: Dialect) -> None:
    schema: JsonObject = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}
    assert fit_schema(schema, dialect) == schema_of({"a": {"type": "string"}})


def test_lower_types_translates_openapi_words() -> None:
    assert lower_types(
        {
            "type": "ARRAY",
            "minItems": "1",
            "maxItems": "x",
            "items": {"type": "INTEGER", "nullable": True},
            "properties": {"nullable": {"type": "Mystery", "nullable": False}},
        }
    ) == {
        "type": "array",
        "minItems": 1,
        "maxItems": "x",
        "items": {"type": ["integer", "null"]},
        "properties": {"nullable": {"type": "Mystery"}},
    }
    same: JsonObject = {"type": "string"}
    assert lower_types(same) is same
    assert lower_types({"nullable": True}) == {}


def gemini(properties: JsonObject, *required: str, **root: Any) -> JsonObject:
    """The cleaned properties."""
    fitted = fit_schema({**schema_of(properties, *required), **root}, "gemini")
    cleaned = fitted["properties"]
    assert isinstance(cleaned, dict)
    return cleaned


def test_case_13_properties_named_like_keywords_survive() -> None:
    names = ("title", "format", "x-y", "$ref", "const", "anyOf", "$defs", "default", "enum")
    properties: JsonObject = {
        name: {"type": "string", "title": "T", "x-order": 1, "$comment": "c"} for name in names
    }
    assert gemini(properties) == {name: {"type": "string", "title": "T"} for name in names}


def test_case_14_required_is_pruned_to_the_properties_there_are() -> None:
    schema = schema_of({"a": {"type": "string"}}, "a", "b", "a")
    assert fit_schema(schema, "gemini") == schema_of({"a": {"type": "string"}}, "a")
    assert fit_schema(schema_of({"a": {"type": "string"}}, "b"), "gemini") == schema_of(
        {"a": {"type": "string"}}
    )


def test_gemini_a_bare_map_of_properties_is_an_object() -> None:
    bare: JsonObject = {"path": {"type": "string", "required": True}, "n": {"type": "integer"}}
    assert fit_schema(bare, "gemini") == schema_of(
        {"path": {"type": "string"}, "n": {"type": "integer"}}, "path"
    )
    assert fit_schema({"path": 1}, "gemini") == schema_of({})


def test_gemini_references_are_written_out_and_recursion_is_named() -> None:
    node: JsonObject = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/Node"}, "v": {"type": "string"}},
    }
    assert gemini(
        {"head": {"$ref": "#/$defs/Node", "description": "first"}, "x": {"$ref": "http://e/X"}},
        **{"$defs": {"Node": node}},
    ) == {
        "head": {
            "type": "object",
            "description": "first",
            "properties": {
                "next": {"type": "object", "description": "(see: Node)"},
                "v": {"type": "string"},
            },
        },
        "x": {"type": "object", "description": "(see: X)"},
    }
    assert gemini({"x": {"$ref": 5}}) == {"x": {"type": "object", "description": "(see: )"}}


def test_gemini_references_that_multiply_are_bounded() -> None:
    defs: JsonObject = {f"L{n}": {"anyOf": [{"$ref": f"#/$defs/L{n + 1}"}] * 10} for n in range(30)}
    fitted = gemini({"a": {"$ref": "#/$defs/L0"}}, **{"$defs": defs})
    assert len(encode(fitted)) < 100_000


@pytest.mark.parametrize("dialect", ALL)
def test_very_deep_schemas_end_somewhere(dialect: Dialect) -> None:
    deep: JsonObject = {"type": "string"}
    for _ in range(300):
        deep = {"type": "object", "properties": {"a": deep}}
    assert fit_schema(deep, dialect)["type"] == "object"
    unions: JsonObject = {"type": "string"}
    for _ in range(300):
        unions = {"anyOf": [unions]}
    assert fit_schema(schema_of({"a": unions}), dialect)["type"] == "object"


def test_gemini_constants_and_enums_are_strings() -> None:
    assert gemini(
        {
            "a": {"const": "x"},
            "b": {"enum": [1, True, "s"], "type": "integer"},
            "c": {"enum": ["x", None]},
            "d": {"const": None},
            "e": {"enum": "broken", "type": "string"},
        }
    ) == {
        "a": {"enum": ["x"], "type": "string"},
        "b": {"enum": ["1", "true", "s"], "type": "string"},
        "c": {"enum": ["x"], "type": "string", "nullable": True},
        "d": {"nullable": True},
        "e": {"enum": "broken", "type": "string"},
    }


def test_gemini_constraints_move_to_the_description() -> None:
    assert gemini(
        {
            "a": {"type": "string", "minLength": 1, "pattern": "^x$", "description": "A name."},
            "n": {"type": "integer", "exclusiveMinimum": 0, "minimum": 1, "default": 5},
            "u": {"type": "string", "format": "uri", "description": "as (format: uri)"},
        }
    ) == {
        "a": {"type": "string", "description": "A name. (minLength: 1, pattern: ^x$)"},
        "n": {
            "type": "integer",
            "minimum": 1,
            "description": "(exclusiveMinimum: 0, default: 5)",
        },
        "u": {"type": "string", "description": "as (format: uri)"},
    }


def test_gemini_all_of_and_conditions_are_merged() -> None:
    assert gemini(
        {
            "to": {
                "type": "string",
                "description": "Who",
                "allOf": [{"pattern": "^a"}, {"$ref": "#/$defs/B"}],
            },
            "o": {
                **schema_of({"kind": {"type": "string"}}, "kind"),
                "if": {"properties": {"kind": {"const": "f"}}},
                "then": schema_of({"f": {"type": "string"}}, "f"),
                "else": {"title": "E"},
                "allOf": [schema_of({"g": {"type": "string"}}, "g")],
            },
        },
        **{"$defs": {"B": {"maxLength": 3}}},
    ) == {
        "to": {"type": "string", "description": "Who (pattern: ^a) (maxLength: 3)"},
        "o": {
            "title": "E",
            "type": "object",
            "properties": {n: {"type": "string"} for n in ("kind", "f", "g")},
            "required": ["kind", "g"],
        },
    }


def test_gemini_takes_the_best_branch_of_a_union() -> None:
    assert gemini(
        {
            "a": {"anyOf": [{"type": "string"}, schema_of({"x": {"type": "string"}}, "x")]},
            "b": {"oneOf": [{"type": "null"}, {"type": "array", "items": {"type": "string"}}]},
            "c": {"anyOf": [{"const": "x"}, {"enum": ["y", "x"]}], "description": "which"},
            "d": {"anyOf": [{"type": "null"}]},
            "e": {"anyOf": [{"anyOf": [{"type": "integer"}]}, {"type": "integer"}]},
        }
    ) == {
        "a": {
            "type": "object",
            "properties": {"x": {"type": "string"}},
            "required": ["x"],
            "description": "(accepts: string | object)",
        },
        "b": {"type": "array", "items": {"type": "string"}, "nullable": True},
        "c": {"type": "string", "enum": ["x", "y"], "description": "which"},
        "d": {"nullable": True},
        "e": {"type": "integer"},
    }


def test_gemini_type_lists_give_the_first_type_and_nullable() -> None:
    assert gemini(
        {
            "a": {"type": ["null", "integer"]},
            "b": {"type": ["string", "integer"]},
            "c": {"type": ["null"]},
            "d": {"type": 4},
            "e": {"items": {"type": "string"}},
            "f": {},
            "g": True,
        }
    ) == {
        "a": {"type": "integer", "nullable": True},
        "b": {"type": "string"},
        "c": {"nullable": True},
        "d": {"type": "string"},
        "e": {"type": "array", "items": {"type": "string"}},
        "f": {},
        "g": {},
    }


def test_gemini_arrays_always_say_what_they_hold() -> None:
    assert gemini(
        {
            "a": {"type": "array"},
            "b": {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]},
            "c": {"type": "array", "items": {}},
            "d": {"type": "string", "items": {"type": "string"}, "properties": 3},
        }
    ) == {
        "a": {"type": "array", "items": {"type": "string"}},
        "b": {"type": "array", "items": {"type": "integer"}},
        "c": {"type": "array", "items": {"type": "string"}},
        "d": {"type": "string"},
    }


def test_gemini_unknown_keywords_are_removed() -> None:
    assert gemini(
        {
            "m": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "propertyNames": {"pattern": "x"},
                "patternProperties": {"^x": {"type": "string"}},
                "enumTitles": ["t"],
                "deprecated": True,
                "$id": "i",
                "required": ["zz"],
            }
        }
    ) == {"m": {"type": "object"}}


@pytest.mark.parametrize("protocol", ["openai", "responses", "ollama"])
def test_an_output_schema_is_lower_cased_and_strict_stays_as_given(protocol: ProtocolName) -> None:
    output = OutputFormat("schema", {"type": "OBJECT", "properties": {}}, strict=None)
    assert fit_output(output, protocol) == OutputFormat("schema", schema_of({}))
    fine = OutputFormat("schema", {"type": "array", "items": {"type": "string"}}, strict=True)
    assert fit_output(fine, protocol) is fine


def test_an_output_without_schema_stays_as_it_is() -> None:
    output = OutputFormat("json")
    assert fit_output(output, "gemini") is output


def test_an_output_schema_for_gemini_may_have_any_root() -> None:
    fine = OutputFormat("schema", {"type": "array", "items": {"type": "string"}})
    assert fit_output(fine, "gemini") is fine
    closed: JsonObject = {"type": "object", "properties": {}, "additionalProperties": False}
    assert fit_output(OutputFormat("schema", closed), "gemini").schema == schema_of({})


def test_an_output_schema_for_anthropic_is_closed_and_its_constraints_told() -> None:
    schema = schema_of(
        {
            "n": {"type": "integer", "minimum": 1},
            "l": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "k": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "o": {"properties": {}, "additionalProperties": False},
        }
    )
    assert fit_output(OutputFormat("schema", schema), "anthropic").schema == {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "description": "(minimum: 1)"},
            "l": {"type": "array", "items": {"type": "string"}, "description": "(minItems: 2)"},
            "k": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "o": {"properties": {}, "additionalProperties": False},
        },
        "additionalProperties": False,
    }
