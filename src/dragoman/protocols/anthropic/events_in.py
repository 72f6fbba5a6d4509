"""An upstream's stream, or whole answer, → events.

platform.claude.com/docs/en/build-with-claude/streaming (2023-06-01): message_start, then per block
content_block_start, deltas, content_block_stop; message_delta with a stop reason and the usage so
far ends the answer. Frames are told apart by their data's `type`, not by their event line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec

from dragoman.errors import Broken, InvalidRequest
from dragoman.neutral.events import Event, Failed, Ping
from dragoman.neutral.json import JsonObject, decode
from dragoman.protocols.anthropic.blocks_in import Answer, raw_value
from dragoman.protocols.anthropic.errors import refused
from dragoman.protocols.anthropic.wire import CHUNKS, END_EXTRAS, Chunk, object_at
from dragoman.protocols.codec import Origin, StreamDecoder
from dragoman.protocols.framing.sse import SseDecoder

_DONE = b"[DONE]"
_CUT = "the upstream's answer was cut before its end"


class Decoder:
    """One upstream stream; see `StreamDecoder`."""

    def __init__(self, origin: Origin) -> None:
        self.ended = False
        self._sse = SseDecoder()
        self._answer = Answer(origin)

    def feed(self, data: bytes) -> list[Event]:
        if self.ended:
            return []
        for event in self._sse.feed(data):
            if self._ends(event.data):
                break
        return self._taken()

    def finish(self) -> list[Event]:
        if self.ended:
            return []
        if not any(self._ends(event.data) for event in self._sse.finish()):
            self._fail(Failed(Broken(_CUT)))
        return self._taken()

    def _taken(self) -> list[Event]:
        out, self._answer.out = self._answer.out, []
        return out

    def _fail(self, failed: Failed) -> None:
        self.ended = True
        self._answer.out.append(failed)

    def _ends(self, data: bytes) -> bool:
        """Reads one frame; whether the answer has ended with it."""
        if data == _DONE:
            return self.ended
        try:
            chunk = CHUNKS.decode(data)
            reader = self._frames.get(chunk.type)
            if reader is not None:
                reader(self, chunk)
            elif bytes(chunk.error):
                self._error(chunk)
        except (msgspec.MsgspecError, UnicodeDecodeError, InvalidRequest) as error:
            self._fail(Failed(_broken(error)))
        return self.ended

    def _content_delta(self, chunk: Chunk) -> None:
        if chunk.delta is not None:
            self._answer.delta(chunk.index, chunk.delta)

    def _content_start(self, chunk: Chunk) -> None:
        block = raw_value(chunk.content_block)
        if not isinstance(block, dict):
            raise InvalidRequest("content_block_start without its content_block")
        self._answer.start(chunk.index, block)

    def _content_stop(self, chunk: Chunk) -> None:
        self._answer.stop(chunk.index)

    def _message_start(self, chunk: Chunk) -> None:
        message = raw_value(chunk.message)
        if not isinstance(message, dict):
            raise InvalidRequest("message_start without its message")
        self._answer.message(message)

    def _message_delta(self, chunk: Chunk) -> None:
        usage = raw_value(chunk.usage)
        if usage is not None:
            self._answer.usage(usage)
        delta = chunk.delta
        if delta is None or delta.stop_reason is None:
            return
        told = {
            "container": raw_value(delta.container),
            "stop_details": raw_value(delta.stop_details),
            "context_management": raw_value(chunk.context_management),
        }
        extras: JsonObject = {k: v for k, v in told.items() if v is not None}
        self._answer.finish(delta.stop_reason, delta.stop_sequence, extras)
        self.ended = True

    def _ping(self, _: Chunk) -> None:
        self._answer.out.append(Ping())

    def _error(self, chunk: Chunk) -> None:
        error = raw_value(chunk.error)
        told: JsonObject = error if isinstance(error, dict) else {"message": error}
        self._fail(Failed(refused(told)))

    _frames: ClassVar[dict[str, Callable[[Decoder, Chunk], None]]] = {
        "content_block_delta": _content_delta,
        "content_block_start": _content_start,
        "content_block_stop": _content_stop,
        "message_start": _message_start,
        "message_delta": _message_delta,
        "ping": _ping,
        "error": _error,
    }


def stream_in(origin: Origin) -> StreamDecoder:
    return Decoder(origin)


def answer_in(body: bytes, origin: Origin) -> list[Event]:
    """The events of a whole answer; one that is none ends in Failed."""
    answer = Answer(origin)
    try:
        _whole(_object(body), answer)
    except (ValueError, InvalidRequest) as error:
        answer.out.append(Failed(_broken(error)))
    return answer.out


def _object(body: bytes) -> JsonObject:
    value = decode(body)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _whole(message: JsonObject, answer: Answer) -> None:
    error = object_at(message, "error")
    if error is not None:
        answer.out.append(Failed(refused(error)))
        return
    answer.message(message)
    content = message.get("content")
    for index, block in enumerate(content if isinstance(content, list) else []):
        if not isinstance(block, dict):
            raise ValueError(f"content[{index}] is not an object")
        answer.start(index, block)
        answer.stop(index)
    answer.usage(message.get("usage"))
    reason, sequence = message.get("stop_reason"), message.get("stop_sequence")
    if not isinstance(reason, str):
        answer.out.append(Failed(Broken(_CUT)))
        return
    extras: JsonObject = {k: v for k in END_EXTRAS if (v := message.get(k)) is not None}
    answer.finish(reason, sequence if isinstance(sequence, str) else None, extras)


def _broken(error: Exception) -> Broken:
    text = error.message if isinstance(error, InvalidRequest) else str(error)
    return Broken(f"the upstream sent no Messages answer: {text}")
