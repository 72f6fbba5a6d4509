"""Which key of ampcode.com a caller's requests go with: the one written for its client key, the one
written for all, `AMP_API_KEY`, or the one that Amp's own login left in its secrets file.

A key that is one of the gateway's own client keys is passed over: whoever exports AMP_API_KEY for
the CLI exports it for a gateway started from the same shell too.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dragoman.config.ampcode import Ampcode
from dragoman.neutral.json import object_of
from dragoman.upstreams.http import Headers

SECRETS_FILE = "~/.local/share/amp/secrets.json"
KEPT_S = 300.0
_AMPS_OWN = "https://ampcode.com/"


class UpstreamKeys:
    """`is_client` tells whether a text is a client key of this gateway."""

    def __init__(
        self,
        settings: Ampcode,
        is_client: Callable[[str], bool],
        environment: Mapping[str, str] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._by_client: dict[str, str] = {}
        for entry in settings.upstream_api_keys:
            for client in entry.api_keys:
                if client and entry.upstream_api_key:
                    key = entry.upstream_api_key.reveal()
                    self._by_client.setdefault(client.reveal(), key)
        self._written = settings.upstream_api_key.reveal() if settings.upstream_api_key else ""
        url = settings.upstream_url
        self._names = tuple(
            dict.fromkeys((f"apiKey@{url}/", f"apiKey@{url}", f"apiKey@{_AMPS_OWN}"))
        )
        self._is_client = is_client
        self._environment = os.environ if environment is None else environment
        self._now = now
        self._from_file = ("", float("-inf"))

    async def of(self, client: str) -> str:
        """The key for a caller that showed this client key; "" where none is known."""
        key = self._by_client.get(client) or self._written
        return key or self._from_environment() or await self._kept()

    def forget(self) -> None:
        """Amp's secrets file is read anew at the next call."""
        self._from_file = ("", float("-inf"))

    def _from_environment(self) -> str:
        key = self._environment.get("AMP_API_KEY", "").strip()
        return "" if self._is_client(key) else key

    async def _kept(self) -> str:
        """From Amp's file; what was found there, also nothing, holds for five minutes."""
        key, read_at = self._from_file
        if self._now() - read_at >= KEPT_S:
            key = await asyncio.to_thread(self._read)
            self._from_file = (key, self._now())
        return key

    def _read(self) -> str:
        try:
            text = Path(SECRETS_FILE).expanduser().read_text(encoding="utf-8")
        except (OSError, ValueError, RuntimeError):
            return ""
        secrets = object_of(text) or {}
        for name in self._names:
            key = secrets.get(name)
            if isinstance(key, str) and key.strip() and not self._is_client(key.strip()):
                return key.strip()
        return ""


class KeySource:
    """The key of one caller, as a credential's source: found when a call is made with it. `own` are
    the caller's headers that are Amp's alone."""

    def __init__(self, keys: UpstreamKeys, client: str, own: Headers) -> None:
        self._keys = keys
        self._client = client
        self._own = own

    async def headers(self) -> Headers:
        return [*self._own, *key_headers(await self._keys.of(self._client))]

    async def refused(self, sent: Headers) -> bool:
        """Whether Amp has logged in anew since its file was read."""
        self._keys.forget()
        return await self.headers() != sent


def key_headers(key: str) -> Headers:
    """Amp's server takes its key in either; its clients send now one, now the other."""
    return [("x-api-key", key), ("authorization", f"Bearer {key}")] if key else []
