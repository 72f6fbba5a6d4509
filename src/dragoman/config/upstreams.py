"""One upstream: where it is, how it is spoken to, with which keys, and what it serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dragoman.config.blocks import (
    LATER,
    Block,
    Headers,
    Name,
    Prefix,
    ProxyUrl,
    Regex,
    Seconds,
    Url,
    Weight,
)
from dragoman.config.models import ModelEntry
from dragoman.config.secrets import Secret

Protocol = Literal["openai", "responses", "anthropic", "gemini", "ollama", "echo"]
Auth = Literal["bearer", "x-api-key", "x-goog-api-key", "api-key", "none"]

AUTH_OF_PROTOCOL: dict[Protocol, Auth] = {
    "openai": "bearer",
    "responses": "bearer",
    "anthropic": "x-api-key",
    "gemini": "x-goog-api-key",
    "ollama": "bearer",
    "echo": "none",
}
PATH_OF_PROTOCOL: dict[Protocol, str] = {
    "openai": "/v1",
    "responses": "/v1",
    "anthropic": "/v1",
    "gemini": "/v1beta",
    "ollama": "/api",
    "echo": "",
}
USUAL_ADDRESS: dict[Protocol, str] = {
    "openai": "https://api.openai.com/v1",
    "responses": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
    "ollama": "http://127.0.0.1:11434",
}
RESERVED_NAMES = frozenset({"auto"})
NOT_IN_NAMES = "/@()"


def upstream_name(name: str) -> str:
    """Names stand before models as `name/model`, so nothing in them may look like that grammar."""
    if not name:
        raise ValueError("is empty; give the upstream a name such as openrouter")
    bad = next((sign for sign in name if sign in NOT_IN_NAMES or sign.isspace()), None)
    if bad is not None:
        shown = "a blank" if bad.isspace() else repr(bad)
        raise ValueError(f"{name!r} holds {shown}; use letters, digits, '-', '_' and '.'")
    if name.lower() in RESERVED_NAMES:
        raise ValueError(f"{name!r} is a word of dragoman's own; choose another name")
    return name


def filled_secret(secret: Secret) -> Secret:
    if not secret:
        raise ValueError("is empty; write the key or remove the entry")
    return secret


FilledSecret = Annotated[Secret, AfterValidator(filled_secret)]
UpstreamName = Annotated[str, AfterValidator(upstream_name)]


class Key(Block):
    """One credential of an upstream."""

    key: FilledSecret = Field(description="The API key, or `${NAME}` from the environment.")
    label: str = Field(
        default="", description="What logs and tables call this key instead of its value."
    )
    weight: Weight = Field(
        default=1,
        description="Share of requests under weighted-round-robin; 0 = none there.",
    )
    priority: int | None = Field(
        default=None, description="Higher goes first; unset = the upstream's."
    )
    proxy_url: ProxyUrl = Field(
        default=None,
        description="Proxy for this key: http, https, socks5, socks5h, or direct (or none) to "
        "bypass every other one.",
        repr=False,
    )
    headers: Headers = Field(
        default_factory=dict,
        description="Headers sent with this key; `$Name` copies the client's header of that name.",
        repr=False,
    )
    disabled: bool = Field(default=False, description="Keep the key in the file without using it.")
    disable_cooling: bool | None = Field(
        default=None,
        description="Never pause this key after a failure; unset = the upstream's.",
    )


def bare_key(value: object) -> object:
    """A key may be written as text alone."""
    return value if isinstance(value, Mapping | Key) else {"key": value}


KeyEntry = Annotated[Key, BeforeValidator(bare_key, json_schema_input_type=str | Key)]


class ScopedError(Block):
    """What one kind of upstream error means for the request and the credential."""

    status: int = Field(default=0, ge=0, le=599, description="HTTP status; 0 = any.")
    match: tuple[str, ...] = Field(default=(), description="Texts, one of which the error holds.")
    match_regexr: tuple[Regex, ...] = Field(
        default=(), description="Regular expressions, one of which finds the error."
    )
    action: Literal["stop", "stop-and-cooldown", "continue", "continue-and-cooldown"] = Field(
        default="stop",
        description="Answer at once or go on to the next credential; with or without a cool-down.",
    )


class Timeouts(Block):
    """Deadlines in seconds; 0 = none."""

    connect: Seconds = Field(default=10, description="Until the connection stands, TLS included.")
    first_byte: Seconds = Field(default=300, description="Until the answer begins.")
    idle: Seconds = Field(default=120, description="Between two pieces of an answer.")
    total: Seconds = Field(default=0, description="For the whole attempt.")


class TimeoutOverrides(Block):
    """Deadlines of one upstream; those not written are the general ones."""

    connect: Seconds | None = Field(default=None, description="Until the connection stands.")
    first_byte: Seconds | None = Field(default=None, description="Until the answer begins.")
    idle: Seconds | None = Field(default=None, description="Between two pieces of an answer.")
    total: Seconds | None = Field(default=None, description="For the whole attempt.")

    def over(self, general: Timeouts) -> Timeouts:
        """The deadlines that hold for this upstream."""
        return general.model_copy(update=self.model_dump(exclude_none=True))


class Upstream(Block):
    """A host that serves models, and everything said about it."""

    name: UpstreamName = Field(description="Unique name; `name/model` asks this upstream only.")
    protocol: Protocol = Field(description="The wire protocol it speaks.")
    base_url: Url = Field(
        default="",
        description="Its address; an empty path gets the protocol's own (/v1, /v1beta, /api), any "
        "other is taken as it is. Required, but for echo.",
    )
    auth: Auth | None = Field(
        default=None, description="The header that carries the key; unset = the protocol's own."
    )
    query: dict[str, str] = Field(
        default_factory=dict, description="Added to every URL, such as Azure's api-version."
    )
    keys: tuple[KeyEntry, ...] = Field(
        default=(), description="API keys, as text or objects; none = a keyless server."
    )
    headers: Headers = Field(
        default_factory=dict,
        description="Headers sent with every request; `$Name` copies the client's header of that "
        "name, if it sent one.",
        repr=False,
    )
    proxy_url: ProxyUrl = Field(
        default=None,
        description="Proxy for this upstream; direct (or none) bypasses all.",
        repr=False,
    )
    timeouts: TimeoutOverrides = Field(
        default_factory=TimeoutOverrides, description="Deadlines for this upstream."
    )
    models: tuple[ModelEntry, ...] | None = Field(
        default=None, description="The models it serves; no list = ask the host, in the background."
    )
    excluded_models: tuple[Name, ...] = Field(
        default=(),
        description="Globs of models not to serve, in any letter case; * = none at all.",
    )
    prefix: Prefix = Field(
        default="", description="One word; `prefix/model` asks upstreams with it."
    )
    disabled: bool = Field(
        default=False, description="Keep the upstream in the file without using it."
    )
    priority: int = Field(default=0, description="Higher goes first.")
    disable_cooling: bool | None = Field(
        default=None,
        description="Never pause a credential after a failure; unset = the general one.",
    )
    request_retry: int | None = Field(
        default=None,
        description="Extra rounds of attempts; unset or below 0 = the general one.",
    )
    request_scoped_errors: tuple[ScopedError, ...] = Field(
        default=(), description="Errors that mean something else here than usual."
    )
    words_per_second: float = Field(
        default=0, ge=0, description="Pace of an echo upstream; 0 = as fast as it can."
    )
    request_usage: bool | None = Field(
        default=None,
        description="Ask chat upstreams for usage in streams; unset = the general one.",
    )
    websockets: bool = Field(
        default=False,
        description="Speak Responses over WebSocket to this upstream, for clients that do.",
    )
    support_prompt_cache_key: bool = Field(
        default=False, description="The host takes prompt_cache_key." + LATER
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if not self.base_url and self.protocol != "echo":
            usual = USUAL_ADDRESS[self.protocol]
            raise ValueError(f"needs base-url, for {self.protocol} usually {usual}")
        return self

    @property
    def endpoint(self) -> str:
        """Base URL with the protocol's own path where it has none."""
        if urlsplit(self.base_url).path:
            return self.base_url.rstrip("/")
        return self.base_url + PATH_OF_PROTOCOL[self.protocol]

    @property
    def auth_header(self) -> Auth:
        """How the key is sent, the protocol's default filled in."""
        return self.auth or AUTH_OF_PROTOCOL[self.protocol]

    def priority_of(self, key: Key) -> int:
        return self.priority if key.priority is None else key.priority
