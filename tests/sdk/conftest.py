"""One gateway and five fakes for the whole SDK suite; the fakes run in threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.fakes import FAKES, Fake, in_thread
from tests.sdk import gateway

TARGETS = [
    ("openai", "gpt-5"),
    ("responses", "gpt-5"),
    ("anthropic", "claude-haiku-4-5"),
    ("anthropic", "claude-opus-5-5"),
    ("gemini", "gemini-2.5-pro"),
    ("gemini", "gemini-3-pro"),
    ("ollama", "qwen3"),
]
"""(upstream protocol, its model)."""

FAULTY = ("answer", "limit", "stream")
"""Upstreams of their own for requests that are to fail: neither tried again nor cooled down."""


def alias(upstream: str, model: str) -> str:
    """The name by which a client asks the gateway for a target."""
    return f"{upstream}-{model}"


def faulty(kind: str, upstream: str) -> str:
    return f"{kind}-of-{upstream}"


class World:
    """The running gateway and the fakes behind it."""

    def __init__(self, base_url: str, fakes: dict[str, Fake]) -> None:
        self.base_url = base_url
        self.fakes = fakes


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not gateway.exists():
        pytest.skip("there is no gateway to run yet")
    fakes = {name: fake(rechunk=11) for name, fake in FAKES.items()}
    with ExitStack() as stack:
        upstreams: list[dict[str, object]] = []
        for name, fake in fakes.items():
            base_url = stack.enter_context(in_thread(fake))
            common = {"protocol": name, "base-url": base_url, "keys": ["up-key"]}
            models = [{"name": m, "alias": alias(u, m)} for u, m in TARGETS if u == name]
            upstreams.append({"name": name, **common, "models": models})
            for kind in FAULTY:
                names = [{"name": models[0]["name"], "alias": faulty(kind, name)}]
                calm = {"disable-cooling": True, "request-retry": 0}
                upstreams.append({"name": f"{kind}-{name}", **common, **calm, "models": names})
        folder = tmp_path_factory.mktemp("gateway")
        running = gateway.gateway_process(folder, upstreams)
        yield World(stack.enter_context(running), fakes)
