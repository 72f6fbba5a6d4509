"""`Settings`: the root of the configuration, its own keys and those of the other files joined."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dragoman.config.ampcode import AmpKeys
from dragoman.config.blocks import (
    Block,
    Count,
    CountOrOff,
    HomePath,
    ProxyUrl,
    SecondsOrOff,
    Url,
)
from dragoman.config.cliproxy import upstreams_of
from dragoman.config.cliproxy_blocks import KeyBlocks
from dragoman.config.cliproxy_server import ServerKeys
from dragoman.config.groups import GroupKeys
from dragoman.config.payload import Payload
from dragoman.config.routing import RoutingKeys
from dragoman.config.secrets import Secret
from dragoman.config.upstreams import FilledSecret, Key, Timeouts, Upstream

TRANSIENT_COOLDOWN_S = 60


def listen_address(host: str) -> str:
    """CLIProxyAPI's empty host stands for all addresses."""
    host = host.strip()
    if "://" in host or "/" in host or any(sign.isspace() for sign in host):
        raise ValueError(f"{host!r} is no host; write a name or address such as 127.0.0.1")
    return host or "0.0.0.0"  # noqa: S104 - the user's own wish, and warned of


def host_name(name: str) -> str:
    """A name as it stands in a Host header, without its port."""
    name = name.strip().lower()
    if not name or any(sign in "/:*" or sign.isspace() for sign in name):
        raise ValueError(f"{name!r} is no host name; write it alone, such as ai.example.com")
    return name


def lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


class Tls(Block):
    """HTTPS of the gateway itself."""

    enable: bool = Field(default=False, description="Serve HTTPS.")
    cert: HomePath | None = Field(default=None, description="Certificate chain, PEM file.")
    key: HomePath | None = Field(default=None, description="Private key, PEM file.")

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        if isinstance(value, dict):
            return {name: entry for name, entry in value.items() if entry != ""}
        return value

    @model_validator(mode="after")
    def _has_its_files(self) -> Self:
        if not self.enable:
            return self
        for name, path in (("cert", self.cert), ("key", self.key)):
            if path is None:
                raise ValueError(f"enable needs cert and key; {name} is missing")
            if not path.is_file():
                raise ValueError(f"{name}: the file {path} is not there")
        return self


class Streaming(Block):
    """What clients get while an upstream is silent."""

    keepalive_seconds: CountOrOff = Field(
        default=15, description="Seconds between keepalives in a stream; a written 0 = off."
    )
    bootstrap_retries: Count = Field(
        default=0,
        description="Further rounds of a streamed request before anything was sent, beside "
        "request-retry.",
    )


class OauthClient(Block):
    """An OAuth client of one's own for logins with a provider."""

    client_id: str = Field(default="", description="Client id.")
    client_secret: Secret | None = Field(default=None, description="Client secret.")
    authorize_url: Url = Field(default="", description="Its login page elsewhere.")
    token_url: Url = Field(default="", description="Its token endpoint elsewhere.")
    device_url: Url = Field(default="", description="Its device endpoint elsewhere.")
    profile_url: Url = Field(default="", description="Its profile endpoint elsewhere.")
    exchange_url: Url = Field(default="", description="Copilot's token exchange elsewhere.")
    base_url: Url = Field(default="", description="Its API elsewhere.")


class Gateway(Block):
    """The gateway's own keys."""

    host: Annotated[str, AfterValidator(listen_address)] = Field(
        default="127.0.0.1", description="Address to listen on; empty = all of them."
    )
    port: int = Field(
        default=8317, ge=0, le=65535, description="Port to listen on; 0 = any free one."
    )
    tls: Tls = Field(default_factory=Tls, description="HTTPS of the gateway itself.")
    data_dir: HomePath = Field(
        default=Path("~/.local/share/dragoman"), description="Where dragoman keeps its own files."
    )
    auth_dir: HomePath = Field(
        default=Path("~/.cli-proxy-api"),
        description="Folder of logins, as CLIProxyAPI keeps them.",
    )
    api_keys: tuple[FilledSecret, ...] = Field(
        default=(), description="Client keys; none = loopback peers only."
    )
    allowed_hosts: tuple[Annotated[str, AfterValidator(host_name)], ...] = Field(
        default=(),
        description="Host names, besides this machine's own, under which requests may come: a "
        "reverse proxy's.",
    )
    upstreams: tuple[Upstream, ...] = Field(default=(), description="The hosts that serve models.")
    proxy_url: ProxyUrl = Field(
        default=None,
        description="Proxy for all upstreams without their own: http, https, socks5, socks5h, or "
        "direct (or none) to bypass those of the environment.",
        repr=False,
    )
    timeouts: Timeouts = Field(
        default_factory=Timeouts, description="Deadlines in seconds; 0 = none."
    )
    streaming: Streaming = Field(
        default_factory=Streaming, description="What clients get while an upstream is silent."
    )
    nonstream_keepalive_interval: SecondsOrOff = Field(
        default=0,
        description="Seconds between TCP keepalives to clients, so that nothing between forgets "
        "the connection while an answer that is not streamed takes its time; 0 = the system's own. "
        "Nothing is written into the answer: its first byte would fix status 200 before it is "
        "known. Read at start.",
    )
    max_body_mb: int = Field(
        default=64, ge=1, le=4096, description="Largest request body in MB, after decompression."
    )
    strict_conversion: bool = Field(
        default=False, description="Refuse (400) a request when something of it cannot be carried."
    )
    request_usage: bool = Field(
        default=True,
        description="Ask chat upstreams for usage in streams, also for clients that do not.",
    )
    passthrough_headers: bool = Field(
        default=False, description="Hand on all of an upstream's answer headers."
    )
    discover: bool = Field(
        default=True, description="Look for local servers: Ollama, LM Studio, llama.cpp, vLLM."
    )
    ollama_open_on_loopback: bool = Field(
        default=False, description="Serve /api/* to loopback peers without a key."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)] = (
        Field(default="info", description="How much is logged.")
    )
    log_format: Annotated[Literal["text", "json"], BeforeValidator(lower)] = Field(
        default="text", description="Log lines for people, or as JSON."
    )
    debug: bool = Field(default=False, description="As log-level: debug.")
    payload: Payload = Field(
        default_factory=Payload, description="Rules that set or remove fields of requests."
    )
    adopt_auth_files: bool = Field(
        default=False, description="Refresh logins that another program wrote."
    )
    auth_keyring: bool = Field(
        default=False,
        description="Seal the auth files that dragoman writes, with a key from the system's "
        "keyring. The environment variable DRAGOMAN_AUTH_KEY does the same with its own.",
    )
    account_webhook: Url = Field(
        default="", description="Where to POST a JSON note when a login ends."
    )
    oauth_clients: dict[str, OauthClient] = Field(
        default_factory=dict, description="OAuth clients of one's own, by provider."
    )


class Settings(Gateway, RoutingKeys, GroupKeys, AmpKeys, KeyBlocks, ServerKeys):
    """The whole configuration, as one frozen object."""

    @property
    def all_upstreams(self) -> tuple[Upstream, ...]:
        """`upstreams` and those that CLIProxyAPI's key blocks stand for; made on every access."""
        return self.upstreams + upstreams_of(self)[0]

    def timeouts_for(self, upstream: Upstream) -> Timeouts:
        return upstream.timeouts.over(self.timeouts)

    def proxy_for(self, upstream: Upstream, key_proxy: str | None = None) -> str | None:
        """The nearest proxy written: key, upstream, all; "direct" = none, not even the
        environment's; None = as the environment says."""
        return key_proxy or upstream.proxy_url or self.proxy_url

    def usage_asked_of(self, upstream: Upstream) -> bool:
        if upstream.request_usage is None:
            return self.request_usage
        return upstream.request_usage

    def cooling_disabled(self, upstream: Upstream, key: Key | None = None) -> bool:
        """The nearest `disable-cooling` written: key, upstream, all."""
        for written in (key.disable_cooling if key else None, upstream.disable_cooling):
            if written is not None:
                return written
        return self.disable_cooling

    @property
    def transient_cooldown_s(self) -> float:
        """Seconds of the cool-down after 408 and 5xx; 0 = none."""
        return max(self.transient_error_cooldown_seconds or TRANSIENT_COOLDOWN_S, 0)

    @property
    def effective_log_level(self) -> str:
        return "debug" if self.debug else self.log_level
