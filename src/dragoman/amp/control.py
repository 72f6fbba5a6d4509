"""The local control plane: what Amp's clients ask of their server beside models, answered without
an ampcode.com account (`ampcode.control-plane: local`).

Whether it or ampcode.com answers, and who may ask, is decided before. Paths, bodies and answers are
those seen of the CLI 0.0.1777897475; later versions run the agent on ampcode.com, which cannot be
had here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

import msgspec

from dragoman.amp import pages
from dragoman.amp.documents import is_thread_id, read_json
from dragoman.amp.markdown import markdown
from dragoman.amp.methods import MOST_LISTED, call, read_thread, user, user_id
from dragoman.amp.paths import Kind, kind_of
from dragoman.amp.refused import Refused
from dragoman.amp.searching import excerpt, wanted
from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import Json, JsonObject, encode
from dragoman.observe.log import logger
from dragoman.storage.amp_threads import AmpThreads

LAST_LOCAL_AGENT = "0.0.1777897475-g2324e1"
"""The last version whose agent runs where it is started."""

_MOST_FOUND = 200
_LONG = 256 * 1024
_GITHUB = "/api/internal/github-proxy/"
_AGENT_ELSEWHERE = (
    "this version of Amp runs its agent on ampcode.com, which needs an account there; install "
    f"@sourcegraph/amp@{LAST_LOCAL_AGENT}, whose agent runs on your machine, or set "
    "ampcode.upstream-url in the gateway's configuration"
)
"""Of all errors, the clients show the text of a 402 (0.0.1790142911)."""

_FEED = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>No news</title>'
    b"<link>/</link><description>This gateway has no news feed.</description></channel></rss>"
)


class Asked(msgspec.Struct, frozen=True):
    """One request. `body` is decompressed; `owner` names the client key, None where none was shown
    (pages need none); `known` is the name of a key typed into a page, None when it is none of this
    gateway."""

    method: str
    path: str
    query: str
    body: bytes
    owner: str | None
    known: Callable[[str], str | None]

    def parameter(self, name: str) -> str:
        return dict(parse_qsl(self.query)).get(name, "")


class ControlPlane:
    def __init__(self, threads: AmpThreads, clock: Callable[[], float] = time.time) -> None:
        self._threads = threads
        self._clock = clock

    async def answer(self, asked: Asked) -> Reply:
        """The reply to any request that is not for a model."""
        path, owner = asked.path, asked.owner
        if kind_of(path) is Kind.PAGE:
            return await self._page(asked)
        if owner is not None:
            if path == "/api/internal" and asked.method == "POST":
                return await self._method(asked, owner)
            if path == "/api/telemetry" and asked.method == "POST":
                return _json({})
            if path == "/api/thread-actors":
                return _error(402, _AGENT_ELSEWHERE)
            if path.startswith(_GITHUB):  # a 404 would tell the model that the file is not there
                return _error(501, "GitHub is read by ampcode.com, with the user's account there")
            if asked.method in ("GET", "HEAD"):
                found = await self._read(asked, owner)
                if found is not None:
                    return found
        return _error(404, f"{asked.method} {path} is not served without ampcode.com")

    async def _method(self, asked: Asked, owner: str) -> Reply:
        try:
            body = await _read_json(asked.body)
            name, params = body.get("method"), body.get("params")
            told = name if isinstance(name, str) else asked.query
            given: JsonObject = params if isinstance(params, dict) else {}
            result = await call(self._threads, owner, told, given)
        except Refused as refused:
            return _refusal(refused)
        except OSError as error:
            return _refusal(_failed(error))
        return _json({"ok": True, "result": result})

    async def _read(self, asked: Asked, owner: str) -> Reply | None:
        path = asked.path
        if path in _FIXED:
            return _FIXED[path]
        if path == "/api/user":
            return _json(user(owner))
        try:
            if path == "/api/threads":
                return await self._list(owner)
            if path == "/api/threads/find":
                return await self._find(asked, owner)
            if path.startswith("/api/threads/") and path.endswith(".md"):
                return await self._markdown(asked, owner, path[13:-3])
        except Refused as refused:
            return _error(404 if refused.code == "thread-not-found" else 400, refused.message)
        except OSError as error:
            return _error(503, _failed(error).message)
        return None

    async def _list(self, owner: str) -> Reply:
        """As versions of early 2026 ask for it."""
        rows = await self._threads.listed(owner, MOST_LISTED, archived=False)
        unshared: JsonObject = {"visibility": "private", "sharedGroupIDs": []}
        found: list[Json] = [
            {
                "id": entry["id"],
                "title": entry["title"],
                "updatedAt": entry["userLastInteractedAt"],
                "messageCount": entry["messageCount"],
                "meta": {**unshared, **marks.meta},
            }
            for entry, marks in rows
        ]
        return _json(found)

    async def _find(self, asked: Asked, owner: str) -> Reply:
        query = wanted(asked.parameter("q"), round(self._clock() * 1000), owner)
        limit = min(_number(asked.parameter("limit"), 20), _MOST_FOUND)
        offset = _number(asked.parameter("offset"), 0)
        if query is None:
            return _json({"threads": [], "hasMore": False})
        rows = await self._threads.find(owner, query, limit + 1, offset)
        found: list[Json] = [
            {
                "id": row.entry["id"],
                "title": row.entry["title"],
                "creatorUserID": user_id(owner),
                "created": row.entry.get("created"),
                "updatedAt": row.entry["userLastInteractedAt"],
                "messageCount": row.entry["messageCount"],
                "matchedSearchText": excerpt(row.text, query.texts),
            }
            for row in rows[:limit]
        ]
        return _json({"threads": found, "hasMore": len(rows) > limit})

    async def _markdown(self, asked: Asked, owner: str, id_: str) -> Reply:
        document = await read_thread(self._threads, owner, id_)
        cut = asked.parameter("truncate_tool_results") == "1"
        text = markdown(document, truncate_results=cut)
        return Reply(200, [("content-type", "text/markdown; charset=utf-8")], text.encode())

    async def _page(self, asked: Asked) -> Reply:
        """A page is open to everyone, so it tells nothing before a client key is shown."""
        form = dict(parse_qsl(asked.body.decode("utf-8", "replace")))
        key = form.get("key", "").strip() if asked.method == "POST" else ""
        owner = asked.known(key) if key else asked.owner
        wrong = asked.method == "POST" and owner is None
        if asked.path == "/auth/cli-login":
            login = pages.Login(asked.parameter("authToken"), asked.parameter("callbackPort"))
            return login.done(key) if key and owner is not None else login.page(wrong=wrong)
        id_ = asked.path.removeprefix("/threads/")
        if not is_thread_id(id_):
            return pages.nothing()
        if owner is None:
            return pages.thread_form(wrong=wrong)
        try:
            document = await read_thread(self._threads, owner, id_)
        except Refused as refused:
            return pages.told(refused.message, 404)
        except OSError as error:
            return pages.told(_failed(error).message, 503)
        return pages.thread(markdown(document, truncate_results=False))


async def _read_json(body: bytes) -> JsonObject:
    """A long one is read beside the event loop."""
    if len(body) < _LONG:
        return read_json(body)
    return await asyncio.to_thread(read_json, body)


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _json(value: Json, status: int = 200) -> Reply:
    return Reply(status, [("content-type", "application/json")], encode(value))


def _error(status: int, message: str) -> Reply:
    return _json({"error": message}, status)


def _refusal(refused: Refused) -> Reply:
    return _json({"ok": False, "error": {"code": refused.code, "message": refused.message}})


def _failed(error: OSError) -> Refused:
    logger().warning("an Amp thread could not be read or kept", reason=str(error))
    return Refused("storage-failed", f"the gateway cannot keep threads: {error}")


_FIXED = {
    "/api/internal/github-auth-status": _json({"authenticated": True}),
    "/api/internal/bitbucket-instance-url": _json({}),
    "/news.rss": Reply(
        200, [("content-type", "application/rss+xml"), ("cache-control", "max-age=86400")], _FEED
    ),
}
"""Librarian, the subagent that reads GitHub, starts only when it is told so."""
