"""Paths of a protocol that nobody here reads (images, audio, files, batches): passed unchanged to
an upstream of that protocol."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote

from dragoman.errors import UnknownRoute
from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import object_of
from dragoman.protocols.codec import Codec
from dragoman.server.call import HttpCall
from dragoman.server.routes import Handler, incoming_of

_FORM_MODEL = re.compile(rb'name="model"\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]+)')
_PATH_MODEL = re.compile(r"/models/([^:]+)")
_CLIMBS = frozenset({".", ".."})


def passing(codec: Codec, path: str) -> Handler:
    """A handler for one path below the base URL."""

    async def handle(call: HttpCall) -> Reply:
        if not _CLIMBS.isdisjoint(path.split("/")):
            raise UnknownRoute(f"{call.path} is not served here: it is no plain path")
        incoming = incoming_of(call, codec)
        model = _model_of(call)
        assert call.outcome is not None
        if model:
            caller, plain = call.caller.inside(model)
            call.outcome.group, call.outcome.model = caller.group, plain
        return await call.gateway.exchange.side.pass_on(incoming, call.method, _quoted(path), model)

    return handle


def _quoted(path: str) -> str:
    return quote(path, safe="/:@!$&'()*+,;=~")


def _model_of(call: HttpCall) -> str:
    """The model a request names: in its JSON, its form, its query or its path."""
    content_type = call.header("content-type")
    if content_type.startswith("multipart/"):
        match = _FORM_MODEL.search(call.body)
        return match[1].decode("utf-8", "replace") if match else ""
    body = object_of(call.body.decode("utf-8", "replace")) or {}
    model = body.get("model")
    if isinstance(model, str):
        return model
    named = parse_qs(call.query).get("model") or _PATH_MODEL.findall(call.path)
    return named[0] if named else ""
