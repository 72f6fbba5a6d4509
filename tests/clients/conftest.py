"""One gateway for each upstream protocol, with a strict fake behind it; each serves every model
name that the clients ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.fakes import FAKES, Fake, in_thread
from tests.sdk.gateway import gateway_process

OLDER = ("claude-sonnet-4-5", "local-model", "gemini-2.5-pro")
NEWER = (
    "claude-opus-5-5",
    "gpt-6-sol",
    "gemini-3.1-pro-preview",
    "gemini-3-flash-preview",
    "gemini-3.5-flash-lite",
    "gemini-3.8-flash",
)
"""What clients ask for: names of their catalogues, one that stands in none, and the names that
Gemini CLI makes of its own or asks beside. Those of a group lead to the same model."""

BEHIND = {
    "openai": ("gpt-4o", "gpt-5"),
    "responses": ("gpt-5", "gpt-5"),
    "anthropic": ("claude-sonnet-4-5", "claude-opus-5-5"),
    "gemini": ("gemini-2.5-pro", "gemini-3-pro"),
    "ollama": ("qwen3", "qwen3"),
}
"""The models that answer for the older and for the newer names, by upstream protocol."""


class Place:
    """A gateway's address, the fake behind it, and what the gateway has logged."""

    def __init__(self, address: str, fake: Fake, log: Path) -> None:
        self.address = address
        self.fake = fake
        self._log = log
        self._read = 0

    def log(self) -> str:
        """Of the running test."""
        return self._log.read_bytes()[self._read :].decode()

    def forget(self) -> None:
        self.fake.requests.clear()
        self.fake.refusals.clear()
        self._read = self._log.stat().st_size


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Place]]:
    """By upstream protocol; started when first asked for."""
    places: dict[str, Place] = {}
    with ExitStack() as stack:

        def found(protocol: str) -> Place:
            if protocol not in places:
                older, newer = BEHIND[protocol]
                fake = FAKES[protocol](rechunk=17)
                upstream: dict[str, object] = {
                    "name": "fake",
                    "protocol": protocol,
                    "base-url": stack.enter_context(in_thread(fake)),
                    "keys": ["up-key"],
                    "models": [
                        *({"name": older, "alias": name} for name in OLDER),
                        *({"name": newer, "alias": name} for name in NEWER),
                    ],
                }
                folder = tmp_path_factory.mktemp(protocol)
                address = stack.enter_context(gateway_process(folder, [upstream]))
                places[protocol] = Place(address, fake, folder / "gateway.log")
            places[protocol].forget()
            return places[protocol]

        yield found
