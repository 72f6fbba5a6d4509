"""Compressed answers, decoded as they come. We ask for none; some hosts send them all the same."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli
import zstandard

Decode = Callable[[bytes], bytes]


def decoder_of(encoding: str) -> Decode | None:
    """A decoder for one body; None when it is not encoded. It raises ValueError on damage."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return None
    make = _DECODERS.get(name)
    if make is None:
        return _refusing(name)
    return make()


def _refusing(name: str) -> Decode:
    def decode(data: bytes) -> bytes:
        raise ValueError(f"unknown content-encoding {name!r}")

    return decode


def _checked(feed: Decode, fault: type[Exception]) -> Decode:
    def decode(data: bytes) -> bytes:
        try:
            return feed(data)
        except fault as error:
            raise ValueError(str(error)) from error

    return decode


def _inflater() -> Decode:
    """HTTP's deflate is zlib's format; some hosts send it raw."""
    feed: Decode | None = None
    held = b""

    def decode(data: bytes) -> bytes:
        nonlocal feed, held
        if feed is not None:
            return feed(data)
        data = held = held + data
        if len(data) < 2:
            return b""
        feed = zlib.decompressobj().decompress
        try:
            return feed(data)
        except zlib.error:
            feed = zlib.decompressobj(-zlib.MAX_WBITS).decompress
            return feed(data)

    return decode


_DECODERS: dict[str, Callable[[], Decode]] = {
    "gzip": lambda: _checked(zlib.decompressobj(16 + zlib.MAX_WBITS).decompress, zlib.error),
    "x-gzip": lambda: _checked(zlib.decompressobj(16 + zlib.MAX_WBITS).decompress, zlib.error),
    "deflate": lambda: _checked(_inflater(), zlib.error),
    "br": lambda: _checked(brotli.Decompressor().process, brotli.error),
    "zstd": lambda: _checked(
        zstandard.ZstdDecompressor().decompressobj().decompress, zstandard.ZstdError
    ),
}
