"""Anthropic Messages: platform.claude.com/docs/en/api/messages, versions 2023-06-01 (sent upstream
with converted requests) and 2026-10-21 (what newer SDKs say; its bodies are read the same way)."""

from __future__ import annotations

from dragoman.protocols.anthropic.edits import EDITING
from dragoman.protocols.anthropic.errors import error_in, error_out
from dragoman.protocols.anthropic.events_in import answer_in, stream_in
from dragoman.protocols.anthropic.events_out import stream_out
from dragoman.protocols.anthropic.listings import model_out, models_in, models_out
from dragoman.protocols.anthropic.requests_in import request_in
from dragoman.protocols.anthropic.requests_out import request_out
from dragoman.protocols.anthropic.responses import answer_out
from dragoman.protocols.anthropic.wire import NAME
from dragoman.protocols.codec import Codec

CODEC = Codec(
    name=NAME,
    base_path="/v1",
    auth="x-api-key",
    headers=(("anthropic-version", "2023-06-01"),),
    path=lambda _model, _stream: "/messages",
    request_in=request_in,
    request_out=request_out,
    stream_in=stream_in,
    answer_in=answer_in,
    stream_out=stream_out,
    answer_out=answer_out,
    error_in=error_in,
    error_out=error_out,
    models_in=models_in,
    models_out=models_out,
    model_out=model_out,
    models_path="/models",
    editing=EDITING,
)
