"""`GET /metrics` for Prometheus: open to this machine, with the management key from elsewhere."""

from __future__ import annotations

import time
from collections import Counter

from dragoman.exchange.incoming import Reply
from dragoman.observe import metrics
from dragoman.protocols.openai_chat.codec import CODEC
from dragoman.routing.candidates import candidates
from dragoman.server.call import HttpCall
from dragoman.server.gateway import Gateway
from dragoman.server.management import authorize
from dragoman.server.routes import Route


async def _metrics(call: HttpCall) -> Reply:
    if not call.loopback:
        await authorize(call)
    metrics.cooling(_cooling(call.gateway))
    body, content_type = metrics.exposition(call.header("accept"))
    return Reply(200, [("content-type", content_type)], body)


def _cooling(gateway: Gateway) -> Counter[str]:
    """How many pairs of credential and model rest, by upstream."""
    now_s, found = time.time(), Counter[str]()
    for models in gateway.names.hosts().values():
        found[models.host.name] = 0
        for one in candidates([models.targets], weighted=False):
            rest = gateway.pools.cooldowns.rest(one)
            found[models.host.name] += rest is not None and rest.end_s > now_s
    return found


FIXED: dict[tuple[str, str], Route] = {("GET", "/metrics"): Route(CODEC, _metrics, open=True)}
