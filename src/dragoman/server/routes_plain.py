"""Routes of no protocol: the greeting, health, and `/v1/models`, which answers in the asking
client's shape."""

from __future__ import annotations

from collections.abc import Callable

from dragoman import __version__
from dragoman.exchange.incoming import Reply
from dragoman.protocols.anthropic.codec import CODEC as ANTHROPIC
from dragoman.protocols.codec import Codec
from dragoman.protocols.gemini.codec import CODEC as GEMINI
from dragoman.protocols.openai_chat.codec import CODEC as OPENAI
from dragoman.server.call import HttpCall
from dragoman.server.respond import json_reply
from dragoman.server.routes import Route


async def _greet(call: HttpCall) -> Reply:
    text = f"dragoman {__version__} is running. Ollama is running"
    return Reply(200, [("content-type", "text/plain; charset=utf-8")], text.encode())


async def _alive(call: HttpCall) -> Reply:
    return json_reply({"status": "ok"})


async def _ready(call: HttpCall) -> Reply:
    count = len(call.gateway.entries())
    return json_reply(
        {"status": "ok" if count else "no models", "models": count}, 200 if count else 503
    )


FIXED: dict[tuple[str, str], Route] = {
    (method, path): Route(OPENAI, handle, open=True)
    for method in ("GET", "HEAD")
    for path, handle in (
        ("/", _greet),
        ("/healthz", _alive),
        ("/health", _alive),
        ("/health/live", _alive),
        ("/health/ready", _ready),
    )
}


def asking(call: HttpCall) -> Codec:
    """The protocol of a client that asks for models on a path several share."""
    if call.prefix == "anthropic" or call.header("anthropic-version"):
        return ANTHROPIC
    if call.prefix == "gemini" or call.header("x-goog-api-key"):
        return GEMINI
    return OPENAI


async def models(call: HttpCall) -> Reply:
    """The list in the asking client's shape."""
    return json_reply(asking(call).models_out(call.gateway.entries()))


def _models_route(call: HttpCall) -> Route:
    return Route(asking(call), models)


SHARED: dict[tuple[str, str], Callable[[HttpCall], Route]] = {("GET", "/v1/models"): _models_route}
