"""A fake ampcode.com: Amp's own server as its clients and a gateway before it meet it.

It knows one key, and what must never reach it: the gateway's client keys (`foreign`) in any place,
and the headers that a proxy is to keep back. What it finds of them stands in `leaks`, and is
answered with 500. Models are served by the protocols' own strict fakes.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.anthropic import AnthropicFake
from tests.fakes.fake import Fake, Receive, Send
from tests.fakes.gemini import GeminiFake
from tests.fakes.openai_chat import ChatFake
from tests.fakes.responses import ResponsesFake

KEY = "sgamp_user_the-key-of-the-user"
_KEPT_BACK = (
    "x-goog-api-key x-real-ip forwarded via x-title http-referer referer priority "
    "accept-encoding x-stainless-lang x-stainless-os x-stainless-runtime sec-fetch-mode "
    "x-forwarded-for x-forwarded-host x-forwarded-proto sec-ch-ua sec-ch-ua-mobile "
    "x-management-key x-dragoman-explain"
).split()
_SHAPES: dict[str, tuple[str, str]] = {
    "chat/completions": ("openai", "/v1/chat/completions"),
    "responses": ("responses", "/v1/responses"),
    "messages": ("anthropic", "/v1/messages"),
    "messages/count_tokens": ("anthropic", "/v1/messages/count_tokens"),
}


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    whole: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass
class AmpcodeFake:
    """`origin` is its own address, once it is served. `go` lets the stream under `/api/meta/sse` go
    on; `begun` is set when an upload is being read, `left` when a client leaves in its middle."""

    key: str = KEY
    foreign: tuple[str, ...] = ()
    origin: str = "https://ampcode.com"
    asked: list[Asked] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    models: dict[str, Fake] = field(
        default_factory=lambda: {
            "openai": ChatFake(key="", models=["only-there"]),
            "responses": ResponsesFake(key="", models=["only-there"]),
            "anthropic": AnthropicFake(key="", models=["only-there"]),
            "gemini": GeminiFake(key="", models=["only-there"]),
        }
    )

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        asked = Asked(
            scope.get("method", "WEBSOCKET"),
            scope["raw_path"].decode(),
            scope["query_string"].decode(),
            [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]],
        )
        self.asked.append(asked)
        self._look_for_leaks(asked)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        answer = _ANSWERS.get(asked.path)
        if self.leaks:
            await _read(asked, receive)
            await _json(send, {"leaks": self.leaks}, 500)
        elif asked.path.startswith("/api/") and asked.header("x-api-key") != self.key:
            await _read(asked, receive)
            await _json(send, {"error": f"no user has the key {asked.header('x-api-key')}"}, 401)
        elif asked.path.startswith("/api/provider/"):
            await self._model(asked, scope, receive, send)
        elif answer is not None:
            await answer(self, asked, receive, send)
        else:
            await _read(asked, receive)
            await _json(send, {"path": asked.path, "method": asked.method})

    def _look_for_leaks(self, asked: Asked) -> None:
        told = f"{asked.path}?{asked.query} {asked.headers}"
        self.leaks += [f"the client key {key}" for key in self.foreign if key in told]
        self.leaks += [f"the header {n}" for n, _ in asked.headers if n in _KEPT_BACK]
        bearer = asked.header("authorization")
        if asked.header("x-api-key") and bearer != f"Bearer {asked.header('x-api-key')}":
            self.leaks.append(f"two keys: {bearer}")

    async def _model(self, asked: Asked, scope: Any, receive: Receive, send: Send) -> None:
        shape = asked.path.split("/", 4)[4]
        protocol, path = _SHAPES.get(shape.removeprefix("v1/"), ("", ""))
        if "/models/" in shape:
            protocol, path = "gemini", "/v1beta/models/" + shape.rpartition("/models/")[2]
        if not protocol:
            await _read(asked, receive)
            await _json(send, {"path": asked.path})
            return
        await self.models[protocol]({**scope, "path": path}, receive, send)

    async def _socket(self, scope: Any, receive: Receive, send: Send) -> None:
        """Echoes; `close CODE REASON` closes so; a query of `no` is refused."""
        await receive()
        if "no" in scope["query_string"].decode().split("&"):
            await send(
                {
                    "type": "websocket.http.response.start",
                    "status": 403,
                    "headers": [(b"content-type", b"application/json"), (b"x-own", b"1")],
                }
            )
            await send({"type": "websocket.http.response.body", "body": b'{"error":"no"}'})
            return
        offered = scope["subprotocols"]
        chosen = offered[0] if offered else None
        await send({"type": "websocket.accept", "subprotocol": chosen})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.asked[-1].body = f"{message['code']} {message.get('reason')}".encode()
                self.left.set()
                return
            text = message.get("text")
            if text is None:
                await send({"type": "websocket.send", "bytes": message["bytes"]})
            elif text.startswith("close "):
                _, code, reason = text.split(" ", 2)
                await send({"type": "websocket.close", "code": int(code), "reason": reason})
                return
            else:
                reply = "pong" if text == "ping" else text
                await send({"type": "websocket.send", "text": reply})


async def _read(asked: Asked, receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        asked.body += message.get("body", b"")
        if not message.get("more_body"):
            asked.whole = True
            return


async def _whole(
    send: Send, body: bytes, status: int = 200, *headers: tuple[str, str], length: bool = True
) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    if length:
        pairs.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


async def _json(send: Send, body: object, status: int = 200) -> None:
    await _whole(send, json.dumps(body).encode(), status, ("content-type", "application/json"))


async def _internal(fake: AmpcodeFake, asked: Asked, receive: Receive, send: Send) -> None:
    """A call of the control plane; gzip where it says so, as the CLI sends long ones."""
    await _read(asked, receive)
    body = asked.body
    if asked.header("content-encoding") == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError) as error:
            await _json(send, {"ok": False, "error": {"code": "bad-gzip", "message": str(error)}})
            return
    told = json.loads(body)
    await _json(send, {"ok": True, "result": {"method": told["method"], "query": asked.query}})


async def _upload(fake: AmpcodeFake, asked: Asked, receive: Receive, send: Send) -> None:
    """Counts what it is sent, without keeping it."""
    digest, size, most = hashlib.sha256(), 0, 0
    fake.begun.set()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            fake.left.set()
            return
        piece = message.get("body", b"")
        digest.update(piece)
        size += len(piece)
        most = max(most, len(piece))
        if not message.get("more_body"):
            break
    asked.whole = True
    await _json(send, {"size": size, "digest": digest.hexdigest(), "largest": most})


async def _refused_upload(fake: AmpcodeFake, asked: Asked, receive: Receive, send: Send) -> None:
    """Answers before it has read the body, and does not read it."""
    await _whole(send, b'{"error":"quota"}', 413, ("content-type", "application/json"))


async def _events(fake: AmpcodeFake, asked: Asked, receive: Receive, send: Send) -> None:
    """One event at once, the second when it is let go on."""
    await _read(asked, receive)
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"data: first\n\n", "more_body": True})
    gone = asyncio.ensure_future(receive())
    go = asyncio.ensure_future(fake.go.wait())
    await asyncio.wait({gone, go}, return_when=asyncio.FIRST_COMPLETED)
    if gone.done():
        fake.left.set()
        go.cancel()
        return
    gone.cancel()
    await send({"type": "http.response.body", "body": b"data: second\n\n"})


PAGE = b'{"a long answer": "' + b"x" * 5000 + b'"}'


def _gzipped(body: bytes, *headers: tuple[str, str], length: bool = True) -> Callable[..., Any]:
    async def answer(fake: AmpcodeFake, asked: Asked, receive: Receive, send: Send) -> None:
        await _read(asked, receive)
        kind = ("content-type", "application/json")
        await _whole(send, body, 200, kind, *headers, length=length)

    return answer


async def _key_shown(fake: AmpcodeFake, asked: Asked, receive: Receive, send: Send) -> None:
    """A page that shows the user's key, in pieces, and a header that does."""
    await _read(asked, receive)
    key = (asked.header("x-api-key") or "").encode()
    headers = [(b"content-type", b"text/plain"), (b"x-key", key)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    body = b"your key: " + key + b". Keep it."
    for at in range(0, len(body), 7):
        piece = {"type": "http.response.body", "body": body[at : at + 7], "more_body": True}
        await send(piece)
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})


async def _login(fake: AmpcodeFake, asked: Asked, receive: Receive, send: Send) -> None:
    """As a page of the web: a redirect to its own address, and cookies of its domain."""
    await _read(asked, receive)
    await _whole(
        send,
        b"",
        302,
        ("location", f"{fake.origin}/threads?from=login"),
        ("set-cookie", "session=abc; Domain=ampcode.com; Path=/; Secure; HttpOnly; SameSite=None"),
        ("set-cookie", "__Host-csrf=x; Path=/; Secure"),
        ("access-control-allow-origin", "*"),
        ("strict-transport-security", "max-age=1000"),
    )


async def _page(fake: AmpcodeFake, asked: Asked, receive: Receive, send: Send) -> None:
    await _read(asked, receive)
    await _whole(
        send,
        b'<a href="/threads/T-1">one</a><script src="_app/x.js"></script>',
        200,
        ("content-type", "text/html"),
        ("cache-control", "max-age=60"),
    )


_ANSWERS: dict[str, Callable[..., Any]] = {
    "/api/internal": _internal,
    "/api/upload": _upload,
    "/api/upload/refused": _refused_upload,
    "/api/meta/sse": _events,
    "/threads/sse": _events,
    "/api/meta/gzip": _gzipped(gzip.compress(PAGE, mtime=0)),
    "/api/meta/gzip-chunked": _gzipped(gzip.compress(PAGE, mtime=0), length=False),
    "/api/meta/gzip-told": _gzipped(gzip.compress(PAGE, mtime=0), ("content-encoding", "gzip")),
    "/api/meta/gzip-cut": _gzipped(gzip.compress(PAGE, mtime=0)[:-9]),
    "/api/meta/gzip-broken": _gzipped(b"\x1f\x8bnot gzip at all"),
    "/api/meta/one-byte": _gzipped(b"\x1f"),
    "/api/meta/key": _key_shown,
    "/auth/login": _login,
    "/threads": _page,
}
