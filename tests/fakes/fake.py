"""A fake upstream as a plain ASGI app: routes, keys, recording, and how bytes leave it.

What a protocol asks and answers is in its own file; here is only what all share: the request is
recorded whole, the key checked, the answer cut as `rechunk` says, faults acted out, and the
client's leaving noticed (`disconnected`)."""

from __future__ import annotations

import asyncio
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote

from tests.fakes.refusal import JsonObject, Refusal
from tests.fakes.script import Play, Seen, write
from tests.fakes.text_only import refuse_tools
from tests.fakes.text_only import say as text_only_says

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True)
class Recorded:
    """A request as it came in. `headers` are in their order, names in lower case (as HTTP servers
    hand them over); `json` is empty when the body is none."""

    method: str
    path: str
    query: dict[str, str]
    headers: list[tuple[str, str]]
    body: bytes
    json: JsonObject = field(default_factory=dict)
    name: str = ""
    """What the route's pattern found in the path (a model, an id)."""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True)
class Answer:
    """A whole answer; `fault` is acted out on it (cut: half of the body, stall and hang: none)."""

    body: object
    fault: str | None = None
    status: int = 200


@dataclass(frozen=True)
class Stream:
    """A streamed answer: `head` up to the last content, `tail` its regular end, `error` the
    protocol's error in mid-stream."""

    content_type: str
    head: Sequence[bytes]
    tail: Sequence[bytes]
    error: bytes
    fault: str | None = None


Handler = Callable[[Recorded], Answer | Stream]
Route = tuple[str, str, Handler]


class Fake(ABC):
    """One upstream. `key` empty = none is asked for; `rechunk` n = bytes leave n at a time;
    `models` are the names it serves (`embedding_models` those for embeddings). `says` is the model;
    `text_only` one without function calling."""

    protocol: ClassVar[str]
    default_models: ClassVar[tuple[str, ...]]
    embedding_models: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        *,
        key: str = "up-key",
        models: Sequence[str] | None = None,
        rechunk: int = 0,
        says: Callable[[Seen], Play] = write,
        text_only: bool = False,
    ) -> None:
        self.key = key
        self.models = tuple(self.default_models if models is None else models)
        self.rechunk = rechunk
        self.text_only = text_only
        self.says = text_only_says if text_only else says
        self.requests: list[Recorded] = []
        self.refusals: list[Refusal] = []
        self.disconnected = asyncio.Event()
        self._ids = 0

    @abstractmethod
    def routes(self) -> list[Route]:
        """(method, pattern of the whole path, handler)."""

    @abstractmethod
    def keys(self, request: Recorded) -> list[str | None]:
        """The keys at the places where this protocol looks for one."""

    @abstractmethod
    def error(self, refusal: Refusal) -> JsonObject:
        """The body of an error answer."""

    def unauthorized(self, *, missing: bool) -> Refusal:
        return Refusal("no key" if missing else "wrong key", status=401)

    def new_id(self, prefix: str) -> str:
        """An id that no other answer of this fake has."""
        self._ids += 1
        return f"{prefix}{self._ids:06d}"

    @property
    def last(self) -> JsonObject:
        """The body of the last request."""
        return self.requests[-1].json

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _received(scope, receive)
        self.requests.append(request)
        try:
            answer = self._answer(request)
        except Refusal as refusal:
            self.refusals.append(refusal)
            answer = Answer(self.error(refusal), status=refusal.status)
        if isinstance(answer, Answer):
            await self._send_whole(answer, receive, send)
        else:
            await self._send_stream(answer, receive, send)

    def _answer(self, request: Recorded) -> Answer | Stream:
        if self.key:
            given = [key for key in self.keys(request) if key]
            if self.key not in given:
                raise self.unauthorized(missing=not given)
        matches = [(m, r) for r in self.routes() if (m := re.fullmatch(r[1], request.path))]
        for match, (method, _, handler) in matches:
            if method == request.method:
                if method == "POST" and not request.json:
                    raise Refusal("We could not parse the JSON body of your request.")
                if self.text_only:
                    refuse_tools(request.json)
                name = match[1] if match.re.groups else ""
                return handler(replace(request, name=name))
        raise Refusal(f"{request.method} {request.path}: no such route", status=404)

    async def _send_whole(self, answer: Answer, receive: Receive, send: Send) -> None:
        if answer.fault in {"stall", "hang"}:
            await self._gone(receive)
            return
        fault = answer.fault if answer.status == 200 else None
        body = json.dumps(answer.body, ensure_ascii=False).encode()
        status = answer.status
        if fault == "fail-mid":
            failed = Refusal("failed in the middle", status=500)
            status, body = 500, json.dumps(self.error(failed)).encode()
        headers = [(b"content-type", b"application/json"), (b"x-request-id", b"req-of-the-fake")]
        if status == 429:
            headers.append((b"retry-after", b"1"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if fault in {"cut", "drop"}:
            body = body[: len(body) // 2]
        pieces = list(self._cut([body]))
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if fault != "drop":
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_stream(self, answer: Stream, receive: Receive, send: Send) -> None:
        if answer.fault == "hang":
            await self._gone(receive)
            return
        headers = [
            (b"content-type", answer.content_type.encode()),
            (b"x-request-id", b"req-of-the-fake"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in self._cut(_frames(answer)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if answer.fault == "stall":
            await self._gone(receive)
        if answer.fault not in {"stall", "drop"}:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _gone(self, receive: Receive) -> None:
        """Silence until the client leaves."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.disconnected.set()

    def _cut(self, frames: Sequence[bytes]) -> Iterator[bytes]:
        if not self.rechunk:
            yield from frames
            return
        whole = b"".join(frames)
        for start in range(0, len(whole), self.rechunk):
            yield whole[start : start + self.rechunk]


def _frames(answer: Stream) -> list[bytes]:
    if answer.fault is None:
        return [*answer.head, *answer.tail]
    return [*answer.head, answer.error] if answer.fault == "fail-mid" else [*answer.head]


async def _received(scope: MutableMapping[str, Any], receive: Receive) -> Recorded:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    try:
        parsed = json.loads(body) if body else {}
    except ValueError:
        parsed = {}
    query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
    return Recorded(
        method=scope["method"],
        path=unquote(scope["path"]),
        query={name: values[-1] for name, values in query.items()},
        headers=[(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]],
        body=body,
        json=parsed if isinstance(parsed, dict) else {},
    )


def bearer(request: Recorded) -> str | None:
    """The key of an Authorization header."""
    header = request.header("authorization") or ""
    return header[7:] if header.lower().startswith("bearer ") else None


def sse(data: object, event: str | None = None) -> bytes:
    """One server-sent event."""
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
