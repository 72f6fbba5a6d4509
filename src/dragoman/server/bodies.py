"""Reading a request's body: bounded, also in what a compressed one expands to."""

from __future__ import annotations

import io
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TypeAlias

import brotli
import zstandard

from dragoman.errors import InvalidRequest, TooLarge

Message: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

_CHUNK = 64 * 1024


class ClientLeft(Exception):
    """The client closed its connection; there is nobody to answer."""


async def read_body(receive: Receive, length: str, limit: int) -> bytes:
    """The raw body.

    Raises:
        TooLarge: it passes `limit` bytes, by its Content-Length or in fact.
        ClientLeft: the connection went before it was whole.
    """
    if length.isdigit() and int(length) > limit:
        raise too_large(limit)
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        piece = message.get("body", b"")
        assert isinstance(piece, bytes)
        size += len(piece)
        if size > limit:
            raise too_large(limit)
        pieces.append(piece)
        if not message.get("more_body"):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"the body is larger than {limit // (1024 * 1024)} MB; raise max-body-mb to allow it"
    )


def expanded(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encodings (several may be stacked, RFC 9110, 8.4).

    Raises:
        InvalidRequest: an unknown encoding, or bytes that are not of it.
        TooLarge: it would expand beyond `limit`.
    """
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if name in ("", "identity"):
            continue
        decoder = _DECODERS.get(name)
        if decoder is None:
            raise InvalidRequest(
                f"content-encoding {name!r} is not supported; use gzip, deflate, br or zstd"
            )
        try:
            body = decoder(body, limit)
        except (zlib.error, EOFError, brotli.error, zstandard.ZstdError) as error:
            raise InvalidRequest(f"the body is not valid {name}: {error}") from error
        if len(body) > limit:
            raise too_large(limit)
    return body


def _inflated(body: bytes, limit: int, wbits: int) -> bytes:
    inflater = zlib.decompressobj(wbits)
    out = inflater.decompress(body, limit + 1)
    if not inflater.eof and len(out) <= limit:
        raise EOFError("it ends too early")
    return out


def _gunzipped(body: bytes, limit: int) -> bytes:
    return _inflated(body, limit, 16 + zlib.MAX_WBITS)


def _deflated(body: bytes, limit: int) -> bytes:
    """HTTP's deflate is zlib's format; some clients send it raw."""
    try:
        return _inflated(body, limit, zlib.MAX_WBITS)
    except zlib.error:
        return _inflated(body, limit, -zlib.MAX_WBITS)


def _unbrotlied(body: bytes, limit: int) -> bytes:
    decoder = brotli.Decompressor()
    out = bytearray()
    piece = decoder.process(body, output_buffer_limit=_CHUNK)
    while piece and len(out) <= limit:
        out += piece
        piece = decoder.process(b"", output_buffer_limit=_CHUNK)
    if not decoder.is_finished() and len(out) <= limit:
        raise EOFError("it ends too early")
    return bytes(out)


def _unzstandard(body: bytes, limit: int) -> bytes:
    """The library does not tell a frame that was cut; its header may tell the size."""
    told = zstandard.frame_content_size(body)
    reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(io.BytesIO(body))
    out = bytearray()
    while len(out) <= limit and (piece := reader.read(_CHUNK)):
        out += piece
    if len(out) < told and len(out) <= limit:
        raise EOFError("it ends too early")
    return bytes(out)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _deflated,
    "br": _unbrotlied,
    "zstd": _unzstandard,
}
