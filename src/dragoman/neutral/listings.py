"""Small records of their own: model lists, embeddings' answers, token counts."""

from __future__ import annotations

import msgspec

from dragoman.neutral.usage import NO_USAGE, Usage


class ModelEntry(msgspec.Struct, frozen=True):
    """One served model as lists show it. Token limits are None when nobody said; `created_s` is
    Unix time. `capabilities` use Ollama's words: completion, tools, vision, thinking, embedding,
    audio."""

    id: str
    owner: str = "dragoman"
    display_name: str = ""
    created_s: int = 0
    context_tokens: int | None = None
    output_tokens: int | None = None
    capabilities: tuple[str, ...] = ()
    family: str = ""


class EmbeddingResponse(msgspec.Struct, frozen=True):
    """One vector per input, in order."""

    vectors: tuple[tuple[float, ...], ...]
    model: str = ""
    usage: Usage = NO_USAGE
