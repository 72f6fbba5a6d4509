"""`payload`: rules that set or remove fields of the request an upstream gets."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field

from dragoman.config.blocks import Block, Headers, Name, json_text
from dragoman.neutral.paths import parse_path

PROTOCOLS = {
    "": "",
    "openai": "openai",
    "chat": "openai",
    "responses": "responses",
    "openai-response": "responses",
    "openai-responses": "responses",
    "codex": "responses",
    "claude": "anthropic",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "ollama": "ollama",
    **{
        name: name
        for name in (
            "aistudio antigravity copilot gemini-cli interactions kimi qwen vertex xai".split()
        )
    },
}
"""What rules call protocols → our names. Names of single hosts stay what they are: such a rule is
for the accounts of that host."""


def path(text: str) -> str:
    """A gjson-style path such as `tools.#(type=="web_search").name`."""
    parse_path(text)
    return text


def protocol(text: str) -> str:
    if text.strip().lower() not in PROTOCOLS:
        known = ", ".join(sorted(filter(None, PROTOCOLS)))
        raise ValueError(f"{text!r} is no protocol; known: {known}")
    return text.strip()


def json_value(value: Any) -> Any:
    try:
        msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError("cannot be written as JSON; put it in quotes") from None
    return value


PayloadPath = Annotated[str, AfterValidator(path)]
ProtocolWord = Annotated[str, AfterValidator(protocol)]
Values = dict[PayloadPath, Annotated[Any, AfterValidator(json_value)]]
RawValues = dict[PayloadPath, Annotated[Any, BeforeValidator(json_text)]]


class PayloadModel(Block):
    """Which requests a rule is for; everything written must hold."""

    name: Name = Field(
        default="*", description="Glob over the upstream's and the asked model, in any letter case."
    )
    protocol: ProtocolWord = Field(default="", description="The upstream's protocol; empty = any.")
    from_protocol: ProtocolWord = Field(
        default="", description="The client's protocol; empty = any."
    )
    headers: Headers = Field(
        default_factory=dict, description="Globs the client's headers must match."
    )
    match: tuple[Values, ...] = Field(
        default=(), description="Paths with their values: all must have them."
    )
    not_match: tuple[Values, ...] = Field(
        default=(), description="Paths with values that none of them may have."
    )
    exist: tuple[PayloadPath, ...] = Field(default=(), description="Paths that must be there.")
    not_exist: tuple[PayloadPath, ...] = Field(
        default=(), description="Paths that must not be there."
    )


class PayloadRule(Block):
    """Values by path, for the models named."""

    models: tuple[PayloadModel, ...] = Field(
        default=(), description="Which requests it is for; empty = all."
    )
    params: Values = Field(default_factory=dict, description="Path to value.")


class RawPayloadRule(Block):
    """Values written as JSON text, by path."""

    models: tuple[PayloadModel, ...] = Field(
        default=(), description="Which requests it is for; empty = all."
    )
    params: RawValues = Field(default_factory=dict, description="Path to JSON text.")


class PayloadFilter(Block):
    """Paths to remove."""

    models: tuple[PayloadModel, ...] = Field(
        default=(), description="Which requests it is for; empty = all."
    )
    params: tuple[PayloadPath, ...] = Field(default=(), description="Paths to remove.")


class Payload(Block):
    """Applied in this order, after everything else."""

    default: tuple[PayloadRule, ...] = Field(
        default=(), description="Set where the client sent nothing; the first rule wins."
    )
    default_raw: tuple[RawPayloadRule, ...] = Field(
        default=(), description="The same with JSON text as value."
    )
    override: tuple[PayloadRule, ...] = Field(
        default=(), description="Set always; the last rule wins."
    )
    override_raw: tuple[RawPayloadRule, ...] = Field(
        default=(), description="The same with JSON text as value."
    )
    filter: tuple[PayloadFilter, ...] = Field(default=(), description="Fields to remove.")
