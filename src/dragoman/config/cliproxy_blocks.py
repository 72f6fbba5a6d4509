"""CLIProxyAPI's key blocks as they are written; `cliproxy.py` turns them into upstreams.

After its configuration reference at about v7.2 (config.yaml, key blocks and OAuth model rules).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from dragoman.config.blocks import LATER, THEIRS, Block, Headers, Name, ProxyUrl, Url
from dragoman.config.models import ModelRule
from dragoman.config.secrets import Secret
from dragoman.config.upstreams import ScopedError

TheirWeight = Annotated[int, Field(le=1_000_000)]


def both_names(rules: tuple[TheirModel, ...]) -> tuple[TheirModel, ...]:
    return tuple(rule for rule in rules if rule.name or rule.alias)


class TheirModel(ModelRule):
    """A model rule whose name may be missing: such a rule is dropped, not refused."""

    name: str = Field(default="", description="The model's name at the upstream.")


TheirModels = Annotated[tuple[TheirModel, ...], AfterValidator(both_names)]


class KeyBlock(Block):
    """What all key blocks share."""

    api_key: Secret = Field(default=Secret(""), description="The API key.")
    priority: int = Field(default=0, description="Higher goes first.")
    weight: TheirWeight = Field(
        default=1, description="Share under weighted-round-robin; 0 or less = none there."
    )
    prefix: str = Field(default="", description="One word; `prefix/model` asks keys with it.")
    base_url: Url = Field(default="", description="The host; empty = the provider's own.")
    proxy_url: ProxyUrl = Field(default=None, description="Proxy for this key.", repr=False)
    headers: Headers = Field(
        default_factory=dict, description="Headers sent with this key.", repr=False
    )
    models: TheirModels = Field(default=(), description="The models it serves.")
    excluded_models: tuple[Name, ...] = Field(
        default=(),
        description="Globs of models not to serve; * disables the key.",
    )
    disable_cooling: bool | None = Field(
        default=None, description="Never pause this key after a failure."
    )
    request_retry: int | None = Field(default=None, description="Extra rounds of attempts.")
    request_scoped_errors: tuple[ScopedError, ...] = Field(
        default=(), description="Errors that mean something else here than usual."
    )


class GeminiKey(KeyBlock):
    """`gemini-api-key`: an upstream of protocol gemini."""


class InteractionsKey(KeyBlock):
    """`interactions-api-key`: for Google's Interactions API alone."""


class VertexKey(KeyBlock):
    """`vertex-api-key`: a Vertex-style host with an API key; models need name and alias."""


class CodexKey(KeyBlock):
    """`codex-api-key`: an upstream of protocol responses."""

    websockets: bool = Field(
        default=False, description="Speak WebSocket to the upstream, for clients that do."
    )
    alpha_search: bool = Field(default=False, description="Serve the host's /alpha/search." + LATER)


class XaiKey(CodexKey):
    """`xai-api-key`: as codex-api-key."""


class Cloak(Block):
    """Disguise settings, which dragoman does not act on."""

    mode: Literal["", "auto", "always", "never"] = Field(default="", description="When." + THEIRS)
    strict_mode: bool = Field(
        default=False, description="Drop the client's system prompt." + THEIRS
    )
    relaxed_system_prompt: bool = Field(default=False, description="Keep it." + THEIRS)
    sensitive_words: tuple[str, ...] = Field(default=(), description="Words to blur." + THEIRS)
    cache_user_id: bool | None = Field(default=None, description="Keep a made-up user id." + THEIRS)


class ClaudeKey(KeyBlock):
    """`claude-api-key`: an upstream of protocol anthropic."""

    rebuild_mid_system_message: bool | None = Field(
        default=None, description="Rewrite system turns in mid-conversation." + LATER
    )
    cloak: Cloak | None = Field(default=None, description="Disguise." + THEIRS)
    fingerprint_profile: Literal["", "claude-code-cli", "oauth-cli"] = Field(
        default="", description="Which program to look like." + THEIRS
    )
    experimental_cch_signing: bool = Field(
        default=False, description="Signing of headers." + THEIRS
    )


class CompatKey(Block):
    """One key of an openai-compatibility block."""

    api_key: Secret = Field(default=Secret(""), description="The API key; empty = none is sent.")
    weight: TheirWeight = Field(
        default=1, description="Share under weighted-round-robin; 0 or less = none there."
    )
    proxy_url: ProxyUrl = Field(default=None, description="Proxy for this key.", repr=False)


class Compatibility(Block):
    """`openai-compatibility`: an upstream of protocol openai with its keys."""

    name: str = Field(default="", description="The upstream's name.")
    priority: int = Field(default=0, description="Higher goes first.")
    disabled: bool = Field(default=False, description="Keep the block without using it.")
    prefix: str = Field(default="", description="One word; `prefix/model` asks upstreams with it.")
    base_url: Url = Field(default="", description="The host; a block without is dropped.")
    api_key_entries: tuple[CompatKey, ...] = Field(default=(), description="Keys; none = keyless.")
    api_keys: tuple[Secret, ...] = Field(default=(), description="Keys in the older form.")
    models: TheirModels = Field(
        default=(), description="The models it serves; a repeated alias = a pool."
    )
    headers: Headers = Field(
        default_factory=dict, description="Headers sent with every request.", repr=False
    )
    excluded_models: tuple[Name, ...] = Field(
        default=(), description="Globs of models not to serve."
    )
    support_prompt_cache_key: bool = Field(
        default=False, description="The host takes prompt_cache_key." + LATER
    )
    disable_cooling: bool | None = Field(
        default=None, description="Never pause these keys after a failure."
    )
    request_retry: int | None = Field(default=None, description="Extra rounds of attempts.")
    request_scoped_errors: tuple[ScopedError, ...] = Field(
        default=(), description="Errors that mean something else here than usual."
    )


class OauthAlias(Block):
    """Another name for a model of a subscription."""

    name: Name = Field(description="The model's own name.")
    alias: Name = Field(description="The name clients use.")
    fork: bool = Field(default=False, description="Keep the own name as well.")
    display_name: str = Field(default="", description="A name for people.")
    force_mapping: bool = Field(default=False, description="Answers carry the alias.")


def aliases_kept(
    channels: dict[str, tuple[OauthAlias, ...]],
) -> dict[str, tuple[OauthAlias, ...]]:
    """An alias equal to its name, or repeated, is dropped."""
    kept = {}
    for channel, rules in channels.items():
        first: dict[str, OauthAlias] = {}
        for rule in rules:
            if rule.alias.lower() != rule.name.lower():
                first.setdefault(rule.alias.lower(), rule)
        kept[channel.strip().lower()] = tuple(first.values())
    return kept


def lower_case(channels: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name.strip().lower(): globs for name, globs in channels.items()}


def no_nulls(value: object) -> object:
    """`claude:` with nothing behind it is an empty list."""
    if isinstance(value, dict):
        return {name: () if entry is None else entry for name, entry in value.items()}
    return value


class KeyBlocks(Block):
    """Top-level keys that hold credentials in CLIProxyAPI's form."""

    gemini_api_key: tuple[GeminiKey, ...] = Field(default=(), description="Gemini API keys.")
    interactions_api_key: tuple[InteractionsKey, ...] = Field(
        default=(),
        description="Keys for Google's Interactions API; kept aside, it is not served yet.",
    )
    claude_api_key: tuple[ClaudeKey, ...] = Field(default=(), description="Anthropic API keys.")
    codex_api_key: tuple[CodexKey, ...] = Field(
        default=(), description="OpenAI Responses API keys."
    )
    xai_api_key: tuple[XaiKey, ...] = Field(default=(), description="xAI API keys.")
    vertex_api_key: tuple[VertexKey, ...] = Field(default=(), description="Vertex-style API keys.")
    openai_compatibility: tuple[Compatibility, ...] = Field(
        default=(), description="Hosts that speak OpenAI's Chat protocol."
    )
    oauth_excluded_models: Annotated[
        dict[str, tuple[Name, ...]], BeforeValidator(no_nulls), AfterValidator(lower_case)
    ] = Field(
        default_factory=dict,
        description="Models (globs) that subscriptions do not serve, by provider.",
    )
    oauth_model_alias: Annotated[
        dict[str, tuple[OauthAlias, ...]], BeforeValidator(no_nulls), AfterValidator(aliases_kept)
    ] = Field(default_factory=dict, description="Other names for models of subscriptions.")
    oauth_request_scoped_errors: Annotated[
        dict[str, tuple[ScopedError, ...]], BeforeValidator(no_nulls)
    ] = Field(
        default_factory=dict, description="Errors that mean something else for a subscription."
    )
