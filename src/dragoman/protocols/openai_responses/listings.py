"""Model lists, both ways, and the answer of `/responses/input_tokens`."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.errors import Broken
from dragoman.neutral.json import Json, JsonObject, decode
from dragoman.neutral.listings import ModelEntry

_CONTEXT_KEYS = ("context_length", "context_window", "max_model_len", "max_context_length")


def models_in(body: bytes) -> list[ModelEntry]:
    """`{"data": […]}` as OpenAI answers, or `{"models": […]}` as Codex's backend does.

    Raises:
        Broken: the body is no model list.
    """
    try:
        value = decode(body)
    except ValueError as error:
        raise Broken(f"the upstream's model list is not JSON: {error}") from error
    listed = value.get("data", value.get("models")) if isinstance(value, dict) else value
    if not isinstance(listed, list):
        raise Broken("the upstream's model list has no data")
    return [entry for item in listed if (entry := _entry(item)) is not None]


def _entry(item: Json) -> ModelEntry | None:
    if not isinstance(item, dict):
        return None
    name = next((v for k in ("id", "slug") if isinstance(v := item.get(k), str) and v), None)
    if name is None:
        return None
    owner, shown, created = item.get("owned_by"), item.get("display_name"), item.get("created")
    lengths = (v for k in _CONTEXT_KEYS if isinstance(v := item.get(k), int))
    return ModelEntry(
        id=name,
        owner=owner if isinstance(owner, str) else "",
        display_name=shown if isinstance(shown, str) else "",
        created_s=created if isinstance(created, int) else 0,
        context_tokens=next(lengths, None),
    )


def models_out(entries: Sequence[ModelEntry]) -> JsonObject:
    return {"object": "list", "data": [model_out(entry) for entry in entries]}


def model_out(entry: ModelEntry) -> JsonObject:
    out: JsonObject = {
        "id": entry.id,
        "object": "model",
        "created": entry.created_s,
        "owned_by": entry.owner,
    }
    if entry.context_tokens is not None:
        out["context_length"] = entry.context_tokens
    return out


def count_out(tokens: int) -> JsonObject:
    """The body of `POST /v1/responses/input_tokens`."""
    return {"object": "response.input_tokens", "input_tokens": tokens}
