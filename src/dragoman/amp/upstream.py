"""Amp's own server as a place that requests go to: its address and keys, and itself as the target
of last resort for models that nobody serves here."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from dragoman.amp.crossing import is_trace
from dragoman.amp.keys import KeySource, UpstreamKeys
from dragoman.neutral.listings import ModelEntry
from dragoman.protocols.codec import Codec
from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Conduct, Credential, Host
from dragoman.upstreams.http import Deadlines, Headers

OWN_HEADERS = "x-amp-"
NAME = "ampcode.com"
"""What logs and headers call it, whatever its address."""


class AmpUpstream(msgspec.Struct, frozen=True):
    """`url` has no slash at its end."""

    url: str
    keys: UpstreamKeys
    proxy: str = ""
    deadlines: Deadlines = Deadlines()

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def resort(
        self, codec: Codec, base_path: str, client: str, headers: Headers
    ) -> Callable[[str], Target]:
        """The target for any model, below a path that speaks `codec`, for a caller with these
        headers that showed the key `client`."""
        own = [pair for pair in headers if pair[0].startswith(OWN_HEADERS)]
        credential = Credential(
            index=0,
            label=NAME,
            headers=(),
            proxy=self.proxy,
            cools=False,
            source=KeySource(self.keys, client, own),
        )
        host = Host(
            name=NAME,
            codec=codec,
            base=self.url + base_path,
            hostname=urlsplit(self.url).hostname or "",
            query=(),
            credentials=(credential,),
            deadlines=self.deadlines,
            request_usage=False,
            conduct=Conduct(rounds=0, transient_s=0),
            own_words=True,
            withheld=frozenset(name for name, _ in headers if is_trace(name)),
        )
        return lambda model: Target(host, model, model, ModelEntry(model))
