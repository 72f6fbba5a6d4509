"""Settings of the Amp integration: `ampcode:` and CLIProxyAPI's older flat `amp-*` keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, model_validator

from dragoman.config.blocks import Block, Name, Names, Url, regex
from dragoman.config.secrets import Secret


class AmpMapping(Block):
    """A model Amp asks for, served by another."""

    from_: Name = Field(alias="from", description="The model asked for, in any case.")
    to: Names = Field(min_length=1, description="One model, or several tried in order.")
    regex: bool = Field(
        default=False, description="`from` is a regular expression, found anywhere in the name."
    )

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        if self.regex:
            regex(self.from_)
        return self


class AmpKey(Block):
    """The ampcode.com key that certain clients use."""

    upstream_api_key: Secret = Field(description="A key of ampcode.com.")
    api_keys: tuple[Secret, ...] = Field(default=(), description="The client keys it is for.")


def why_unreadable(mapping: object) -> str:
    """Why a written mapping is none; "" for one that is."""
    try:
        AmpMapping.model_validate(mapping)
    except ValidationError as error:
        return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    return ""


def _readable(value: object, info: ValidationInfo) -> object:
    """The mappings without those that CLIProxyAPI leaves out, where the user wants it so."""
    ampcode = info.data.get("ampcode")
    skips = info.data.get("skip_unreadable_mappings") or (
        isinstance(ampcode, Ampcode) and ampcode.skip_unreadable_mappings
    )
    if not skips or not isinstance(value, list):
        return value
    return [one for one in value if not why_unreadable(one)]


AmpMappings = Annotated[
    tuple[AmpMapping, ...],
    BeforeValidator(_readable, json_schema_input_type=list[AmpMapping]),
]


class Ampcode(Block):
    """The Amp integration."""

    upstream_url: Url = Field(
        default="", description="Amp's own server, https://ampcode.com; empty = none."
    )
    upstream_api_key: Secret | None = Field(
        default=None,
        description="A key of ampcode.com; without one, AMP_API_KEY or the key of Amp's own login "
        "on this machine.",
    )
    upstream_api_keys: tuple[AmpKey, ...] = Field(default=(), description="Keys by client key.")
    restrict_management_to_localhost: bool = Field(
        default=True, description="Amp's own calls and pages answer this machine only."
    )
    force_model_mappings: bool = Field(
        default=False, description="Mappings go before models served here."
    )
    skip_unreadable_mappings: bool = Field(
        default=False,
        description="Leave out mappings that cannot be read, with a warning, as CLIProxyAPI does; "
        "else the file is refused.",
    )
    model_mappings: AmpMappings = Field(default=(), description="Exact first, then regex.")
    fallback_on_failure: bool = Field(
        default=False,
        description="A failing pool falls back to ampcode.com, on its credits.",
    )
    control_plane: Literal["auto", "upstream", "local"] = Field(
        default="auto",
        description="Who answers the CLI's own calls; auto = upstream when upstream-url is set, "
        "else local.",
    )


class AmpKeys(Block):
    """Top-level keys of Amp."""

    ampcode: Ampcode = Field(default_factory=Ampcode, description="The Amp integration.")
    amp_upstream_url: Url = Field(default="", description="Older form of ampcode.upstream-url.")
    amp_upstream_api_key: Secret | None = Field(
        default=None, description="Older form of ampcode.upstream-api-key."
    )
    amp_restrict_management_to_localhost: bool | None = Field(
        default=None, description="Older form of ampcode.restrict-management-to-localhost."
    )
    amp_model_mappings: AmpMappings = Field(
        default=(), description="Older form of ampcode.model-mappings."
    )

    @property
    def amp(self) -> Ampcode:
        """`ampcode` with what only the flat keys say."""
        flat: dict[str, Any] = {
            "upstream_url": self.amp_upstream_url,
            "upstream_api_key": self.amp_upstream_api_key,
            "restrict_management_to_localhost": self.amp_restrict_management_to_localhost,
            "model_mappings": self.amp_model_mappings,
        }
        nested = self.ampcode.model_fields_set
        update = {
            name: value
            for name, value in flat.items()
            if name not in nested and f"amp_{name}" in self.model_fields_set
        }
        return self.ampcode.model_copy(update=update)
