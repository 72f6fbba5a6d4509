"""What one configuration makes of the gateway. A request keeps the one it began with."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from dragoman.accounts.client_keys import ClientKeys
from dragoman.amp.setup import amp_of
from dragoman.config.groups import DEFAULT_GROUP
from dragoman.config.settings import Settings
from dragoman.config.upstreams import Upstream
from dragoman.exchange.attempts import AttemptSettings
from dragoman.exchange.sending import Options
from dragoman.observe.log import RequestLog
from dragoman.policy.access import Groups
from dragoman.policy.group_policy import policies_of
from dragoman.policy.payload import compiled
from dragoman.routing.decisions import Pools
from dragoman.routing.listed import written_models
from dragoman.routing.names import Names
from dragoman.routing.pools import plan_settings
from dragoman.routing.rules import rules_of
from dragoman.routing.served import HostModels
from dragoman.server.guard import Guard
from dragoman.upstreams.build import build_host
from dragoman.upstreams.hosts import Host


class Configured:
    """`written`: hosts whose models the user listed; `asked`: those that tell their own, by name.
    `names` is made anew when one of them tells another list."""

    def __init__(self, settings: Settings, pools: Pools, seal_key: bytes, keys: ClientKeys) -> None:
        self.settings = settings
        self.pools = pools
        self.max_body = settings.max_body_mb * 1024 * 1024
        self.amp = amp_of(settings, keys.knows)
        self.guard = Guard([settings.host, *settings.allowed_hosts])
        self.options = Options(
            strict_conversion=settings.strict_conversion,
            keepalive_s=settings.streaming.keepalive_seconds,
            passthrough_headers=settings.passthrough_headers,
            seal_key=seal_key,
            agents_apart=not settings.routing.session_affinity_subagents,
            bootstrap_rounds=settings.streaming.bootstrap_retries,
            payload=compiled(settings.payload),
            log_bodies=settings.request_log,
            policies=policies_of(settings.groups),
        )
        self.groups = Groups(
            {
                DEFAULT_GROUP: False,
                **{name: group.disabled for name, group in settings.groups.items()},
            }
        )
        self.attempts = AttemptSettings(plan_settings(settings), settings.hedge_after_s)
        self.requests = RequestLog(settings.log_format)
        self.quiet = settings.effective_log_level in ("warning", "error")
        self.written: list[HostModels] = []
        self.asked: dict[str, tuple[Host, Upstream]] = {}
        self.upstreams = settings.all_upstreams
        self._read_upstreams()
        self._rules = rules_of(settings)
        self.names = Names([], self._rules)

    def hosts(self) -> list[Host]:
        """The configured hosts; those found on this machine are not among them."""
        return [one.host for one in self.written] + [host for host, _ in self.asked.values()]

    def taken(self) -> frozenset[str]:
        """The addresses of the configured hosts, as discovery compares them."""
        return frozenset(_address(upstream.base_url) for upstream in self.upstreams)

    def serve(self, others: Sequence[HostModels]) -> None:
        """Makes the names anew: the written models and those of `others`."""
        self.names = Names([*self.written, *others], self._rules)

    def _read_upstreams(self) -> None:
        for upstream in self.upstreams:
            if upstream.disabled:
                continue
            host = build_host(upstream, self.settings)
            if not host.credentials:
                continue
            if upstream.models is None and host.codec is not None:
                self.asked[upstream.name] = (host, upstream)
            else:
                self.written.append(written_models(host, upstream))


def _address(url: str) -> str:
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname in ("localhost", "::1") else parts.hostname
    return f"{host}:{parts.port}"
