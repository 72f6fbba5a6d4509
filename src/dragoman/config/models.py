"""A model that an upstream serves, as the user describes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from dragoman.config.blocks import LATER, Block, Count, Name


class Thinking(Block):
    """What reasoning a model can do, in CLIProxyAPI's words."""

    min: Count = Field(default=0, description="Smallest reasoning budget in tokens.")
    max: Count = Field(default=0, description="Largest reasoning budget in tokens; 0 = unknown.")
    zero_allowed: bool = Field(
        default=False, alias="zero_allowed", description="Reasoning can be switched off."
    )
    dynamic_allowed: bool = Field(
        default=False,
        alias="dynamic_allowed",
        description="The model can choose the amount itself.",
    )
    levels: tuple[str, ...] = Field(
        default=(), description="Effort levels the model takes, such as low, medium, high."
    )


class ModelRule(Block):
    """A model an upstream serves. Several with one alias are a pool."""

    name: Name = Field(description="The model's name at the upstream.")
    alias: str = Field(default="", description="The name clients use; empty = name.")
    display_name: str = Field(default="", description="A name for people, shown in model lists.")
    max_context_length: Count = Field(
        default=0,
        description="Context window in tokens, shown in model lists; 0 = from the catalogue.",
    )
    force_mapping: bool = Field(
        default=False,
        description="Answers carry the alias as their model instead of the upstream's name.",
    )
    is_compat: bool = Field(
        default=False, description="The model needs the plainest request." + LATER
    )
    thinking: Thinking | None = Field(
        default=None, description="The model's reasoning; unset = from the catalogue."
    )
    tools: bool | None = Field(
        default=None,
        description="The model calls functions; false = it gets tools as text (docs/compat.md);"
        " unset = from the catalogue.",
    )
    image: bool = Field(default=False, description="The model makes images." + LATER)
    input_modalities: tuple[str, ...] = Field(
        default=(),
        description="What the model reads, such as text, image; empty = from the catalogue."
        + LATER,
    )
    output_modalities: tuple[str, ...] = Field(
        default=(), description="What the model writes, such as text, image." + LATER
    )

    @property
    def served_as(self) -> str:
        """The name clients ask for."""
        return self.alias or self.name


def bare_model(value: object) -> object:
    """A model may be written as its name alone."""
    return {"name": value} if isinstance(value, str) else value


ModelEntry = Annotated[
    ModelRule, BeforeValidator(bare_model, json_schema_input_type=str | ModelRule)
]
