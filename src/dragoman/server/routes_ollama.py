"""Ollama's routes."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from dragoman import __version__
from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import Fields, JsonObject
from dragoman.protocols.ollama import listings
from dragoman.protocols.ollama.codec import CODEC, GENERATE
from dragoman.protocols.ollama.generate import is_load_request
from dragoman.server.call import HttpCall
from dragoman.server.embeddings import embedding
from dragoman.server.model_pages import entry_of
from dragoman.server.respond import json_reply
from dragoman.server.routes import Handler, Route, Routes, generated, incoming_of, no_match


def _generating(*, prompt: bool) -> Handler:
    codec = GENERATE if prompt else CODEC

    async def handle(call: HttpCall) -> Reply:
        body = call.json()
        if prompt and is_load_request(body):
            return await _loaded(call, Fields(body).needed_text("model"))
        incoming = msgspec.structs.replace(
            incoming_of(call, codec), convert=prompt, stream=True, body=call.body
        )
        return await generated(call, incoming)

    return handle


async def _loaded(call: HttpCall, model: str) -> Reply:
    """Asked to load a model: nothing is to be loaded here, so it is ready."""
    entry_of(call, model)
    body: JsonObject = {
        "model": model,
        "created_at": datetime.now(UTC).isoformat(),
        "response": "",
        "done": True,
        "done_reason": "load",
    }
    return json_reply(body)


async def _tags(call: HttpCall) -> Reply:
    return json_reply(CODEC.models_out(call.gateway.entries(call.caller)))


async def _ps(call: HttpCall) -> Reply:
    return json_reply({"models": []})


async def _version(call: HttpCall) -> Reply:
    return json_reply(listings.version_out(__version__))


async def _show(call: HttpCall) -> Reply:
    fields = Fields(call.json())
    name = fields.text("model") or fields.needed_text("name")
    return json_reply(CODEC.model_out(entry_of(call, name)))


def _route(handle: Handler, *, free: bool = False) -> Route:
    return Route(CODEC, handle, open_on_loopback=True, free=free)


_FIXED: dict[tuple[str, str], Route] = {
    ("POST", "/api/chat"): _route(_generating(prompt=False)),
    ("POST", "/api/generate"): _route(_generating(prompt=True)),
    ("POST", "/api/embed"): _route(embedding(CODEC)),
    ("POST", "/api/embeddings"): _route(embedding(GENERATE)),
    ("POST", "/api/show"): _route(_show, free=True),
    ("GET", "/api/tags"): _route(_tags),
    ("GET", "/api/ps"): _route(_ps),
    ("GET", "/api/version"): _route(_version),
}

ROUTES = Routes(CODEC, _FIXED, no_match)
