"""Routes of no protocol: the greeting, health, and `/v1/models`, which answers in the asking
client's shape."""

from __future__ import annotations

from dragoman import __version__
from dragoman.exchange.incoming import Reply
from dragoman.protocols.anthropic.codec import CODEC as ANTHROPIC
from dragoman.protocols.codec import Codec
from dragoman.protocols.gemini.codec import CODEC as GEMINI
from dragoman.protocols.openai_chat.codec import CODEC as OPENAI
from dragoman.server.call import HttpCall
from dragoman.server.model_pages import page
from dragoman.server.respond import json_reply
from dragoman.server.routes import Route


async def _greet(call: HttpCall) -> Reply:
    text = f"dragoman {__version__} is running. Ollama is running"
    return Reply(200, [("content-type", "text/plain; charset=utf-8")], text.encode())


async def _alive(call: HttpCall) -> Reply:
    return json_reply({"status": "ok"})


async def _ready(call: HttpCall) -> Reply:
    count = len(call.gateway.names.everything())
    return json_reply(
        {"status": "ok" if count else "no models", "models": count}, 200 if count else 503
    )


FIXED: dict[tuple[str, str], Route] = {
    ("GET", path): Route(OPENAI, handle, open=True)
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
    if call.prefix:
        return _BY_PREFIX.get(call.prefix, OPENAI)
    if call.header("anthropic-version"):
        return ANTHROPIC
    return GEMINI if call.header("x-goog-api-key") else OPENAI


_BY_PREFIX = {"anthropic": ANTHROPIC, "gemini": GEMINI}


async def _models(call: HttpCall) -> Reply:
    """The list in the asking client's shape."""
    return json_reply(asking(call).models_out(call.gateway.entries(call.caller)))


def shared(method: str, call: HttpCall) -> Route | None:
    """The routes of `/v1/models`, whose protocol the caller tells."""
    if method != "GET":
        return None
    if call.path == "/v1/models":
        return Route(asking(call), _models)
    if call.path.startswith("/v1/models/"):
        return Route(asking(call), page(call.path.removeprefix("/v1/models/"), asking))
    return None
