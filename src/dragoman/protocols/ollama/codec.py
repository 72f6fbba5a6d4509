"""Ollama's codec (https://docs.ollama.com/api, client 0.6.3).

CODEC is `/api/chat` and `/api/embed`; GENERATE is `/api/generate` and `/api/embeddings`, the routes
of one prompt. Paths stand below `/api`. ollama.com wants a bearer key, a local server none.
"""

from __future__ import annotations

import msgspec

from dragoman.protocols.codec import Codec
from dragoman.protocols.ollama import generate
from dragoman.protocols.ollama.edits import EDITING
from dragoman.protocols.ollama.embeddings import (
    embed_in,
    embed_out,
    prompt_in,
    vector_out,
    vectors_in,
    vectors_out,
)
from dragoman.protocols.ollama.errors import error_in, error_out
from dragoman.protocols.ollama.events_in import StreamReader, answer_in
from dragoman.protocols.ollama.events_out import StreamWriter
from dragoman.protocols.ollama.listings import model_out, models_in, models_out
from dragoman.protocols.ollama.requests_in import chat_in
from dragoman.protocols.ollama.requests_out import chat_out
from dragoman.protocols.ollama.responses import answer_out
from dragoman.protocols.ollama.wire import NAME


def _chat_path(_model: str, _stream: bool) -> str:
    return "/chat"


def _generate_path(_model: str, _stream: bool) -> str:
    return "/generate"


def _embed_path(_model: str) -> str:
    return "/embed"


CODEC = Codec(
    name=NAME,
    base_path="/api",
    auth="bearer",
    headers=(),
    path=_chat_path,
    request_in=chat_in,
    request_out=chat_out,
    stream_in=StreamReader,
    answer_in=answer_in,
    stream_out=StreamWriter,
    answer_out=answer_out,
    error_in=error_in,
    error_out=error_out,
    models_in=models_in,
    models_out=models_out,
    model_out=model_out,
    models_path="/tags",
    editing=EDITING,
    embed_path=_embed_path,
    embed_in=embed_in,
    embed_out=embed_out,
    vectors_in=vectors_in,
    vectors_out=vectors_out,
)

GENERATE = msgspec.structs.replace(
    CODEC,
    path=_generate_path,
    request_in=generate.generate_in,
    request_out=generate.generate_out,
    stream_out=generate.stream_out,
    answer_out=generate.whole_out,
    embed_in=prompt_in,
    vectors_out=vector_out,
)
