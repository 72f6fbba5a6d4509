"""A JSON Schema in the dialect its target reads: the entry to `schema_json` and `schema_gemini`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dragoman.neutral.json import Json, JsonObject, encode_text
from dragoman.neutral.requests import OutputFormat, ProtocolName
from dragoman.toolcalls.limits import LIMITS, Dialect
from dragoman.toolcalls.schema_gemini import fit_gemini, fit_gemini_output
from dragoman.toolcalls.schema_json import (
    fit_anthropic,
    fit_openai,
    lower_types,
    without_encrypted,
)
from dragoman.toolcalls.schema_walk import noted, rewritten

__all__ = ["fit_output", "fit_schema", "lower_types"]

_TOOLS: dict[Dialect, Callable[[JsonObject], JsonObject]] = {
    "openai": fit_openai,
    "ollama": fit_openai,
    "anthropic": fit_anthropic,
    "gemini": fit_gemini,
}


def fit_schema(schema: JsonObject, dialect: Dialect) -> JsonObject:
    """A tool's parameters as the target takes them; the same object when nothing is amiss."""
    return _TOOLS[dialect](schema)


def fit_output(output: OutputFormat, protocol: ProtocolName) -> OutputFormat:
    """An answer's format with its schema in the target's dialect; `strict` stays as given."""
    if output.schema is None:
        return output
    fitted = _OUTPUTS[LIMITS[protocol].dialect](output.schema)
    return output if fitted is output.schema else msgspec.structs.replace(output, schema=fitted)


def _plain_output(schema: JsonObject) -> JsonObject:
    return without_encrypted(lower_types(schema))


_UNKNOWN_TO_ANTHROPIC = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
    "maxLength", "maxItems", "uniqueItems",
)  # fmt: skip


def _anthropic_output(schema: JsonObject) -> JsonObject:
    """Anthropic's native output format ("Structured outputs", 2026-11) wants objects closed and
    refuses constraints on numbers and lengths."""
    return rewritten(_plain_output(schema), _closed)


def _closed(schema: JsonObject) -> JsonObject:
    told = [key for key in _UNKNOWN_TO_ANTHROPIC if key in schema]
    least = schema.get("minItems")
    if least is not None and least not in (0, 1):
        told.append("minItems")
    if told:
        notes = [f"{key}: {encode_text(schema[key])}" for key in told]
        schema = noted({k: v for k, v in schema.items() if k not in told}, *notes)
    is_object = schema.get("type") == "object" or "properties" in schema
    open_ended: Json = schema.get("additionalProperties")
    if is_object and open_ended is not False:
        schema = {**schema, "additionalProperties": False}
    return schema


_OUTPUTS: dict[Dialect, Callable[[JsonObject], JsonObject]] = {
    "openai": _plain_output,
    "ollama": _plain_output,
    "anthropic": _anthropic_output,
    "gemini": fit_gemini_output,
}
