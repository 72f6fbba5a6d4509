"""A model host that costs next to nothing: canned answers over a raw asyncio protocol.

`/v1/chat/completions` only: a small JSON answer, a 100 KB one when the request is large, or a
stream of 200 events when it asks for one. Run as `python -m bench.upstream PORT`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from typing import cast

import uvloop

EVENTS = 200
LARGE = 100 * 1024


def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    document = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_795_000_000,
        "model": "bench",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


def usage() -> bytes:
    document = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_795_000_000,
        "model": "bench",
        "choices": [],
        "usage": {"prompt_tokens": 12, "completion_tokens": 200, "total_tokens": 212},
    }
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


def whole(text: str) -> bytes:
    document = {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_795_000_000,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 9, "total_tokens": 21},
    }
    body = json.dumps(document, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


SMALL_ANSWER = whole("Nine words of an answer to a small question.")
LARGE_ANSWER = whole("word " * (LARGE // 5))
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
STREAM = [
    framed(chunk({"role": "assistant", "content": ""})),
    *(framed(chunk({"content": f" word{number}"})) for number in range(EVENTS)),
    framed(chunk({}, "stop")),
    framed(usage()),
    framed(b"data: [DONE]\n\n"),
    b"0\r\n\r\n",
]
BURST = 8
"""Events a write: what a model server's socket holds when its reader is a little behind."""


class Host(asyncio.Protocol):
    def __init__(self) -> None:
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            total = end + 4 + length
            if len(self._data) < total:
                return
            body, self._data = self._data[end + 4 : total], self._data[total:]
            self._answer(body, stays=b"connection: close" not in head)

    def _answer(self, body: bytes, *, stays: bool) -> None:
        """`stays`: nginx's own default asks for the connection to be closed after each answer."""
        assert self._transport is not None
        if b'"stream":true' in body:
            self._transport.write(STREAM_HEAD)
            self._stream(0, stays=stays)
            return
        self._transport.write(LARGE_ANSWER if len(body) > LARGE // 2 else SMALL_ANSWER)
        if not stays:
            self._transport.close()

    def _stream(self, at: int, *, stays: bool) -> None:
        assert self._transport is not None
        if self._transport.is_closing():
            return
        self._transport.write(b"".join(STREAM[at : at + BURST]))
        if at + BURST < len(STREAM):
            loop = asyncio.get_running_loop()
            loop.call_soon(partial(self._stream, at + BURST, stays=stays))
        elif not stays:
            self._transport.close()


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Host, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
