"""Same protocol on both sides: the upstream's bytes pass as they came, watched by a tap.

Until the commit point the tap decodes everything, for whether content has come is the protocol's
own matter. After it, bytes pass unread; usage, an error and the end stand in the last frames, which
are kept and opened when the stream is over. Whole frames are held back only where something in
them must change: the model's name, or the usage chunk a client did not ask for.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

import msgspec

from dragoman.errors import Broken, DragomanError
from dragoman.exchange.channels import Watch
from dragoman.neutral.json import JsonObject, decode
from dragoman.protocols.codec import Codec, Reply, StreamDecoder
from dragoman.protocols.framing.splice import replaced_at

_KEPT_FRAMES = 8
_KEPT_BYTES = {"responses": 64 * 1024 * 1024, "gemini": 64 * 1024 * 1024}
"""How much of the end is kept: the last event of Responses holds the whole answer again, and
Gemini's last chunk may hold an image."""
_KEPT_BYTES_USUALLY = 64 * 1024

_BLANK_LINE = re.compile(rb"\n\r?\n")
_CR = ord("\r")
_ENDS = (b"[DONE]\n\n", b"[DONE]\r\n\r\n")

_MODEL_PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "openai": (("model",),),
    "responses": (("response", "model"), ("model",)),
    "anthropic": (("message", "model"), ("model",)),
    "gemini": (("modelVersion",),),
    "ollama": (("model",),),
}
_MODEL_KEYS = {"gemini": b'"modelVersion"'}

Rewrite = Callable[[bytes], bytes]


class _UsageChunk(msgspec.Struct):
    choices: object = None
    usage: object = None


_USAGE_CHUNK = msgspec.json.Decoder(_UsageChunk)


def model_restorer(protocol: str, name: str) -> Rewrite:
    """Exchanges the model's name in one frame's JSON, or in a whole answer."""
    value = msgspec.json.encode(name)
    key = _MODEL_KEYS.get(protocol, b'"model"')
    paths = _MODEL_PATHS[protocol]

    def restored(document: bytes) -> bytes:
        if key in document:
            for path in paths:
                document = replaced_at(document, path, value)
        return document

    return restored


def _tells_usage(data: bytes) -> bool:
    return b'"usage":{' in data or b'"usage": {' in data


def without_usage(document: bytes) -> bytes:
    """Nothing for a chat chunk that only tells usage; any other as it is."""
    if not _tells_usage(document):
        return document
    try:
        chunk = _USAGE_CHUNK.decode(document)
    except ValueError:
        return document
    return b"" if chunk.choices == [] and isinstance(chunk.usage, dict) else document


class BareClient:
    """What a client is sent beside the upstream's bytes: keepalives, and an error."""

    def __init__(self, codec: Codec, reply: Reply) -> None:
        self._codec = codec
        self._reply = reply

    def fail(self, error: DragomanError, response_id: str, last: bytes) -> bytes:
        if self._codec.fail_behind is not None:
            return self._codec.fail_behind(error, response_id, last, self._reply)
        return self._codec.stream_out(self._reply).fail(error)

    def ping(self) -> bytes:
        return self._codec.stream_out(self._reply).ping()


class Direct(Watch):
    """The tap. `rewrites` change or drop the JSON of single frames. `choices`: the answer may hold
    several, whose ends stand anywhere, so that every frame must be opened."""

    def __init__(
        self,
        protocol: str,
        decoder: StreamDecoder,
        client: BareClient,
        content_type: str,
        rewrites: tuple[Rewrite, ...] = (),
        *,
        choices: bool = False,
    ) -> None:
        super().__init__()
        self._decoder = decoder
        self._client = client
        self._rewrites = rewrites
        self._only_usage = rewrites == (without_usage,)
        self._choices = choices
        self._lines = protocol == "ollama"
        self._limit = _KEPT_BYTES.get(protocol, _KEPT_BYTES_USUALLY)
        self._recent: deque[bytes] = deque()
        self._recent_size = 0
        self._forgotten = False
        self._tail = b""
        self._closing = b""
        self.content_type = content_type

    def feed(self, data: bytes) -> bytes:
        if self.committed and not self._rewrites and not self._choices:
            self._remember(data)
            self.ended = data.endswith(_ENDS)
            return data
        whole, self._tail = self._cut(self._tail + data)
        if self.committed and not self._choices:
            self._remember(whole)
            self.ended = whole.endswith(_ENDS)
        elif whole:
            self._open(whole)
        return self._rewritten(whole) if self._rewrites else data

    def finish(self) -> bytes:
        tail, self._tail = self._tail, b""
        told = self.committed
        self._closing = self._last_frames() + tail
        self.seen([*self._decoder.feed(self._closing), *self._decoder.finish()])
        if self.failed is not None:
            self.told = told and not isinstance(self.failed, Broken)
        return self._rewritten(tail) if self._rewrites and tail else b""

    def fail(self, error: DragomanError) -> bytes:
        last = b"".join(self._recent) or self._closing
        return self._break() + self._client.fail(error, self.id, last)

    def ping(self) -> bytes:
        """Nothing while the upstream pauses inside a frame: it would be torn."""
        return b"" if self._break() else self._client.ping()

    def _break(self) -> bytes:
        """What ends the frame that was passed on in part; nothing behind whole ones."""
        if self._rewrites:
            return b""
        end = self._tail
        for data in reversed(self._recent):
            end = data + end
            if len(end) >= 3:
                break
        end = end or self._closing
        whole = (b"\n",) if self._lines else (b"\n\n", b"\n\r\n")
        return b"" if not end or end.endswith(whole) else whole[0]

    def document(self) -> JsonObject | None:
        """The response object of the last event that carries one."""
        at = self._closing.rfind(b"data:")
        try:
            event = decode(self._closing[at + 5 :]) if at >= 0 else None
        except ValueError:
            return None
        response = event.get("response") if isinstance(event, dict) else None
        return response if isinstance(response, dict) else None

    def _open(self, whole: bytes) -> None:
        """Decodes frame by frame up to the first content; from there only the end matters."""
        at = 0
        while at < len(whole) and self.failed is None and (self._choices or not self.committed):
            end = self._end_of_frame(whole, at)
            self._closing = whole[at:end]
            self.seen(self._decoder.feed(self._closing))
            at = end
        self.told = self.failed is not None and not isinstance(self.failed, Broken)
        self.ended = whole.endswith(_ENDS)
        if self.committed and not self._choices and self.failed is None:
            self._remember(whole[at:] + self._take_tail())

    def _take_tail(self) -> bytes:
        """The start of a frame that is passed on already, when frames need not be whole."""
        if self._rewrites:
            return b""
        tail, self._tail = self._tail, b""
        return tail

    def _remember(self, data: bytes) -> None:
        recent = self._recent
        recent.append(data)
        self._recent_size += len(data)
        while self._recent_size - len(recent[0]) > self._limit:
            self._recent_size -= len(recent.popleft())
            self._forgotten = True

    def _last_frames(self) -> bytes:
        """The last frames of what was passed on, from the start of one."""
        data = b"".join(self._recent)
        mark = b"\n" if self._lines else _separator(data)
        at = len(data)
        for _ in range(_KEPT_FRAMES + 1):
            at = data.rfind(mark, 0, at)
            if at < 0:
                start = data.find(mark) + len(mark) if self._forgotten else 0
                return data[start:]
        return data[at + len(mark) :]

    def _end_of_frame(self, whole: bytes, at: int) -> int:
        if self._lines:
            return whole.index(b"\n", at) + 1
        end = _BLANK_LINE.search(whole, at)
        assert end is not None
        return end.end()

    def _cut(self, data: bytes) -> tuple[bytes, bytes]:
        """Whole frames, and the start of the next."""
        if self._lines:
            at = data.rfind(b"\n") + 1
        else:
            found = data.rfind(b"\n\n")
            at = max(found + 2, data.rfind(b"\n\r\n", max(found, 0)) + 3)
            at = 0 if at <= 2 else at
        return data[:at], data[at:]

    def _frames(self, whole: bytes) -> list[bytes]:
        separator = b"\n" if self._lines else _separator(whole)
        return [frame + separator for frame in whole.split(separator) if frame]

    def _rewritten(self, whole: bytes) -> bytes:
        if self._only_usage and not _tells_usage(whole):
            return whole
        return b"".join(self._rewritten_frame(frame) for frame in self._frames(whole))

    def _rewritten_frame(self, frame: bytes) -> bytes:
        start, end = 0, len(frame.rstrip())
        if not self._lines:
            start = frame.find(b"data:") + 5
            if start < 5 or not frame[start:end].lstrip().startswith(b"{"):
                return frame
        document = frame[start:end].strip()
        new = document
        for rewrite in self._rewrites:
            new = rewrite(new)
            if not new:
                return b""
        return frame if new is document else frame.replace(document, new, 1)


def _separator(data: bytes) -> bytes:
    """What ends these frames. To look for a CR costs next to nothing, for all four bytes more than
    the rest of the tap."""
    return b"\r\n\r\n" if _CR in data and b"\r\n\r\n" in data else b"\n\n"
