"""Amp's model routes, `/api/provider/NAME/…`: any name, known by the shape of what follows, and
served like every other route. What is theirs alone is how a model's name is read: mappings, and
ampcode.com for a model that nobody serves here.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from dragoman.amp.cleaning import cleaned
from dragoman.amp.failures import told_failures
from dragoman.amp.told import told
from dragoman.amp.upstream import NAME
from dragoman.errors import Forbidden
from dragoman.exchange.incoming import Naming, Reply
from dragoman.protocols.anthropic.codec import CODEC as ANTHROPIC
from dragoman.protocols.anthropic.listings import count_out
from dragoman.protocols.anthropic.requests_in import count_request_in
from dragoman.protocols.codec import Codec
from dragoman.protocols.gemini.codec import CODEC as GEMINI
from dragoman.protocols.openai_chat.codec import CODEC as OPENAI
from dragoman.protocols.openai_chat.codec import COMPLETIONS
from dragoman.protocols.openai_responses.codec import CODEC as RESPONSES
from dragoman.server import responses_api
from dragoman.server.amp_proxy import passed_on, shown_client_key
from dragoman.server.call import HttpCall
from dragoman.server.counting import counting
from dragoman.server.model_pages import page
from dragoman.server.respond import json_reply
from dragoman.server.routes import Handler, Route, generating, outcome_of
from dragoman.server.routes_gemini import COUNT, action_of
from dragoman.server.routes_plain import asking

ROOT = "/api/provider/"

_LISTS = {"anthropic": ANTHROPIC, "google": GEMINI}
_ACTION = re.compile(
    r"v1(?:beta1?)?/(?:.+/)?models/(.+)"
    r":(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)"
)
"""Google's forms: `v1beta/models/M:A`, `v1beta1/publishers/google/models/M:A`."""
_PAGE = re.compile(r"v1beta/models/(.+)")


def _by_shape() -> dict[tuple[str, str], Route]:
    posted: dict[str, tuple[Codec, Handler]] = {
        "chat/completions": (OPENAI, generating(OPENAI)),
        "completions": (OPENAI, generating(COMPLETIONS, convert=True)),
        "responses": (RESPONSES, responses_api.create),
        "messages": (ANTHROPIC, generating(ANTHROPIC)),
        "messages/count_tokens": (
            ANTHROPIC,
            counting(ANTHROPIC, "/messages/count_tokens", count_request_in, count_out),
        ),
    }
    found = {
        ("POST", root + shape): Route(
            codec, _amp(handle, codec, "/" + shape), free=shape.endswith("count_tokens")
        )
        for shape, (codec, handle) in posted.items()
        for root in ("", "v1/")
    }
    for shape in ("models", "v1/models", "v1beta/models"):
        found["GET", shape] = Route(OPENAI, _models)
    return found


def find(method: str, call: HttpCall) -> Route | None:
    """The route of a path below the root. A shape that is none of ours (images, files) is left to
    ampcode.com, where its address is written; else there is none."""
    provider, _, shape = call.path.removeprefix(ROOT).partition("/")
    if not provider:
        return None
    found = _FIXED.get((method, shape))
    if found is not None:
        return found
    if method == "POST" and (action := _ACTION.fullmatch(shape)):
        handle = _amp(action_of(action[1], action[2]), GEMINI, "/models/")
        return Route(GEMINI, handle, free=action[2] == COUNT)
    if method == "GET" and (named := _PAGE.fullmatch(shape)):
        return Route(GEMINI, page(named[1], lambda _: GEMINI))
    return None if call.gateway.configured.amp.upstream is None else _UNREAD


def codec_of(path: str) -> Codec:
    """The protocol of a path below the root, before its route is known."""
    shape = path.removeprefix(ROOT).partition("/")[2]
    for method in ("POST", "GET"):
        if (method, shape) in _FIXED:
            return _FIXED[method, shape].codec
    return GEMINI if ":" in shape or shape.startswith("v1beta") else OPENAI


async def _models(call: HttpCall) -> Reply:
    """What is served here, in the shape of the provider's own list."""
    provider, _, shape = call.path.removeprefix(ROOT).partition("/")
    codec = GEMINI if shape.startswith("v1beta") else _LISTS.get(provider) or asking(call)
    return json_reply(codec.models_out(call.gateway.entries(call.caller)))


def _amp(handle: Handler, codec: Codec, tail: str) -> Handler:
    """The handler, for a request whose model's name is read as Amp's. `tail`: what begins the part
    of the path that the protocol itself knows."""

    async def amp(call: HttpCall) -> Reply:
        settings = call.gateway.configured.amp
        resort = None
        if settings.upstream is not None:
            base_path = quote(call.path[: call.path.rindex(tail)])
            client = shown_client_key(call)
            resort = settings.upstream.resort(codec, base_path, client, call.headers)
        call.naming = Naming(settings.mapping, settings.forced, resort, settings.on_failure)
        call.further = told
        if codec is ANTHROPIC:
            call.body = cleaned(call.body)
        reply = await handle(call)
        if codec is RESPONSES and not isinstance(reply.body, bytes):
            reply.body = await told_failures(reply.body)
        return reply

    return amp


async def _unread(call: HttpCall) -> Reply:
    upstream = call.gateway.configured.amp.upstream
    assert upstream is not None
    path = call.path
    if call.caller.access.models or call.gateway.names.closed(call.caller.group):
        raise Forbidden(f"{path} is not read here, and this key may not ask for every model")
    call.further = lambda outcome: {"path": path}
    call.outcome = outcome_of(call, "amp")
    call.outcome.upstream = NAME
    key = await upstream.keys.of(shown_client_key(call))
    return await passed_on(call, upstream, key, basic=False)


_FIXED = _by_shape()
_UNREAD = Route(OPENAI, _unread, streamed=True)
