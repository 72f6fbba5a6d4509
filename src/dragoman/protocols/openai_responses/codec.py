"""OpenAI Responses: platform.openai.com/docs/api-reference/responses and /responses-streaming,
state of November 2026. Embeddings belong to the chat codec."""

from __future__ import annotations

from dragoman.protocols.codec import Codec
from dragoman.protocols.openai_responses.edits import EDITING
from dragoman.protocols.openai_responses.errors import error_in, error_out
from dragoman.protocols.openai_responses.events_in import Decoder, answer_in
from dragoman.protocols.openai_responses.events_out import Encoder, fail_behind
from dragoman.protocols.openai_responses.listings import model_out, models_in, models_out
from dragoman.protocols.openai_responses.requests_in import request_in
from dragoman.protocols.openai_responses.requests_out import request_out
from dragoman.protocols.openai_responses.responses import answer_out
from dragoman.protocols.openai_responses.wire import NAME


def _path(model: str, stream: bool) -> str:
    del model, stream
    return "/responses"


CODEC = Codec(
    name=NAME,
    base_path="/v1",
    auth="bearer",
    headers=(),
    path=_path,
    request_in=request_in,
    request_out=request_out,
    stream_in=Decoder,
    answer_in=answer_in,
    stream_out=Encoder,
    answer_out=answer_out,
    error_in=error_in,
    error_out=error_out,
    models_in=models_in,
    models_out=models_out,
    model_out=model_out,
    fail_behind=fail_behind,
    models_path="/models",
    editing=EDITING,
)
