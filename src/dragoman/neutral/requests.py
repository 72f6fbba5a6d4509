"""A request, whatever protocol it came in.

Turns keep the client's order. Leading system turns are the system prompt; a later one keeps
its place. `extras` hold the fields only `protocol` itself understands, `wire` its bookkeeping, of
which no other protocol needs to be told (see parts).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import NO_EXTRAS, CacheMark, Part

ProtocolName: TypeAlias = Literal["openai", "responses", "anthropic", "gemini", "ollama"]
Role: TypeAlias = Literal["system", "user", "assistant"]


class Turn(msgspec.Struct, frozen=True):
    """One speaker's parts. `author` is the wire's own role or place where it tells more than `role`
    ("developer", "top" for a top-level system field). Tool results stand in user turns."""

    role: Role
    parts: tuple[Part, ...]
    author: str = ""
    extras: JsonObject = NO_EXTRAS


class FunctionTool(msgspec.Struct, frozen=True):
    """A tool called with JSON. `parameters` is a JSON Schema, or None when none was given."""

    name: str
    description: str = ""
    parameters: JsonObject | None = None
    strict: bool | None = None
    namespace: str = ""
    deferred: bool = False
    cache: CacheMark | None = None
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


class CustomTool(msgspec.Struct, frozen=True):
    """A tool called with free text. `grammar` is its format object (Responses `format`)."""

    name: str
    description: str = ""
    grammar: JsonObject | None = None
    namespace: str = ""
    cache: CacheMark | None = None
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


class HostedTool(msgspec.Struct, frozen=True):
    """A tool the upstream runs. `tool` is the neutral kind ("web_search", "web_fetch",
    "code_execution", "file_search", "image_generation", "computer", "mcp", …, else the wire type);
    `raw` is the declaration whole, for `protocol`."""

    tool: str
    raw: JsonObject
    protocol: str
    name: str = ""
    cache: CacheMark | None = None
    wire: JsonObject = NO_EXTRAS


Tool: TypeAlias = FunctionTool | CustomTool | HostedTool


class ToolChoice(msgspec.Struct, frozen=True):
    """mode "named" forces the tool `name` (of `kind`, in `namespace`); `allowed` narrows auto or
    required to these names. `parallel` None = the upstream's default."""

    mode: Literal["auto", "none", "required", "named"] | None = None
    name: str = ""
    kind: Literal["function", "custom", "hosted"] = "function"
    namespace: str = ""
    allowed: tuple[str, ...] = ()
    parallel: bool | None = None
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


Number: TypeAlias = int | Decimal


class Sampling(msgspec.Struct, frozen=True):
    """None = the client did not say."""

    max_tokens: int | None = None
    temperature: Number | None = None
    top_p: Number | None = None
    top_k: int | None = None
    min_p: Number | None = None
    frequency_penalty: Number | None = None
    presence_penalty: Number | None = None
    repeat_penalty: Number | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: JsonObject | None = None


class ReasoningSettings(msgspec.Struct, frozen=True):
    """How much the model may think. One of: `mode` "off", "adaptive" or "on" (think, no amount
    given); an `effort` level (minimal, low, medium, high, xhigh, max); a `budget` in tokens.
    adaptive may carry an effort. `summary`: "auto", "concise", "detailed" = show thinking;
    "none" = hide it; None = not said."""

    mode: Literal["off", "adaptive", "on"] | None = None
    effort: str | None = None
    budget: int | None = None
    summary: str | None = None
    extras: JsonObject = NO_EXTRAS


class OutputFormat(msgspec.Struct, frozen=True):
    """ "json" = any JSON object; "schema" = JSON of this JSON Schema."""

    kind: Literal["text", "json", "schema"]
    schema: JsonObject | None = None
    name: str = ""
    description: str = ""
    strict: bool | None = None
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


class Hints(msgspec.Struct, frozen=True):
    """What helps an upstream or its host serve the request, without changing the answer."""

    cache_key: str | None = None
    session: str | None = None
    user: str | None = None
    service_tier: str | None = None
    verbosity: str | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    modalities: tuple[str, ...] = ()


class Request(msgspec.Struct, frozen=True):
    protocol: ProtocolName
    model: str
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    sampling: Sampling = Sampling()
    reasoning: ReasoningSettings = ReasoningSettings()
    output: OutputFormat | None = None
    hints: Hints = Hints()
    stream: bool = False
    include_usage: bool = True
    extras: JsonObject = NO_EXTRAS
    wire: JsonObject = NO_EXTRAS


def split_system(turns: tuple[Turn, ...]) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    """The leading system turns, and the conversation after them."""
    for index, turn in enumerate(turns):
        if turn.role != "system":
            return turns[:index], turns[index:]
    return turns, ()


class EmbeddingRequest(msgspec.Struct, frozen=True):
    """`inputs` are texts, or token lists where the client sent those. `single`: one bare input."""

    protocol: ProtocolName
    model: str
    inputs: tuple[str | list[Json], ...]
    dimensions: int | None = None
    task: str = ""
    title: str = ""
    base64: bool = False
    single: bool = False
    extras: JsonObject = NO_EXTRAS
