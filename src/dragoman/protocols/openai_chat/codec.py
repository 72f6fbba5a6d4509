"""OpenAI Chat Completions, and legacy Completions as a second client side.

https://platform.openai.com/docs/api-reference/chat (November 2026).
"""

from __future__ import annotations

import msgspec

from dragoman.protocols.codec import Codec
from dragoman.protocols.openai_chat.completions import (
    CompletionStreamEncoder,
    completion_answer_out,
    completion_request_in,
)
from dragoman.protocols.openai_chat.edits import EDITING
from dragoman.protocols.openai_chat.errors import error_in, error_out
from dragoman.protocols.openai_chat.events_in import ChatStreamDecoder, answer_in
from dragoman.protocols.openai_chat.events_out import ChatStreamEncoder
from dragoman.protocols.openai_chat.listings import (
    embed_in,
    embed_out,
    model_out,
    models_in,
    models_out,
    vectors_in,
    vectors_out,
)
from dragoman.protocols.openai_chat.requests_in import request_in
from dragoman.protocols.openai_chat.requests_out import request_out
from dragoman.protocols.openai_chat.responses import answer_out
from dragoman.protocols.openai_chat.wire import NAME


def _chat_path(_model: str, _stream: bool) -> str:
    return "/chat/completions"


def _completions_path(_model: str, _stream: bool) -> str:
    return "/completions"


def _embed_path(_model: str) -> str:
    return "/embeddings"


CODEC = Codec(
    name=NAME,
    base_path="/v1",
    auth="bearer",
    headers=(),
    path=_chat_path,
    request_in=request_in,
    request_out=request_out,
    stream_in=ChatStreamDecoder,
    answer_in=answer_in,
    stream_out=ChatStreamEncoder,
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

COMPLETIONS = msgspec.structs.replace(
    CODEC,
    path=_completions_path,
    request_in=completion_request_in,
    stream_out=CompletionStreamEncoder,
    answer_out=completion_answer_out,
)
