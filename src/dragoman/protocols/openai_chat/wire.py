"""The protocol's own words: names, tables, hosts' limits, and the structs of a stream's chunks.

Chat Completions as of the API reference of November 2026
(https://platform.openai.com/docs/api-reference/chat), with the fields that compatible hosts added:
`reasoning_content` (DeepSeek, Qwen, Kimi, llama.cpp), `reasoning` and `reasoning_details`
(OpenRouter, https://openrouter.ai/docs/use-cases/reasoning-tokens; vLLM, Groq), `images`
(OpenRouter), `extra_content` (Google's compatible endpoint). The structs name what is read; what a
host adds beyond that is not an error.
"""

from __future__ import annotations

from typing import Final

import msgspec

from dragoman.neutral.events import StopReason
from dragoman.neutral.requests import ProtocolName

NAME: Final[ProtocolName] = "openai"

NO_RAW = msgspec.Raw(b"null")

MAX_USER_CHARS = 64
MAX_STOPS = 4

STOP_IN: dict[str, StopReason] = {
    "stop": "end",
    "eos": "end",
    "end": "end",
    "end_turn": "end",
    "STOP": "end",
    "stop_sequence": "end",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "MAX_TOKENS": "length",
    "tool_calls": "tool-call",
    "tool_use": "tool-call",
    "function_call": "tool-call",
    "content_filter": "refusal",
    "refusal": "refusal",
    "sensitive": "refusal",
    "SAFETY": "refusal",
}
"""`finish_reason`, with the words compatible hosts use."""

FAILED_FINISHES = frozenset({"error", "network_error", "insufficient_system_resource", "abort"})
"""`finish_reason`s that say the host gave up: no answer."""

STOP_OUT: dict[StopReason, str] = {
    "end": "stop",
    "tool-call": "tool_calls",
    "length": "length",
    "stop-sequence": "stop",
    "refusal": "content_filter",
    "context-full": "length",
    "pause": "stop",
}

HOSTED_KINDS = {
    "web_search": "web_search",
    "web_search_preview": "web_search",
    "code_interpreter": "code_execution",
    "file_search": "file_search",
    "image_generation": "image_generation",
    "mcp": "mcp",
}
"""Types in `tools` that hosts run themselves."""

AUDIO_MIMES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}
"""What `input_audio.format` may say (OpenAI takes these two only)."""

SOUND_MIMES = {
    "UklGR": "audio/wav",
    "SUQz": "audio/mpeg",
    "//": "audio/mpeg",
    "ZkxhQ": "audio/flac",
    "T2dnU": "audio/ogg",
}
"""What spoken answers are by their first bytes, in base64: no field names their format."""

FILE_MIMES = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "json": "application/json",
    "html": "text/html",
}
"""What a file's name says of it when its data is bare base64."""

TURNS_WORD: dict[ProtocolName, str] = {
    "openai": "messages",
    "anthropic": "messages",
    "ollama": "messages",
    "responses": "input",
    "gemini": "contents",
}
"""What a client calls its turns; losses are named in its words."""

THINKING_WORD: dict[ProtocolName, str] = {
    "openai": "reasoning",
    "anthropic": "thinking",
    "ollama": "think",
    "responses": "reasoning",
    "gemini": "generationConfig.thinkingConfig",
}

STOP_WORD: dict[ProtocolName, str] = {
    "openai": "stop",
    "anthropic": "stop_sequences",
    "ollama": "options.stop",
    "responses": "stop",
    "gemini": "generationConfig.stopSequences",
}


_STRICT_HOSTS = frozenset(
    ("api.groq.com", "api.mistral.ai", "api.cerebras.ai", "models.github.ai", "api.cohere.ai")
)
"""Compatible hosts that refuse fields they do not know, `top_k` and its like among them."""

_TAKES_MORE = frozenset(
    (
        "openrouter.ai",
        "api.together.xyz",
        "api.fireworks.ai",
        "api.deepinfra.com",
        "api.siliconflow.cn",
        "api.siliconflow.com",
        "dashscope.aliyuncs.com",
        "dashscope-intl.aliyuncs.com",
    )
)
"""Hosts whose documentation lists `top_k` and its like."""


def is_openai(host: str) -> bool:
    """OpenAI itself or Azure's copy: strict about unknown fields, newer in the known ones."""
    return host == "api.openai.com" or host.endswith(".openai.azure.com")


def refuses_unknown(host: str) -> bool:
    """Whether a setting that OpenAI does not have makes the host refuse the request."""
    return is_openai(host) or host in _STRICT_HOSTS


def takes_more(host: str) -> bool:
    """Whether `top_k` and its like, which clients of other protocols send by default (Gemini CLI
    always), may be translated for this host: one that does not know them may refuse the request."""
    return host in _TAKES_MORE


def is_openrouter(host: str) -> bool:
    return host == "openrouter.ai" or host.endswith(".openrouter.ai")


def wants_completion_tokens(host: str, model: str) -> bool:
    """Whether the limit is called `max_completion_tokens`: on OpenAI's hosts, and for its reasoning
    models (which refuse the old name) wherever they are served."""
    bare = model.rpartition("/")[2].lower()
    family = bare.startswith(("gpt-5", "gpt-6")) or (bare[:1] == "o" and bare[1:2].isdigit())
    return family or is_openai(host)


class FunctionDelta(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | dict[str, msgspec.Raw] | None = None


class CustomDelta(msgspec.Struct, gc=False):
    name: str | None = None
    input: str | None = None


class CallDelta(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: FunctionDelta | None = None
    custom: CustomDelta | None = None
    extra_content: msgspec.Raw = NO_RAW


class ContentItem(msgspec.Struct):
    """An item of a content that is a list (Mistral)."""

    type: str = ""
    text: str | None = None
    thinking: list[ContentItem] | str | None = None


class Delta(msgspec.Struct):
    """A chunk's `delta`, or a whole answer's `message`."""

    content: str | list[ContentItem] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[CallDelta] | None = None
    function_call: FunctionDelta | None = None
    reasoning_details: msgspec.Raw = NO_RAW
    annotations: msgspec.Raw = NO_RAW
    images: msgspec.Raw = NO_RAW
    audio: msgspec.Raw = NO_RAW


class ChunkChoice(msgspec.Struct):
    index: int = 0
    delta: Delta | None = None
    message: Delta | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    """vLLM: the stop sequence (or stop token's number) that ended the text."""
    logprobs: msgspec.Raw = NO_RAW
    error: msgspec.Raw = NO_RAW


class Chunk(msgspec.Struct):
    id: str | None = None
    object: str | None = None
    model: str | None = None
    choices: list[ChunkChoice] | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    usage: msgspec.Raw = NO_RAW
    error: msgspec.Raw = NO_RAW


CHUNKS = msgspec.json.Decoder(Chunk, strict=False)
