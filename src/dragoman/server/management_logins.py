"""Management routes that begin a login, ask how it goes, and take what comes back from its page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

from dragoman.accounts.logins.completed import Wishes
from dragoman.accounts.logins.failed import LoginFailed
from dragoman.accounts.oauth_clients import Missing
from dragoman.admin.refusals import Refused
from dragoman.errors import UpstreamFault
from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import JsonObject
from dragoman.server.bodies import read_body
from dragoman.server.call import HttpCall
from dragoman.server.management_body import json_of, query_of
from dragoman.server.respond import json_reply

Handler = Callable[[HttpCall], Awaitable[Reply]]
_LARGEST = 16 * 1024
_PAGES = {
    "anthropic-auth-url": "claude",
    "codex-auth-url": "codex",
    "antigravity-auth-url": "antigravity",
    "gemini-cli-auth-url": "gemini",
}
_CODES = {
    "qwen-auth-url": "qwen",
    "kimi-auth-url": "kimi",
    "xai-auth-url": "xai",
    "copilot-auth-url": "copilot",
}


def _page(name: str) -> Handler:
    async def begin(call: HttpCall) -> Reply:
        query = query_of(call)
        listen = query.get("is_webui", "").lower() in ("1", "true")
        try:
            pending = await call.gateway.logins.begin_page(name, _wishes(query), listen=listen)
        except (LoginFailed, Missing) as error:
            raise Refused(400, "failed to start login", str(error)) from None
        return json_reply({"status": "ok", "url": pending.url, "state": pending.state})

    return begin


def _code(name: str) -> Handler:
    async def begin(call: HttpCall) -> Reply:
        sessions = call.gateway.logins
        try:
            code, state = await sessions.begin_code(name, _wishes(query_of(call)))
        except (LoginFailed, OSError, UpstreamFault) as error:
            raise Refused(502, "failed to start login", str(error)) from None
        session = sessions.standing(state)
        assert session is not None
        return json_reply(
            {
                "status": "ok",
                "flow": "device",
                "url": code.full_url,
                "state": state,
                "user_code": code.user_code,
                "expires_in": round(code.expires_at - sessions.now()),
            }
        )

    return begin


async def _standing(call: HttpCall) -> Reply:
    session = call.gateway.logins.standing(query_of(call).get("state", ""))
    if session is None:
        return json_reply({"status": "error", "error": "unknown or expired state"})
    told: JsonObject = {"status": session.standing}
    if session.error:
        told["error"] = session.error
    return json_reply(told)


async def _end(call: HttpCall) -> Reply:
    if not call.gateway.logins.end(query_of(call).get("state", "")):
        raise Refused(404, "unknown or expired state")
    return json_reply({"status": "ok"})


async def _come_back(call: HttpCall) -> Reply:
    """Needs no key: the state is one."""
    given: dict[str, str] = query_of(call)
    if call.method == "POST":
        call.body = await read_body(call.receive, call.header("content-length"), _LARGEST)
        body = json_of(call)
        if not isinstance(body, dict):
            raise Refused(400, "invalid body")
        given = {name: value for name, value in body.items() if isinstance(value, str)}
    told = dict(given)
    if address := given.get("redirect_url"):
        told = dict(parse_qsl(urlsplit(address).query))
    answer = {name: told[name] for name in ("code", "state", "error") if told.get(name)}
    try:
        await call.gateway.logins.come_back(urlencode(answer), answer.get("state", ""))
    except LoginFailed as failed:
        return json_reply({"status": "error", "error": str(failed)}, 400)
    return json_reply({"status": "ok"})


def _wishes(query: dict[str, str]) -> Wishes:
    return Wishes(query.get("project_id", "").strip(), query.get("label", "").strip())


ROUTES: dict[tuple[str, str], Handler] = {
    **{("GET", path): _page(name) for path, name in _PAGES.items()},
    **{("GET", path): _code(name) for path, name in _CODES.items()},
    ("GET", "get-auth-status"): _standing,
    ("DELETE", "oauth-session"): _end,
}
OPEN: dict[tuple[str, str], Handler] = {
    ("GET", "oauth-callback"): _come_back,
    ("POST", "oauth-callback"): _come_back,
}
"""For whoever knows the state of a login, where there is management at all."""
