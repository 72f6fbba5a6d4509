"""The Gemini API (https://ai.google.dev/api, v1beta, November 2026) as a codec.

`array_stream_out` is the stream of a client that asks without `alt=sse`; `stream_out` the one of
all others. `count_request_in` reads a countTokens body.
"""

from __future__ import annotations

from urllib.parse import quote

from dragoman.protocols.codec import Codec
from dragoman.protocols.gemini.edits import EDITING
from dragoman.protocols.gemini.errors import error_in, error_out
from dragoman.protocols.gemini.events_in import StreamReader, answer_in
from dragoman.protocols.gemini.events_out import ArrayStream, SseStream
from dragoman.protocols.gemini.listings import (
    count_out,
    embed_in,
    embed_out,
    model_out,
    models_in,
    models_out,
    vectors_in,
    vectors_out,
)
from dragoman.protocols.gemini.requests_in import count_request_in, request_in
from dragoman.protocols.gemini.requests_out import request_out
from dragoman.protocols.gemini.responses import answer_out
from dragoman.protocols.gemini.wire import NAME

__all__ = ["CODEC", "array_stream_out", "count_out", "count_request_in"]


def _path(model: str, stream: bool) -> str:
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/{_resource(model)}:{method}"


def _embed_path(model: str) -> str:
    return f"/{_resource(model)}:batchEmbedContents"


def _resource(model: str) -> str:
    """models/x for a bare name; tuned models and full names say themselves what they are."""
    known = model.startswith(("models/", "tunedModels/"))
    return quote(model if known else f"models/{model}", safe="/:@")


array_stream_out = ArrayStream

CODEC = Codec(
    name=NAME,
    base_path="/v1beta",
    auth="x-goog-api-key",
    headers=(),
    path=_path,
    request_in=request_in,
    request_out=request_out,
    stream_in=StreamReader,
    answer_in=answer_in,
    stream_out=SseStream,
    answer_out=answer_out,
    error_in=error_in,
    error_out=error_out,
    models_in=models_in,
    models_out=models_out,
    model_out=model_out,
    models_path="/models",
    editing=EDITING,
    embed_path=_embed_path,
    embed_in=embed_in,
    embed_out=embed_out,
    vectors_in=vectors_in,
    vectors_out=vectors_out,
)
