"""What every SDK driver offers: one conversation with a model, kept in the SDK's own history and
replayed as that SDK's users replay it, and its answers in one shape to compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

Schema = dict[str, Any]


class StreamFailed(Exception):
    """An error event that the SDK hands over instead of raising it."""


@dataclass(frozen=True)
class Settings:
    """A conversation's settings. `tools` are names with schemas. `newest` asks for thinking in the
    form that only the newest models of the client's own protocol know (adaptive, level)."""

    stream: bool
    system: str | None = None
    tools: dict[str, Schema] = field(default_factory=dict)
    thinking: bool = False
    newest: bool = False
    schema: Schema | None = None
    max_tokens: int = 4000


@dataclass(frozen=True)
class Usage:
    """`tokens_in` with the cached ones, whatever the protocol counts; `cached` 0 where nothing is
    said of it."""

    tokens_in: int
    tokens_out: int
    cached: int = 0


@dataclass(frozen=True)
class Said:
    """One answer. `stop` is end, tool, length or other; `calls` are names with arguments."""

    text: str
    calls: list[tuple[str, dict[str, Any]]]
    thinking: str
    usage: Usage
    stop: str


class Session(Protocol):
    async def say(self, text: str, *, png: bytes | None = None) -> Said:
        """The answer to a user turn."""

    async def give(self, results: list[str]) -> Said:
        """The answer to the results of the last calls, in their order."""

    async def close(self) -> None: ...


class Driver(Protocol):
    """One SDK (module). `protocol` is the upstream protocol of the same wire."""

    protocol: str
    stream_error: type[Exception]
    """What a failure in mid-stream raises."""

    def open(self, base_url: str, key: str, model: str, settings: Settings) -> Session:
        """A conversation with a server (its address without a path)."""

    def error_type(self, status: int) -> type[Exception]:
        """The SDK's exception for an error answer."""

    def status_of(self, error: Exception) -> int:
        """The status that such an exception carries."""


PARAMETERS: Schema = {
    "type": "object",
    "properties": {"text": {"type": "string", "description": "what to look up"}},
    "required": ["text"],
}
