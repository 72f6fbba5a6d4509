import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from dragoman.config import blocks
from dragoman.config.reference import reference_markdown
from dragoman.config.schema import json_schema
from dragoman.config.settings import Settings

ROOT = Path(__file__).parents[2]


def every_block() -> Iterator[type[BaseModel]]:
    waiting: list[type[BaseModel]] = [blocks.Block]
    while waiting:
        block = waiting.pop()
        yield block
        waiting += block.__subclasses__()


@pytest.mark.parametrize("block", sorted(set(every_block()), key=str), ids=lambda b: b.__name__)
def test_every_field_is_typed_described_and_kebab_case(block: type[BaseModel]) -> None:
    for name, field in block.model_fields.items():
        assert field.description, f"{block.__name__}.{name} has no description"
        assert field.description.endswith("."), f"{block.__name__}.{name}: {field.description}"
        assert field.annotation is not None
        alias = field.alias or name
        assert alias in {"zero_allowed", "dynamic_allowed"} or "_" not in alias
    assert block.model_config.get("frozen") is True
    assert block.__doc__


def test_the_reference_in_docs_is_the_one_the_fields_make() -> None:
    written = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert written == reference_markdown(), (
        "run: python -m dragoman.config.reference > docs/configuration.md"
    )


def test_the_reference_has_every_root_key_once() -> None:
    text = reference_markdown()
    for field in Settings.model_fields.values():
        assert text.count(f"\n| `{field.alias}` |") == 1


def test_the_schema_is_2020_12_with_kebab_case_names_descriptions_and_defaults() -> None:
    schema = json_schema()
    json.dumps(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["port"] == {
        "default": 8317,
        "description": "Port to listen on; 0 = any free one.",
        "maximum": 65535,
        "minimum": 0,
        "title": "Port",
        "type": "integer",
    }
    assert set(schema["properties"]) == {
        field.alias or name for name, field in Settings.model_fields.items()
    }


def test_the_schema_takes_the_short_forms_too() -> None:
    definitions: dict[str, Any] = json_schema()["$defs"]
    keys = definitions["Upstream"]["properties"]["keys"]["items"]
    assert keys == {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Key"}]}
    secret = definitions["Key"]["properties"]["key"]
    assert (secret["type"], secret["writeOnly"]) == ("string", True)
    assert definitions["Upstream"]["required"] == ["name", "protocol"]


def test_every_reference_inside_the_schema_leads_somewhere() -> None:
    schema = json_schema()
    text = json.dumps(schema)
    for piece in text.split('"$ref": "#/$defs/')[1:]:
        assert piece.split('"')[0] in schema["$defs"]
