"""A failure as the client's protocol tells it."""

from __future__ import annotations

from dragoman.errors import DragomanError, UpstreamRefused
from dragoman.exchange import headers
from dragoman.exchange.incoming import Reply
from dragoman.neutral.json import object_of
from dragoman.protocols.codec import Codec
from dragoman.server.respond import json_reply


def error_reply(error: DragomanError, codec: Codec) -> Reply:
    """Status, body and headers. An upstream's error of the same protocol passes as it came."""
    back: list[tuple[str, str]] = []
    if isinstance(error, UpstreamRefused):
        back = headers.back(list(error.headers), everything=False)
    if error.retry_after_s is not None:
        seconds = str(max(1, round(error.retry_after_s)))
        back = headers.set_header(back, {"retry-after": seconds})
    if isinstance(error, UpstreamRefused) and error.protocol == codec.name:
        body = error.body
        if object_of(body.decode("utf-8", "replace")) is not None:
            return Reply(error.status, back, body)
    status, document = codec.error_out(error)
    return json_reply(document, status, back)
