"""Settings of the Amp integration: `ampcode:` and CLIProxyAPI's older flat `amp-*` keys."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dragoman.config.blocks import LATER, Block, Name, Names, Url, regex
from dragoman.config.secrets import Secret


class AmpMapping(Block):
    """A model Amp asks for, served by another."""

    from_: Name = Field(alias="from", description="The model asked for, in any case." + LATER)
    to: Names = Field(min_length=1, description="One model, or several tried in order." + LATER)
    regex: bool = Field(default=False, description="`from` is a regular expression." + LATER)

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        if self.regex:
            regex(self.from_)
        return self


class AmpKey(Block):
    """The ampcode.com key that certain clients use."""

    upstream_api_key: Secret = Field(description="A key of ampcode.com." + LATER)
    api_keys: tuple[Secret, ...] = Field(
        default=(), description="The client keys it is for." + LATER
    )


class Ampcode(Block):
    """The Amp integration."""

    upstream_url: Url = Field(
        default="", description="Amp's own server, https://ampcode.com; empty = none." + LATER
    )
    upstream_api_key: Secret | None = Field(
        default=None, description="A key of ampcode.com." + LATER
    )
    upstream_api_keys: tuple[AmpKey, ...] = Field(default=(), description="Keys by client key.")
    restrict_management_to_localhost: bool = Field(
        default=True, description="Management routes answer loopback peers only." + LATER
    )
    force_model_mappings: bool = Field(
        default=False, description="Mappings go before models served here." + LATER
    )
    model_mappings: tuple[AmpMapping, ...] = Field(
        default=(), description="Exact first, then regex."
    )
    fallback_on_failure: bool = Field(
        default=False,
        description="A failing pool falls back to ampcode.com, on its credits." + LATER,
    )
    control_plane: Literal["auto", "upstream", "local"] = Field(
        default="auto",
        description="Who answers the CLI's own calls; auto = upstream when upstream-url is set."
        + LATER,
    )


class AmpKeys(Block):
    """Top-level keys of Amp."""

    ampcode: Ampcode = Field(default_factory=Ampcode, description="The Amp integration.")
    amp_upstream_url: Url = Field(
        default="", description="Older form of ampcode.upstream-url." + LATER
    )
    amp_upstream_api_key: Secret | None = Field(
        default=None, description="Older form of ampcode.upstream-api-key." + LATER
    )
    amp_restrict_management_to_localhost: bool | None = Field(
        default=None, description="Older form of ampcode.restrict-management-to-localhost." + LATER
    )
    amp_model_mappings: tuple[AmpMapping, ...] = Field(
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
