"""CLIProxyAPI's other top-level keys: typed and checked, so that its file loads as it is.

After its configuration reference at about v7.2. What only helps one program to look like another
is accepted and does nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from dragoman.config.blocks import LATER, THEIRS, Block, Count, CountOrOff, Duration
from dragoman.config.secrets import Secret


def gpt_name(name: str) -> str:
    if name and not name.lower().startswith("gpt-"):
        raise ValueError(f"{name!r} does not start with gpt-; name one of OpenAI's models")
    return name


class RemoteManagement(Block):
    """Who may use the management API."""

    allow_remote: bool = Field(default=False, description="Peers beyond loopback may.")
    secret_key: Secret = Field(
        default=Secret(""),
        description="Management key; written in plain text, it is replaced by its bcrypt hash. "
        "Empty = no management.",
    )
    disable_control_panel: bool = Field(default=False, description="No management page." + LATER)
    disable_auto_update_panel: bool = Field(default=False, description="No update of it." + THEIRS)
    panel_github_repository: str = Field(default="", description="Where it comes from." + THEIRS)


class Pprof(Block):
    """Go's profiler."""

    enable: bool = Field(default=False, description="Switched on." + THEIRS)
    addr: str = Field(default="127.0.0.1:8316", description="Its address." + THEIRS)


class ClaudeCode(Block):
    """Model lists for Claude Code."""

    disable_cloaking_model_list: bool = Field(default=False, description="Plain list." + THEIRS)


class QuotaExceeded(Block):
    """What happens when a quota is used up."""

    switch_project: bool = Field(default=False, description="Try another project." + LATER)
    switch_preview_model: bool = Field(default=False, description="Try the preview model." + LATER)
    antigravity_credits: bool = Field(default=False, description="Use Antigravity credits." + LATER)


class IceServer(Block):
    """One ICE server."""

    urls: tuple[str, ...] = Field(default=(), description="Its URLs." + THEIRS)
    username: str = Field(default="", description="User." + THEIRS)
    credential: Secret = Field(default=Secret(""), description="Password." + THEIRS)


class LiveMediaRelay(Block):
    """Codex's WebRTC relay."""

    enabled: bool = Field(default=False, description="Switched on." + THEIRS)
    max_sessions: Count = Field(default=32, description="Sessions at a time." + THEIRS)
    disable_private_remote_ips: bool | None = Field(
        default=None, description="Public peers." + THEIRS
    )
    allow_private_remote_ips: bool | None = Field(
        default=None, description="Older inverse." + THEIRS
    )
    public_ip: str = Field(default="", description="Address to announce." + THEIRS)
    udp_port_min: int = Field(default=0, ge=0, le=65535, description="First port." + THEIRS)
    udp_port_max: int = Field(default=0, ge=0, le=65535, description="Last port." + THEIRS)
    ice_servers: tuple[IceServer, ...] = Field(default=(), description="ICE servers.")

    @model_validator(mode="after")
    def _one_switch(self) -> Self:
        if (
            self.disable_private_remote_ips is not None
            and self.allow_private_remote_ips is not None
        ):
            raise ValueError(
                "has disable-private-remote-ips and its older inverse allow-private-remote-ips; "
                "keep the first"
            )
        return self


class Codex(Block):
    """Codex accounts."""

    identity_confuse: bool = Field(default=False, description="Disguise." + THEIRS)
    disable_codex_cloaking: bool = Field(default=False, description="No disguise." + THEIRS)
    stream_bootstrap_buffering: bool = Field(
        default=False, description="Hold early events." + THEIRS
    )
    optimize_multi_agent_v2: bool = Field(default=False, description="Agent tuning." + THEIRS)
    orphan_delegation_compatibility: bool = Field(
        default=False, description="Turn orphaned results of delegations into messages." + LATER
    )
    model_level_cooling: bool = Field(
        default=False, description="A used-up limit pauses the asked model only." + LATER
    )
    live_media_relay: LiveMediaRelay = Field(
        default_factory=LiveMediaRelay, description="WebRTC relay."
    )


class ConnectionPool(Block):
    """Kept connections."""

    enabled: bool = Field(default=False, description="Switched on." + THEIRS)
    idle_conn_timeout: Duration = Field(default=30, description="Kept so long." + THEIRS)
    max_idle_conns_per_host: Count = Field(default=2, description="Kept at most." + THEIRS)


class Antigravity(Block):
    """Antigravity accounts."""

    sensitive_words: tuple[str, ...] = Field(default=(), description="Words to blur." + THEIRS)
    connection_pool: ConnectionPool = Field(
        default_factory=ConnectionPool, description="Kept connections."
    )


class Xai(Block):
    """xAI accounts."""

    inject_x_search: bool = Field(default=False, description="Add the x_search tool." + LATER)


class ClaudeHeaders(Block):
    """Headers that imitate Claude Code."""

    user_agent: str = Field(default="", description="User agent." + THEIRS)
    package_version: str = Field(default="", description="Package version." + THEIRS)
    runtime_version: str = Field(default="", description="Runtime version." + THEIRS)
    os: str = Field(default="", description="Operating system." + THEIRS)
    arch: str = Field(default="", description="Processor." + THEIRS)
    timeout: str = Field(default="", description="Timeout." + THEIRS)
    timezone: str = Field(default="", description="Time zone." + THEIRS)
    stabilize_device_profile: bool | None = Field(default=None, description="One device." + THEIRS)


class CodexHeaders(Block):
    """Headers that imitate Codex."""

    user_agent: str = Field(default="", description="User agent." + THEIRS)
    beta_features: str = Field(default="", description="Beta features." + THEIRS)


class Plugins(Block):
    """CLIProxyAPI's shared-library plugins."""

    enabled: bool = Field(default=False, description="Switched on." + THEIRS)
    dir: str = Field(default="plugins", description="Their folder." + THEIRS)
    store_sources: Any = Field(default=None, description="Stores." + THEIRS)
    store_auth: Any = Field(default=None, description="Credentials of stores." + THEIRS, repr=False)
    auth_revision: Any = Field(default=None, description="Revision." + THEIRS)
    configs: dict[str, Any] = Field(
        default_factory=dict, description="Settings by plugin." + THEIRS, repr=False
    )


class ServerKeys(Block):
    """Top-level keys of CLIProxyAPI's server."""

    remote_management: RemoteManagement = Field(
        default_factory=RemoteManagement, description="Who may use the management API."
    )
    pprof: Pprof = Field(default_factory=Pprof, description="Go's profiler.")
    commercial_mode: bool = Field(default=False, description="Skip request logging." + THEIRS)
    logging_to_file: bool = Field(default=False, description="Log into files." + LATER)
    logs_max_total_size_mb: CountOrOff = Field(
        default=0, description="Size of all body logs together; 0 = 256."
    )
    error_logs_max_files: int = Field(
        default=10, description="Error logs kept; below 0 = 10, 0 = all." + LATER
    )
    usage_statistics_enabled: bool = Field(
        default=False, description="Keep the usage queue." + LATER
    )
    redis_usage_queue_retention_seconds: int = Field(
        default=60, ge=0, le=3600, description="How long the usage queue keeps records." + THEIRS
    )
    request_log: bool = Field(
        default=False, description="Log bodies of every request, whatever its group and key."
    )
    auth_auto_refresh_workers: Count = Field(default=0, description="Refreshes at once; 0 = 16.")
    disable_claude_cloak_mode: bool = Field(default=False, description="No disguise." + THEIRS)
    claude_code: ClaudeCode = Field(
        default_factory=ClaudeCode, description="Model lists for Claude Code."
    )
    disable_image_generation: bool | Literal["chat", "passthrough"] = Field(
        default=False, description="Take image generation out of requests." + LATER
    )
    gpt_image_2_base_model: Annotated[str, AfterValidator(gpt_name)] = Field(
        default="gpt-5.4-mini",
        description="Model that carries image requests; its name starts with gpt-." + LATER,
    )
    video_result_auth_cache_ttl: Duration = Field(
        default=10800,
        description="How long a video stays with its credential (3h, seconds)." + LATER,
    )
    quota_exceeded: QuotaExceeded = Field(
        default_factory=QuotaExceeded, description="What happens when a quota is used up."
    )
    codex: Codex = Field(default_factory=Codex, description="Codex accounts.")
    antigravity: Antigravity = Field(
        default_factory=Antigravity, description="Antigravity accounts."
    )
    xai: Xai = Field(default_factory=Xai, description="xAI accounts.")
    ws_auth: bool = Field(default=True, description="A client key is needed on /v1/ws." + LATER)
    antigravity_signature_cache_enabled: bool | None = Field(
        default=None, description="Keep thought signatures." + LATER
    )
    antigravity_signature_bypass_strict: bool | None = Field(
        default=None, description="How signatures are checked." + LATER
    )
    claude_header_defaults: ClaudeHeaders = Field(
        default_factory=ClaudeHeaders, description="Headers that imitate Claude Code."
    )
    codex_header_defaults: CodexHeaders = Field(
        default_factory=CodexHeaders, description="Headers that imitate Codex."
    )
    credential_concurrency: Any = Field(default=None, description="For its cluster." + THEIRS)
    credential_in_flight: Any = Field(default=None, description="For its cluster." + THEIRS)
    plugins: Plugins = Field(default_factory=Plugins, description="Shared-library plugins.")
