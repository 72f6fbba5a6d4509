"""Gemini's routes. The model and the action stand in the path, split at its last colon; model
names may hold slashes. `/v1/models/…` is the same for the SDKs that call it."""

from __future__ import annotations

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.exchange.incoming import Reply
from dragoman.protocols.gemini.codec import CODEC, array_stream_out, count_out, count_request_in
from dragoman.server.call import HttpCall
from dragoman.server.counting import counting
from dragoman.server.embeddings import embedding
from dragoman.server.model_pages import page
from dragoman.server.pass_through import passing
from dragoman.server.respond import json_reply
from dragoman.server.routes import Handler, Route, Routes, generated, incoming_of

ARRAY_CODEC = msgspec.structs.replace(CODEC, stream_out=array_stream_out)
"""For clients that did not ask for `alt=sse`."""

COUNT = "countTokens"
_ROOTS = ("/v1beta/models/", "/v1/models/")


def _generating(model: str, *, stream: bool) -> Handler:
    async def handle(call: HttpCall) -> Reply:
        array = stream and "alt=sse" not in call.query.split("&")
        codec = ARRAY_CODEC if array else CODEC
        incoming = msgspec.structs.replace(
            incoming_of(call, codec),
            in_url=True,
            model=model,
            stream=stream,
            convert=array,
        )
        return await generated(call, incoming)

    return handle


def action_of(model: str, action: str) -> Handler:
    match action:
        case "generateContent":
            return _generating(model, stream=False)
        case "streamGenerateContent":
            return _generating(model, stream=True)
        case "countTokens":
            return counting(
                CODEC, f"/models/{model}:countTokens", count_request_in, count_out, model=model
            )
        case "batchEmbedContents":
            return embedding(CODEC, model=model)
        case "embedContent":
            codec = msgspec.structs.replace(CODEC, embed_path=_embed_one_path)
            return embedding(codec, model=model)
        case _:
            return _unknown_action(action)


def _embed_one_path(model: str) -> str:
    return f"/models/{model}:embedContent"


def _unknown_action(action: str) -> Handler:
    async def handle(call: HttpCall) -> Reply:
        raise InvalidRequest(f"the action {action!r} is not supported", code="404", status=404)

    return handle


async def _models(call: HttpCall) -> Reply:
    return json_reply(CODEC.models_out(call.gateway.entries(call.caller)))


_FIXED: dict[tuple[str, str], Route] = {("GET", "/v1beta/models"): Route(CODEC, _models)}


def _match(method: str, path: str) -> Route | None:
    for root in _ROOTS:
        if path.startswith(root):
            name, colon, action = path.removeprefix(root).rpartition(":")
            if method == "POST" and colon:
                return Route(CODEC, action_of(name, action), free=action == COUNT)
            if method == "GET" and root == _ROOTS[0]:
                return Route(CODEC, page(path.removeprefix(root), lambda _: CODEC))
    if path.startswith("/v1beta/"):
        return Route(CODEC, passing(CODEC, path.removeprefix("/v1beta")))
    return None


ROUTES = Routes(CODEC, _FIXED, _match)
