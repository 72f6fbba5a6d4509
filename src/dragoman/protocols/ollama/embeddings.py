"""Embeddings both ways: `/api/embed` (https://docs.ollama.com/api/embed) and the older
`/api/embeddings`, which takes one `prompt` and gives one `embedding`."""

from __future__ import annotations

import msgspec

from dragoman.errors import Broken, InvalidRequest
from dragoman.neutral.json import Fields, Json, JsonObject
from dragoman.neutral.listings import EmbeddingResponse
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import EmbeddingRequest
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Target
from dragoman.protocols.ollama.options import known
from dragoman.protocols.ollama.wire import NAME


def embed_in(body: JsonObject) -> EmbeddingRequest:
    fields = Fields(body)
    model = fields.needed_text("model")
    texts = fields.texts("input")
    if texts is None:
        raise fields.missing("input")
    return EmbeddingRequest(
        protocol=NAME,
        model=model,
        inputs=tuple(texts),
        dimensions=fields.integer("dimensions"),
        single=isinstance(body["input"], str),
        extras=known(fields),
    )


def prompt_in(body: JsonObject) -> EmbeddingRequest:
    """A body of `/api/embeddings`."""
    fields = Fields(body)
    model = fields.needed_text("model")
    prompt = fields.needed_text("prompt")
    return EmbeddingRequest(NAME, model, (prompt,), single=True, extras=known(fields))


def embed_out(request: EmbeddingRequest, target: Target, losses: Losses) -> JsonObject:
    """An `/api/embed` body.

    Raises:
        InvalidRequest: an input is a list of tokens, which Ollama does not take.
    """
    texts: list[Json] = []
    for index, item in enumerate(request.inputs):
        if not isinstance(item, str):
            path = f"input[{index}]"
            raise InvalidRequest(
                f"{path}: the model's upstream takes texts, not token lists", param=path
            )
        texts.append(item)
    body: JsonObject = {}
    if request.protocol == NAME:
        body.update(request.extras)
    else:
        _note_losses(request, losses)
    body["model"] = target.model
    body["input"] = texts[0] if request.single and len(texts) == 1 else texts
    if request.dimensions is not None:
        body["dimensions"] = request.dimensions
    return body


def _note_losses(request: EmbeddingRequest, losses: Losses) -> None:
    for key in request.extras:
        losses.add(key, "only its own protocol has it")
    if request.task:
        losses.add("task", "Ollama's embeddings have no task")
    if request.title:
        losses.add("title", "Ollama's embeddings have no title")


class _Vectors(msgspec.Struct):
    model: str = ""
    embeddings: list[tuple[float, ...]] | None = None
    embedding: tuple[float, ...] | None = None
    prompt_eval_count: int | None = None


_VECTORS = msgspec.json.Decoder(_Vectors)


def vectors_in(body: bytes) -> EmbeddingResponse:
    """An answer of either route.

    Raises:
        Broken: it holds no vectors.
    """
    try:
        answer = _VECTORS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Broken(f"the upstream's embeddings are not Ollama's: {error}") from error
    vectors = answer.embeddings
    if vectors is None:
        if answer.embedding is None:
            raise Broken("the upstream's answer holds no embeddings")
        vectors = [answer.embedding]
    usage = Usage(tokens_in=answer.prompt_eval_count)
    return EmbeddingResponse(tuple(vectors), answer.model, usage)


def vectors_out(answer: EmbeddingResponse, _request: EmbeddingRequest, model: str) -> Json:
    body: JsonObject = {
        "model": model,
        "embeddings": [list(vector) for vector in answer.vectors],
        "total_duration": 0,
        "load_duration": 0,
    }
    if answer.usage.tokens_in is not None:
        body["prompt_eval_count"] = answer.usage.tokens_in
    return body


def vector_out(answer: EmbeddingResponse, _request: EmbeddingRequest, _model: str) -> Json:
    """The body `/api/embeddings` answers with."""
    return {"embedding": list(answer.vectors[0])}
