"""`payload`: rules that set or remove fields of the request an upstream gets."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from dragoman.config.blocks import LATER, Block, Headers, Name, json_text

PAIRS = {"(": ")", "[": "]", "{": "}"}


def path(text: str) -> str:
    """A gjson-style path such as `tools.#(type=="web_search").name`."""
    if not text or text.startswith(".") or text.endswith(".") or ".." in text:
        raise ValueError(f"{text!r} is no path; write field.field or list.0.field")
    open_brackets: list[str] = []
    quoted = False
    for sign in text:
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in PAIRS:
            open_brackets.append(PAIRS[sign])
        elif (
            not quoted
            and sign in PAIRS.values()
            and (not open_brackets or open_brackets.pop() != sign)
        ):
            raise ValueError(f"{text!r} is no path; {sign!r} closes nothing")
    if open_brackets or quoted:
        raise ValueError(f"{text!r} is no path; a bracket or quote is not closed")
    return text


PayloadPath = Annotated[str, AfterValidator(path)]
Values = dict[PayloadPath, Any]
RawValues = dict[PayloadPath, Annotated[Any, BeforeValidator(json_text)]]


class PayloadModel(Block):
    """Which requests a rule is for; everything written must hold."""

    name: Name = Field(
        default="*", description="Glob over the upstream's and the asked model." + LATER
    )
    protocol: str = Field(default="", description="The upstream's protocol; empty = any." + LATER)
    from_protocol: str = Field(
        default="", description="The client's protocol; empty = any." + LATER
    )
    headers: Headers = Field(
        default_factory=dict, description="Globs the client's headers must match." + LATER
    )
    match: tuple[Values, ...] = Field(default=(), description="Paths with their values." + LATER)
    not_match: tuple[Values, ...] = Field(
        default=(), description="Paths that must not have these values." + LATER
    )
    exist: tuple[PayloadPath, ...] = Field(
        default=(), description="Paths that must be there." + LATER
    )
    not_exist: tuple[PayloadPath, ...] = Field(
        default=(), description="Paths that must not be there." + LATER
    )


class PayloadRule(Block):
    """Values by path, for the models named."""

    models: tuple[PayloadModel, ...] = Field(default=(), description="Which requests it is for.")
    params: Values = Field(default_factory=dict, description="Path to value." + LATER)


class RawPayloadRule(Block):
    """Values written as JSON text, by path."""

    models: tuple[PayloadModel, ...] = Field(default=(), description="Which requests it is for.")
    params: RawValues = Field(default_factory=dict, description="Path to JSON text." + LATER)


class PayloadFilter(Block):
    """Paths to remove."""

    models: tuple[PayloadModel, ...] = Field(default=(), description="Which requests it is for.")
    params: tuple[PayloadPath, ...] = Field(default=(), description="Paths to remove." + LATER)


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
