"""The SDK drivers by client name."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.sdk.drive_anthropic import AnthropicDriver
from tests.sdk.drive_chat import ChatDriver
from tests.sdk.drive_genai import GenaiDriver
from tests.sdk.drive_ollama import OllamaDriver
from tests.sdk.drive_responses import ResponsesDriver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.sdk.session import Driver, Session, Settings

DRIVERS: dict[str, Driver] = {
    "openai": ChatDriver(),
    "responses": ResponsesDriver(),
    "anthropic": AnthropicDriver(),
    "gemini": GenaiDriver(),
    "ollama": OllamaDriver(),
}


@asynccontextmanager
async def session(
    client: str, base_url: str, key: str, model: str, settings: Settings
) -> AsyncIterator[Session]:
    """A conversation by one SDK, closed at the end."""
    opened = DRIVERS[client].open(base_url, key, model, settings)
    try:
        yield opened
    finally:
        await opened.close()
