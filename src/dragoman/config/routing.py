"""Settings of names, attempts and cool-downs: from a model's name to a credential."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from dragoman.config.aliases import ITSELF
from dragoman.config.blocks import Block, Count, Duration, Names, Seconds, SecondsOrOff
from dragoman.neutral.globs import is_glob
from dragoman.reasoning.suffix import parse_suffix

Strategy = Literal[
    "round-robin", "weighted-round-robin", "fill-first", "least-busy", "lowest-latency"
]
ErrorCause = Literal["rate-limit", "server", "timeout", "context-length", "refused", "auth"]
SHORT_STRATEGIES = {
    "": "round-robin",
    "rr": "round-robin",
    "roundrobin": "round-robin",
    "wrr": "weighted-round-robin",
    "weightedroundrobin": "weighted-round-robin",
    "ff": "fill-first",
    "fillfirst": "fill-first",
}


def whole_strategy(value: object) -> object:
    """CLIProxyAPI's short spellings."""
    if not isinstance(value, str):
        return value
    return SHORT_STRATEGIES.get(value.strip().lower(), value.strip().lower())


def alias_name(name: str) -> str:
    if not name or any(sign.isspace() for sign in name):
        raise ValueError(f"{name!r} is no model name; it must not be empty or hold blanks")
    if name.lower() == "auto":
        raise ValueError("'auto' means the first available model; choose another alias")
    return asked_name(name)


def asked_name(name: str) -> str:
    """A name or glob that is compared with what clients ask for."""
    base, _ = parse_suffix(name)
    if base != name:
        raise ValueError(
            f"{name!r} never fits: a suffix in brackets is taken off before; write {base!r}"
        )
    return name


def target_name(name: str) -> str:
    """A name that leads to a model; it may have a suffix."""
    if any(sign.isspace() for sign in name):
        raise ValueError(f"{name!r} is no model name; it must not hold blanks")
    if is_glob(name):
        raise ValueError(f"{name!r} holds a wildcard; a target is one model's name")
    return name


AskedNames = Annotated[Names, AfterValidator(lambda names: tuple(map(asked_name, names)))]
TargetNames = Annotated[Names, AfterValidator(lambda names: tuple(map(target_name, names)))]
GroupTargets = Annotated[
    Names,
    AfterValidator(
        lambda names: tuple(name if name == ITSELF else target_name(name) for name in names)
    ),
]
Aliases = dict[
    Annotated[str, AfterValidator(alias_name)], Annotated[TargetNames, Field(min_length=1)]
]
GroupAliases = dict[
    Annotated[str, AfterValidator(alias_name)], Annotated[GroupTargets, Field(min_length=1)]
]
StrategyName = Annotated[
    Strategy, BeforeValidator(whole_strategy, json_schema_input_type=Strategy | str)
]


class Fallback(Block):
    """Where a model's requests go when it fails."""

    for_: AskedNames = Field(
        alias="for", min_length=1, description="Models: names or globs, asked for or reached."
    )
    to: TargetNames = Field(min_length=1, description="Models tried next, in order.")
    on: tuple[ErrorCause, ...] = Field(
        default=("rate-limit", "server", "timeout"), description="The failures it is for."
    )


class Routing(Block):
    """How a credential is chosen."""

    strategy: StrategyName = Field(
        default="round-robin",
        description="round-robin (rr), weighted-round-robin (wrr), fill-first (ff), least-busy or "
        "lowest-latency.",
    )
    session_affinity: bool = Field(
        default=True,
        description="A conversation stays on its credential, for prompt caches.",
    )
    session_affinity_subagents: bool = Field(
        default=True,
        description="A subagent (Claude Code, Codex, opencode) stays on its parent's credential; "
        "false: each finds its own.",
    )
    session_affinity_ttl: Duration = Field(
        default=3600,
        description="How long a conversation is remembered (1h, 30m, seconds).",
    )


class RoutingKeys(Block):
    """Top-level keys of routing."""

    aliases: Aliases = Field(
        default_factory=dict,
        description="Other names for models: name or wildcard to one target or several in order.",
    )
    fallbacks: tuple[Fallback, ...] = Field(
        default=(), description="Chains for when a model fails."
    )
    default_model: Annotated[str, AfterValidator(target_name)] = Field(
        default="", description="Serves names nobody knows; empty = those are a 404."
    )
    routing: Routing = Field(default_factory=Routing, description="How a credential is chosen.")
    force_model_prefix: bool = Field(
        default=False, description="Upstreams with a prefix do not serve bare names."
    )
    request_retry: Count = Field(
        default=3, description="Extra rounds of attempts after all credentials failed."
    )
    max_retry_interval: SecondsOrOff = Field(
        default=30, description="Longest cool-down a request waits for, in seconds."
    )
    max_retry_credentials: Count = Field(
        default=0, description="Credentials tried in one round; 0 = all."
    )
    hedge_after_s: Seconds = Field(
        default=0,
        description="Start a second attempt on another credential when the first has sent nothing "
        "for so many seconds; 0 = never.",
    )
    disable_cooling: bool = Field(
        default=False, description="Never pause a credential after a failure."
    )
    save_cooldown_status: bool = Field(
        default=True, description="Cool-downs are kept over a restart."
    )
    transient_error_cooldown_seconds: int = Field(
        default=0, ge=-1, description="Cool-down after 408 and 5xx; 0 = 60 s, -1 = none."
    )
