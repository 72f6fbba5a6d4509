"""Model lists and embeddings, both ways.

https://platform.openai.com/docs/api-reference/models and …/embeddings (November 2026); token limits
in a list as OpenRouter, vLLM, LM Studio, Groq and Mistral name them. The protocol has no token
counting of its own.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Sequence
from decimal import Decimal

from dragoman.errors import Broken, InvalidRequest
from dragoman.neutral.json import Fields, Json, JsonObject, decode, wrong_type
from dragoman.neutral.listings import EmbeddingResponse, ModelEntry
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import EmbeddingRequest
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.parts_in import extras_of
from dragoman.protocols.openai_chat.usage import usage_in
from dragoman.protocols.openai_chat.wire import NAME

_CONTEXT = (
    "context_length",
    "max_model_len",
    "context_window",
    "max_context_length",
    "loaded_context_length",
)
_OUTPUT = ("max_completion_tokens", "max_output_tokens", "max_output_length")


def models_in(data: bytes) -> list[ModelEntry]:
    """The served models, from `{"data": […]}` or a bare array (Together).

    Raises:
        Broken: it is neither.
    """
    value = _answer(data)
    if isinstance(value, dict):
        value = value.get("data", value.get("models"))
    if not isinstance(value, list):
        raise Broken("the upstream's model list is no list")
    return [_entry(item) for item in value if isinstance(item, dict) and item.get("id")]


def _entry(item: JsonObject) -> ModelEntry:
    provider = item.get("top_provider")
    limits = {**provider, **item} if isinstance(provider, dict) else item
    return ModelEntry(
        id=str(item["id"]),
        owner=_text(item, "owned_by") or "dragoman",
        display_name=_text(item, "name") or _text(item, "display_name"),
        created_s=_number(item, ("created",)) or 0,
        context_tokens=_number(limits, _CONTEXT),
        output_tokens=_number(limits, _OUTPUT),
        capabilities=_capabilities(item),
    )


def _capabilities(item: JsonObject) -> tuple[str, ...]:
    """What OpenRouter's records tell; nothing when the host tells nothing."""
    settings, shape = item.get("supported_parameters"), item.get("architecture")
    inputs = shape.get("input_modalities") if isinstance(shape, dict) else None
    found: list[str] = []
    if isinstance(settings, list):
        found += [word for key, word in (("tools", "tools"), ("reasoning", "thinking"))
                  if key in settings]  # fmt: skip
    if isinstance(inputs, list):
        found += [word for key, word in (("image", "vision"), ("audio", "audio")) if key in inputs]
    return ("completion", *found) if found else ()


def models_out(entries: Sequence[ModelEntry]) -> JsonObject:
    return {"object": "list", "data": [model_out(entry) for entry in entries]}


def model_out(entry: ModelEntry) -> JsonObject:
    out: JsonObject = {
        "id": entry.id,
        "object": "model",
        "created": entry.created_s,
        "owned_by": entry.owner,
    }
    if entry.display_name:
        out["name"] = entry.display_name
    if entry.context_tokens is not None:
        out["context_length"] = entry.context_tokens
    if entry.output_tokens is not None:
        out["max_completion_tokens"] = entry.output_tokens
    return out


def embed_in(body: JsonObject) -> EmbeddingRequest:
    """What to embed: a text, a list of texts, tokens, or a list of token lists.

    Raises:
        InvalidRequest: a field is missing or wrong.
    """
    fields = Fields(body)
    value = fields.raw("input")
    if value is None:
        raise fields.missing("input")
    base64_asked = _format(fields.text("encoding_format"))
    single = isinstance(value, str) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], int)
    )
    dimensions, user = fields.integer("dimensions"), fields.text("user")
    extras: JsonObject = {} if user is None else {"user": user}
    model = fields.needed_text("model")
    inputs = (_input(value, "input"),) if single else _inputs(value)
    return EmbeddingRequest(
        NAME,
        model,
        inputs,
        dimensions=dimensions,
        base64=base64_asked,
        single=single,
        extras={**extras_of(fields), **extras},
    )


def _format(name: str | None) -> bool:
    if name not in {None, "float", "base64"}:
        raise InvalidRequest(
            f"encoding_format: expected float or base64, got {name!r}", param="encoding_format"
        )
    return name == "base64"


def _inputs(value: Json) -> tuple[str | list[Json], ...]:
    if not isinstance(value, list) or not value:
        raise wrong_type("input", "a string or an array that is not empty", value)
    return tuple(_input(item, f"input[{index}]") for index, item in enumerate(value))


def _input(value: Json, path: str) -> str | list[Json]:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, int) for item in value):
        return value
    raise wrong_type(path, "a string or an array of token numbers", value)


def embed_out(request: EmbeddingRequest, target: Target, losses: Losses) -> JsonObject:
    """The body to send. Floats are asked for: every host has them."""
    inputs: list[Json] = list(request.inputs)
    single = request.single and len(inputs) == 1
    body: JsonObject = {"model": target.model, "input": inputs[0] if single else inputs}
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    body["encoding_format"] = "base64" if request.base64 else "float"
    if request.protocol == NAME:
        return {**body, **request.extras}
    lost = [key for key in ("task", "title") if getattr(request, key)]
    for key in (*lost, *request.extras):
        losses.add(key, "no such field in OpenAI's embeddings")
    return body


def vectors_in(data: bytes) -> EmbeddingResponse:
    """The vectors in the order of their index; a host that numbers them all -1 sent them in order.

    Raises:
        Broken: it is no embedding answer.
    """
    value = _answer(data)
    items = value.get("data") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(items, list):
        raise Broken("the upstream's embeddings hold no data")
    found: list[tuple[int, tuple[float, ...]]] = []
    for position, item in enumerate(items):
        if not isinstance(item, dict):
            raise Broken(f"the upstream's embedding {position} is no object")
        index = item.get("index")
        placed = index if isinstance(index, int) and index >= 0 else position
        found.append((placed, _vector(item.get("embedding"), position)))
    found.sort(key=lambda pair: pair[0])
    return EmbeddingResponse(
        vectors=tuple(vector for _, vector in found),
        model=_text(value, "model"),
        usage=usage_in(value.get("usage")),
    )


def _vector(value: Json, position: int) -> tuple[float, ...]:
    if isinstance(value, str):
        try:
            return tuple(item[0] for item in struct.iter_unpack("<f", base64.b64decode(value)))
        except (binascii.Error, struct.error) as error:
            raise Broken(f"the upstream's embedding {position} is no base64") from error
    if isinstance(value, list):
        numbers = [float(item) for item in value if isinstance(item, int | float | Decimal)]
        if len(numbers) == len(value):
            return tuple(numbers)
    raise Broken(f"the upstream's embedding {position} is no list of numbers")


def vectors_out(answer: EmbeddingResponse, asked: EmbeddingRequest, model: str) -> Json:
    data: list[Json] = [
        {"object": "embedding", "index": index, "embedding": _embedding(vector, asked.base64)}
        for index, vector in enumerate(answer.vectors)
    ]
    tokens = answer.usage.tokens_in or 0
    usage: JsonObject = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def _embedding(vector: tuple[float, ...], as_base64: bool) -> Json:
    if as_base64:
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    return list(vector)


def _answer(data: bytes) -> Json:
    try:
        return decode(data)
    except ValueError as error:
        raise Broken(f"the upstream's answer is not JSON: {error}") from error


def _text(item: JsonObject, key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def _number(item: JsonObject, keys: tuple[str, ...]) -> int | None:
    for key in keys:
        value = item.get(key)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return int(value)
    return None
