"""The Gemini API's names: tables of keys, roles, tools and reasons, and the structs of its chunks.

Wire: https://ai.google.dev/api/generate-content (v1beta; v1 has the same bodies), November 2026.
Requests may spell every key in camelCase or snake_case, as proto JSON allows; `fields` folds the
known ones. Answers are camelCase.
"""

from __future__ import annotations

from typing import Final

import msgspec

from dragoman.neutral.events import StopReason
from dragoman.neutral.json import Fields, Json, JsonObject
from dragoman.neutral.parts import MediaKind
from dragoman.neutral.requests import ProtocolName, Role

NAME: Final[ProtocolName] = "gemini"

MADE_CALL: Final = "call_at_"
"""Prefix of the ids that stand for calls sent without one; the number is the call's place."""

SKIP_SIGNATURE: Final = "skip_thought_signature_validator"
"""What Gemini 3 accepts where a call of another model has no thought signature
(https://ai.google.dev/gemini-api/docs/thought-signatures)."""

_KEYS = """
    contents systemInstruction toolConfig safetySettings generationConfig cachedContent serviceTier
    generateContentRequest
    inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall
    toolResponse thoughtSignature videoMetadata mediaResolution partMetadata
    mimeType displayName fileUri willContinue toolType
    functionDeclarations parametersJsonSchema responseJsonSchema googleSearch
    googleSearchRetrieval enterpriseWebSearch urlContext codeExecution googleMaps fileSearch
    computerUse mcpServers
    functionCallingConfig allowedFunctionNames retrievalConfig includeServerSideToolInvocations
    streamFunctionCallArguments
    topP topK maxOutputTokens stopSequences candidateCount presencePenalty frequencyPenalty
    responseLogprobs responseMimeType responseSchema responseModalities responseFormat
    thinkingConfig speechConfig imageConfig audioTimestamp enableEnhancedCivicAnswers
    includeThoughts thinkingBudget thinkingLevel
    taskType outputDimensionality autoTruncate embedContentConfig
"""

CAMEL: Final = {
    "".join(f"_{c.lower()}" if c.isupper() else c for c in key): key for key in _KEYS.split()
} | {"_response_json_schema": "responseJsonSchema", "_responseJsonSchema": "responseJsonSchema"}


def fields(value: Json, path: str = "") -> Fields:
    """One object being read, its known keys in camelCase."""
    if isinstance(value, dict):
        value = {CAMEL.get(key, key): item for key, item in value.items()}
    return Fields(value, path)


def inner(outer: Fields, key: str) -> Fields | None:
    value = outer.raw(key)
    return None if value is None else fields(value, outer.at(key))


def inners(outer: Fields, key: str) -> list[Fields]:
    path = outer.at(key)
    values = outer.items(key) or []
    return [fields(value, f"{path}[{index}]") for index, value in enumerate(values)]


def unread(outer: Fields, prefix: str = "") -> JsonObject:
    """What nobody asked for, to be kept as extras: null is absent in proto JSON. Fields of an
    object within are named with its key as prefix ("generationConfig.speechConfig")."""
    return {prefix + key: value for key, value in outer.rest().items() if value is not None}


def put_back(target: JsonObject, extras: JsonObject) -> None:
    """Writes extras where `unread` found them; a value already there stays."""
    for key, value in extras.items():
        place = target
        *outer, last = key.split(".")
        for name in outer:
            child = place.setdefault(name, {})
            assert isinstance(child, dict)
            place = child
        place.setdefault(last, value)


ROLES: Final[dict[str, Role]] = {
    "user": "user",
    "model": "assistant",
    "function": "user",
    "tool": "user",
}

HOSTED_TOOLS: Final = {
    "googleSearch": "web_search",
    "googleSearchRetrieval": "web_search",
    "enterpriseWebSearch": "web_search",
    "urlContext": "web_fetch",
    "codeExecution": "code_execution",
    "googleMaps": "maps",
    "fileSearch": "file_search",
    "computerUse": "computer",
    "mcpServers": "mcp",
}
FOREIGN_HOSTED: Final = {"web_search": "googleSearch", "web_fetch": "urlContext"}

HOSTED_TYPES: Final = {
    "GOOGLE_SEARCH_WEB": "web_search",
    "GOOGLE_SEARCH_IMAGE": "web_search",
    "URL_CONTEXT": "web_fetch",
    "GOOGLE_MAPS": "maps",
    "FILE_SEARCH": "file_search",
}

SAMPLING: Final = {
    "max_tokens": "maxOutputTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "n": "candidateCount",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}

STOPS: Final[dict[str, StopReason]] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "IMAGE_SAFETY": "refusal",
    "IMAGE_PROHIBITED_CONTENT": "refusal",
    "IMAGE_RECITATION": "refusal",
    "MODEL_ARMOR": "refusal",
}
"""Finish reasons not here (LANGUAGE, OTHER, NO_IMAGE …) end the answer and are kept as extras."""

BROKEN_STOPS: Final = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
    }
)

FINISH_REASONS: Final[dict[StopReason, str]] = {
    "end": "STOP",
    "tool-call": "STOP",
    "stop-sequence": "STOP",
    "pause": "STOP",
    "length": "MAX_TOKENS",
    "context-full": "MAX_TOKENS",
    "refusal": "SAFETY",
}

FINISH_EXTRAS: Final = (
    "finishReason",
    "finishMessage",
    "groundingMetadata",
    "citationMetadata",
    "urlContextMetadata",
    "safetyRatings",
)
"""Fields of a candidate that ride on Finished.extras to a Gemini client as they came."""

MEDIA_KINDS: Final[dict[str, MediaKind]] = {"image": "image", "audio": "audio", "video": "video"}

DEFAULT_MIME: Final[dict[MediaKind, str]] = {
    "image": "image/png",
    "audio": "audio/wav",
    "video": "video/mp4",
    "file": "application/pdf",
}

MIME_OF_EXTENSION: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "mp3": "audio/mp3",
    "wav": "audio/wav",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
}


def media_kind(mime: str) -> MediaKind:
    return MEDIA_KINDS.get(mime.partition("/")[0], "file")


class Blob(msgspec.Struct, rename="camel"):
    mime_type: str | None = None
    data: str = ""


class FunctionCall(msgspec.Struct, rename="camel"):
    id: str | None = None
    name: str = ""
    args: msgspec.Raw = msgspec.Raw()


class Part(msgspec.Struct, rename="camel"):
    """The parts that streams are made of; any other is read from its JSON."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: Blob | None = None
    function_call: FunctionCall | None = None


class Content(msgspec.Struct):
    parts: list[Part] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    content: Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    index: int | None = None
    grounding_metadata: msgspec.Raw = msgspec.Raw()
    citation_metadata: msgspec.Raw = msgspec.Raw()
    url_context_metadata: msgspec.Raw = msgspec.Raw()
    safety_ratings: msgspec.Raw = msgspec.Raw()
    logprobs_result: msgspec.Raw = msgspec.Raw()


class Chunk(msgspec.Struct, rename="camel"):
    """One GenerateContentResponse, whole or a piece of a stream."""

    candidates: list[Candidate] | None = None
    usage_metadata: msgspec.Raw = msgspec.Raw()
    prompt_feedback: msgspec.Raw = msgspec.Raw()
    model_version: str | None = None
    response_id: str | None = None
    error: msgspec.Raw = msgspec.Raw()
