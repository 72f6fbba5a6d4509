"""Model lists, embeddings and token counts.

https://ai.google.dev/api/models, https://ai.google.dev/api/embeddings,
https://ai.google.dev/api/tokens
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.errors import Broken, InvalidRequest
from dragoman.neutral.json import Fields, Json, JsonObject
from dragoman.neutral.listings import EmbeddingResponse, ModelEntry
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import EmbeddingRequest
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Target
from dragoman.protocols.gemini.wire import NAME, fields, inner, inners, unread

_GENERATE = ("generateContent", "streamGenerateContent", "countTokens")
_EMBED = ("embedContent", "batchEmbedContents")


def model_out(entry: ModelEntry) -> JsonObject:
    wire: JsonObject = {
        "name": f"models/{entry.id}",
        "version": entry.id,
        "displayName": entry.display_name or entry.id,
        "description": f"{entry.id} by {entry.owner}",
    }
    if entry.context_tokens is not None:
        wire["inputTokenLimit"] = entry.context_tokens
    if entry.output_tokens is not None:
        wire["outputTokenLimit"] = entry.output_tokens
    methods = _EMBED if "embedding" in entry.capabilities else _GENERATE
    wire["supportedGenerationMethods"] = list[Json](methods)
    if "thinking" in entry.capabilities:
        wire["thinking"] = True
    return wire


def models_out(entries: Sequence[ModelEntry]) -> JsonObject:
    return {"models": [model_out(entry) for entry in entries]}


class _Model(msgspec.Struct, rename="camel"):
    name: str
    display_name: str = ""
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] | None = None
    thinking: bool = False


class _Models(msgspec.Struct):
    models: list[_Model] = []


def models_in(body: bytes) -> list[ModelEntry]:
    """An upstream's list.

    Raises:
        Broken: it is no model list.
    """
    try:
        models = msgspec.json.decode(body, type=_Models).models
    except msgspec.DecodeError as error:
        raise Broken(f"the upstream's model list is not readable: {error}") from error
    return [_entry(model) for model in models]


def _entry(model: _Model) -> ModelEntry:
    methods = model.supported_generation_methods
    capabilities: list[str] = []
    if methods is None or "generateContent" in methods:
        capabilities.append("completion")
    if methods and any(method in methods for method in _EMBED):
        capabilities.append("embedding")
    if model.thinking:
        capabilities.append("thinking")
    return ModelEntry(
        id=model.name.removeprefix("models/"),
        owner="google",
        display_name=model.display_name,
        context_tokens=model.input_token_limit,
        output_tokens=model.output_token_limit,
        capabilities=tuple(capabilities),
    )


def count_out(tokens: int) -> JsonObject:
    """A countTokens answer."""
    return {"totalTokens": tokens}


def embed_in(body: JsonObject) -> EmbeddingRequest:
    """An embedContent body (`single`), or a batchEmbedContents one."""
    f = fields(body)
    model = f.needed_text("model").removeprefix("models/")
    if f.raw("requests") is None:
        asked = _embedding(f, model)
        return msgspec.structs.replace(asked, single=True)
    requests = inners(f, "requests")
    every = [_embedding(request, model) for request in requests]
    for request, asked in zip(requests, every, strict=True):
        if msgspec.structs.replace(asked, inputs=every[0].inputs) != every[0]:
            raise InvalidRequest(
                f"{request.path}: every request of a batch must have the same settings",
                param=request.path,
            )
    if not every:
        raise f.missing("requests")
    inputs = tuple(text for asked in every for text in asked.inputs)
    return msgspec.structs.replace(every[0], inputs=inputs, extras={**every[0].extras, **unread(f)})


def _embedding(f: Fields, model: str) -> EmbeddingRequest:
    f.raw("model")
    content = inner(f, "content")
    if content is None:
        raise f.missing("content")
    text = "".join(part.needed_text("text") for part in inners(content, "parts"))
    return EmbeddingRequest(
        protocol=NAME,
        model=model,
        inputs=(text,),
        dimensions=f.integer("outputDimensionality"),
        task=f.text("taskType") or "",
        title=f.text("title") or "",
        extras=unread(f),
    )


def embed_out(request: EmbeddingRequest, target: Target, losses: Losses) -> JsonObject:
    """A batchEmbedContents body."""
    shared: JsonObject = {"model": f"models/{target.model}"}
    if request.task:
        shared["taskType"] = request.task
    if request.title:
        shared["title"] = request.title
    if request.dimensions is not None:
        shared["outputDimensionality"] = request.dimensions
    if request.protocol == NAME:
        shared |= request.extras
    else:
        for key in request.extras:
            losses.add(key, "Gemini has no such field")
    requests: list[Json] = []
    for index, text in enumerate(request.inputs):
        if not isinstance(text, str):
            path = f"input[{index}]"
            raise InvalidRequest(f"{path}: Gemini embeds text, not tokens", param=path)
        requests.append({**shared, "content": {"parts": [{"text": text}]}})
    return {"requests": requests}


class _Vector(msgspec.Struct):
    values: tuple[float, ...]


class _Counts(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Vectors(msgspec.Struct, rename="camel"):
    embeddings: list[_Vector] | None = None
    embedding: _Vector | None = None
    usage_metadata: _Counts | None = None


def vectors_in(body: bytes) -> EmbeddingResponse:
    """An upstream's embeddings, of one input or of many.

    Raises:
        Broken: it holds no embeddings.
    """
    try:
        wire = msgspec.json.decode(body, type=_Vectors)
    except msgspec.DecodeError as error:
        raise Broken(f"the upstream's embeddings are not readable: {error}") from error
    vectors = wire.embeddings if wire.embedding is None else [wire.embedding]
    if vectors is None:
        raise Broken("the upstream's answer holds no embeddings")
    tokens = None if wire.usage_metadata is None else wire.usage_metadata.prompt_token_count
    return EmbeddingResponse(tuple(v.values for v in vectors), usage=Usage(tokens_in=tokens))


def vectors_out(answer: EmbeddingResponse, asked: EmbeddingRequest, model: str) -> Json:
    """The body of embedContent or batchEmbedContents, whichever was asked."""
    vectors: list[Json] = [{"values": list[Json](vector)} for vector in answer.vectors]
    if asked.single:
        return {"embedding": vectors[0] if vectors else {"values": []}}
    return {"embeddings": vectors}
