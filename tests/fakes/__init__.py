"""Strict fakes of the five upstream APIs: what the real one refuses, the fake refuses too, in the
real one's words; what it answers follows a script in the conversation (`script.py`)."""

from tests.fakes.anthropic import AnthropicFake
from tests.fakes.fake import Fake, Recorded
from tests.fakes.gemini import GeminiFake
from tests.fakes.ollama import OllamaFake
from tests.fakes.openai_chat import ChatFake
from tests.fakes.responses import ResponsesFake
from tests.fakes.serving import in_thread, serve

FAKES: dict[str, type[Fake]] = {
    "openai": ChatFake,
    "responses": ResponsesFake,
    "anthropic": AnthropicFake,
    "gemini": GeminiFake,
    "ollama": OllamaFake,
}
"""By the protocol name of a configuration's `upstreams[].protocol`."""

__all__ = [
    "FAKES",
    "AnthropicFake",
    "ChatFake",
    "Fake",
    "GeminiFake",
    "OllamaFake",
    "Recorded",
    "ResponsesFake",
    "in_thread",
    "serve",
]
