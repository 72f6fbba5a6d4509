"""The five codecs by name; the one place that knows them all."""

from __future__ import annotations

from dragoman.protocols.anthropic.codec import CODEC as ANTHROPIC
from dragoman.protocols.codec import Codec
from dragoman.protocols.gemini.codec import CODEC as GEMINI
from dragoman.protocols.ollama.codec import CODEC as OLLAMA
from dragoman.protocols.openai_chat.codec import CODEC as OPENAI
from dragoman.protocols.openai_responses.codec import CODEC as RESPONSES

CODECS: dict[str, Codec] = {
    codec.name: codec for codec in (OPENAI, RESPONSES, ANTHROPIC, GEMINI, OLLAMA)
}
