"""Answers of Amp's server that are gzip without saying so."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

MAGIC = b"\x1f\x8b"
_PIECE = 256 * 1024
_TRUSTED = 64 * 1024 * 1024
"""A body that has expanded so far without a fault is taken for sound."""


class Gunzip:
    """Expands a body as it comes, a bounded piece at a time. It raises zlib.error on damage."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
            piece = self._inflate.decompress(data, _PIECE)
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            if piece:
                yield piece

    @property
    def whole(self) -> bool:
        """Whether the body may end here."""
        return self._inflate.eof


def is_sound(data: bytes, *, ended: bool) -> bool:
    """Whether these first bytes of a body, or (`ended`) all of it, are gzip indeed."""
    gunzip = Gunzip()
    size = 0
    try:
        for piece in gunzip.feed(data):
            size += len(piece)
            if size > _TRUSTED:
                return True
    except zlib.error:
        return False
    return gunzip.whole or not ended
