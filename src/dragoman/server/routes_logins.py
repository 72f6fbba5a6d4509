"""Where login pages send a browser back to when its address is the gateway's own."""

from __future__ import annotations

import html

from dragoman.accounts.logins.failed import LoginFailed
from dragoman.exchange.incoming import Reply
from dragoman.protocols.openai_chat.codec import CODEC as OPENAI
from dragoman.server.call import HttpCall
from dragoman.server.management_body import query_of
from dragoman.server.routes import Route

_PAGE = (
    "<!doctype html><meta charset=utf-8><title>dragoman</title>"
    "<body style='font-family:sans-serif;margin:4em auto;max-width:34em'><h1>{title}</h1>"
    "<p>{text}<script>setTimeout(() => window.close(), 5000)</script>"
)


async def _come_back(call: HttpCall) -> Reply:
    try:
        await call.gateway.logins.come_back(call.query, query_of(call).get("state", ""))
    except LoginFailed as failed:
        return _page(400, "Not logged in", str(failed))
    return _page(200, "Logged in", "This page closes itself in five seconds.")


def _page(status: int, title: str, text: str) -> Reply:
    page = _PAGE.format(title=html.escape(title), text=html.escape(text))
    headers = [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")]
    return Reply(status, headers, page.encode())


FIXED = {
    ("GET", f"/{name}/callback"): Route(OPENAI, _come_back, open=True)
    for name in ("anthropic", "codex", "antigravity", "google")
}
