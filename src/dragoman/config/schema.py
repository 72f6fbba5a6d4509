"""The configuration as JSON Schema 2020-12, for editors: `dragoman config schema`."""

from __future__ import annotations

from typing import Any

from dragoman.config.settings import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Names as they are written in the file, with descriptions and defaults."""
    schema = Settings.model_json_schema(by_alias=True, mode="validation")
    head = {"$schema": DIALECT, "title": "dragoman configuration"}
    return {**head, **{name: value for name, value in schema.items() if name not in head}}
