"""Anthropic's routes: messages, token counts, models, and the greeting Claude Code sends."""

from __future__ import annotations

from dragoman.exchange.incoming import Reply
from dragoman.protocols.anthropic.codec import CODEC
from dragoman.protocols.anthropic.listings import count_out
from dragoman.protocols.anthropic.requests_in import count_request_in
from dragoman.server.call import HttpCall
from dragoman.server.counting import counting
from dragoman.server.pass_through import passing
from dragoman.server.respond import json_reply
from dragoman.server.routes import Route, Routes, generating


async def _hello(call: HttpCall) -> Reply:
    return json_reply({"status": "ok"})


_FIXED: dict[tuple[str, str], Route] = {
    ("POST", "/v1/messages"): Route(CODEC, generating(CODEC)),
    ("POST", "/v1/messages/count_tokens"): Route(
        CODEC,
        counting(CODEC, "/messages/count_tokens", count_request_in, count_out),
        free=True,
    ),
    ("GET", "/api/hello"): Route(CODEC, _hello, open=True),
}


def _match(method: str, path: str) -> Route | None:
    if path.startswith("/v1/messages/"):
        return Route(CODEC, passing(CODEC, path.removeprefix("/v1")))
    return None


ROUTES = Routes(CODEC, _FIXED, _match)
