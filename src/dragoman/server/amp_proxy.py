"""A request passed on to Amp's own server as it is, and its answer back: bodies as they come, both
ways, never held as a whole."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from urllib.parse import quote, unquote

from dragoman.accounts.client_keys import shown_keys
from dragoman.amp import crossing
from dragoman.amp.gunzip import MAGIC, Gunzip, is_sound
from dragoman.amp.keys import key_headers
from dragoman.amp.masked import Mask
from dragoman.amp.upstream import NAME, AmpUpstream
from dragoman.errors import Broken, DragomanError, UpstreamFault
from dragoman.exchange.headers import set_header
from dragoman.exchange.incoming import Reply
from dragoman.observe.log import logger
from dragoman.server.bodies import ClientLeft, read_body, too_large
from dragoman.server.call import HttpCall
from dragoman.server.respond import json_reply
from dragoman.upstreams.answers import Answer
from dragoman.upstreams.http import Call, Deadlines
from dragoman.upstreams.uploading import Upload

_AT_ONCE = 256 * 1024
"""A body up to this size is read before it is sent: it can be sent again, on a kept connection."""
_LOOKED_AT = 1024 * 1024
"""So much of what may be gzip is looked at before a byte of it is answered."""


async def passed_on(call: HttpCall, upstream: AmpUpstream, key: str, *, basic: bool) -> Reply:
    """The answer of Amp's server to this call, sent with `key`. `basic` as in `crossing.up`.

    Raises:
        ClientLeft, TooLarge.
    """
    body, upload = await _body(call)
    own = crossing.up(call.headers, upstream.origin, call.gateway.keys.knows, basic=basic)
    request = Call(
        NAME,
        call.method,
        address(call, upstream),
        set_header(own, dict(key_headers(key))),
        body,
        upstream.proxy,
        _deadlines(call, upstream),
        upload,
    )
    try:
        answer = await call.gateway.http.send(request)
        return await _replied(call, upstream, answer, Mask(key))
    except UpstreamFault as error:
        logger().warning(
            "Amp's server cannot be reached", id=call.id, path=call.path, reason=error.message
        )
        return unreachable()


def _deadlines(call: HttpCall, upstream: AmpUpstream) -> Deadlines:
    """Events may be far apart: such a stream ends when the client leaves."""
    if "text/event-stream" in call.header("accept"):
        return upstream.deadlines._replace(idle=0)
    return upstream.deadlines


def unreachable() -> Reply:
    return json_reply(
        {"error": "amp_upstream_proxy_error", "message": "Failed to reach Amp upstream"}, 502
    )


def address(call: HttpCall, upstream: AmpUpstream) -> str:
    """The call's path, as it was written, and query at Amp's server."""
    path = _written(call.raw_path.decode("latin-1"), call.path.rstrip("/"))
    query = crossing.query(call.query, call.gateway.keys.knows)
    return f"{upstream.url}{path}?{query}" if query else upstream.url + path


def _written(raw: str, path: str) -> str:
    """A path as the client wrote it, without the group that may stand before it."""
    while raw:
        if unquote(raw).rstrip("/") == path:
            return raw
        at = raw.find("/", 1)
        raw = raw[at:] if at > 0 else ""
    return quote(path, safe="/:@!$&'()*+,;=~")


def shown_client_key(call: HttpCall) -> str:
    """The client key that the call shows; "" where it shows none that is good."""
    shown = shown_keys(call.headers, call.query)
    keys = call.gateway.keys
    return next((key for key in shown if keys.owner_of((key,)) is not None), "")


async def _body(call: HttpCall) -> tuple[bytes, Upload | None]:
    """A short body, read; or how a longer one is read."""
    assert call.inbox is not None
    told = call.header("content-length")
    limit = call.gateway.max_body
    if call.header("transfer-encoding") or (told.isdigit() and int(told) > _AT_ONCE):
        length = int(told) if told.isdigit() else None
        if length is not None and length > limit:
            raise too_large(limit)
        return b"", Upload(_pieces(call, limit), length)
    return await read_body(call.inbox.receive, told, limit), None


async def _pieces(call: HttpCall, limit: int) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises:
        TooLarge: it passes `limit`.
        ClientLeft.
    """
    assert call.inbox is not None
    size = 0
    more = True
    while more:
        message = await call.inbox.receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        piece = message.get("body", b"")
        assert isinstance(piece, bytes)
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        yield piece
        more = bool(message.get("more_body"))


async def _replied(call: HttpCall, upstream: AmpUpstream, answer: Answer, mask: Mask) -> Reply:
    """The reply, once it is known whether its body is to be expanded."""
    try:
        headers = [
            (name, mask.text(value))
            for name, value in crossing.back(
                answer.headers, upstream.origin, secure=call.scheme in ("https", "wss")
            )
        ]
        first, gunzip = b"", None
        encoded = bool(answer.header("content-encoding"))
        if not encoded and not _is_events(answer) and call.method != "HEAD":
            first, gunzip = await _looked_at(answer)
        length = answer.header("content-length")
        if length and not encoded and gunzip is None:
            headers.append(("content-length", length))
        body = _relayed(call, answer, first, gunzip, mask)
        await anext(body)  # begun, so that closing it closes the answer
    except BaseException:
        answer.close()
        raise
    return Reply(answer.status, headers, body)


def _is_events(answer: Answer) -> bool:
    return answer.header("content-type").startswith("text/event-stream")


async def _looked_at(answer: Answer) -> tuple[bytes, Gunzip | None]:
    """The first bytes, and what expands them where they are gzip."""
    first = b""
    ended = False
    while not ended and (len(first) < len(MAGIC) or first.startswith(MAGIC)):
        if len(first) >= _LOOKED_AT:
            break
        data = await answer.read_some()
        assert data is not None
        ended = not data
        first += data
    if first.startswith(MAGIC) and is_sound(first, ended=ended):
        return first, Gunzip()
    return first, None


async def _relayed(
    call: HttpCall, answer: Answer, first: bytes, gunzip: Gunzip | None, mask: Mask
) -> AsyncGenerator[bytes, None]:
    try:
        yield b""
        data: bytes | None = first or await answer.read_some()
        while data:
            for piece in gunzip.feed(data) if gunzip else (data,):
                shown = mask.feed(piece)
                if shown:
                    yield shown
            data = await answer.read_some()
        if rest := mask.finish():
            yield rest
    except zlib.error as error:
        raise Broken(f"{NAME} sent a damaged gzip body", detail=str(error)) from error
    except DragomanError as error:
        if call.outcome is not None:
            call.outcome.error = error.message
        raise
    finally:
        answer.close()
