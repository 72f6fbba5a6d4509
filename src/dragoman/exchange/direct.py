"""Same protocol on both sides: the upstream's bytes pass as they came, watched by a tap.

Until the commit point the tap decodes everything, for whether content has come is the protocol's
own matter. After it, it opens only frames in which a marker stands: usage, an error, the end.
Whole frames are held back only where something in them must change: the model's name, or the usage
chunk a client did not ask for.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dragoman.errors import DragomanError
from dragoman.exchange.channels import Watch
from dragoman.neutral.json import JsonObject, decode
from dragoman.protocols.codec import StreamDecoder, StreamEncoder
from dragoman.protocols.framing.splice import replaced_at

_MARKERS: dict[str, tuple[bytes, ...]] = {
    "openai": (b'"usage":{', b'"usage": {', b'"error":{', b'"error": {', b'"error":"', b"[DONE]",
               b'"finish_reason":"', b'"finish_reason": "'),
    "responses": (b'"response.completed"', b'"response.incomplete"', b'"response.failed"',
                  b'"type":"error"', b'"type": "error"'),
    "anthropic": (b'"message_delta"', b'"message_stop"', b'"type":"error"', b'"type": "error"'),
    "gemini": (b'"finishReason"', b'"usageMetadata"', b'"error":', b'"promptFeedback"'),
    "ollama": (b'"done":true', b'"done": true', b'"error":'),
}  # fmt: skip
"""Bytes that stand in every frame worth opening. Inside a JSON string their quotes are escaped, so
text cannot hold them; a false hit costs one decoding."""

_MODEL_PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "openai": (("model",),),
    "responses": (("response", "model"),),
    "anthropic": (("message", "model"),),
    "gemini": (("modelVersion",),),
    "ollama": (("model",),),
}
_MODEL_KEYS = {"gemini": b'"modelVersion"'}

Rewrite = Callable[[bytes], bytes]


def model_restorer(protocol: str, name: str) -> Rewrite:
    """Exchanges the model's name in one frame's JSON."""
    value = msgspec.json.encode(name)
    key = _MODEL_KEYS.get(protocol, b'"model"')
    paths = _MODEL_PATHS[protocol]

    def restored(document: bytes) -> bytes:
        if key in document:
            for path in paths:
                document = replaced_at(document, path, value)
        return document

    return restored


def without_usage(document: bytes) -> bytes:
    """Nothing for a chat chunk that only tells usage; any other as it is."""
    if b'"usage"' in document and msgspec.json.decode(document).get("choices") == []:
        return b""
    return document


class Direct(Watch):
    """The tap. `rewrites` change or drop the JSON of single frames."""

    def __init__(
        self,
        protocol: str,
        decoder: StreamDecoder,
        make_encoder: Callable[[], StreamEncoder],
        content_type: str,
        rewrites: tuple[Rewrite, ...] = (),
    ) -> None:
        super().__init__()
        self._decoder = decoder
        self._make_encoder = make_encoder
        self._rewrites = rewrites
        self._markers = _MARKERS[protocol]
        self._lines = protocol == "ollama"
        self._tail = b""
        self._closing = b""
        self.content_type = content_type

    def feed(self, data: bytes) -> bytes:
        whole, self._tail = self._cut(self._tail + data)
        if whole:
            self._tap(whole)
        return self._rewritten(whole) if self._rewrites else data

    def finish(self) -> bytes:
        tail, self._tail = self._tail, b""
        committed = self.committed
        self.seen([*self._decoder.feed(tail), *self._decoder.finish()])
        self.committed = self.committed or committed
        return self._rewritten(tail) if self._rewrites and tail else b""

    def fail(self, error: DragomanError) -> bytes:
        return self._make_encoder().fail(error)

    def ping(self) -> bytes:
        return self._make_encoder().ping()

    def document(self) -> JsonObject | None:
        """The response object of the last event that carries one."""
        at = self._closing.rfind(b"data:")
        try:
            event = decode(self._closing[at + 5 :]) if at >= 0 else None
        except ValueError:
            return None
        response = event.get("response") if isinstance(event, dict) else None
        return response if isinstance(response, dict) else None

    def _cut(self, data: bytes) -> tuple[bytes, bytes]:
        """Whole frames, and the start of the next."""
        if self._lines:
            at = data.rfind(b"\n") + 1
        else:
            at = max(data.rfind(b"\n\n") + 2, data.rfind(b"\n\r\n") + 3)
            at = 0 if at <= 2 else at
        return data[:at], data[at:]

    def _tap(self, whole: bytes) -> None:
        self._closing = whole
        if not self.committed:
            self.seen(self._decoder.feed(whole))
        elif any(marker in whole for marker in self._markers):
            for frame in self._frames(whole):
                if any(marker in frame for marker in self._markers):
                    self.seen(self._decoder.feed(frame))
            self.told = self.failed is not None
        self.ended = self.ended or self._decoder.ended

    def _frames(self, whole: bytes) -> list[bytes]:
        separator = b"\n" if self._lines else b"\r\n\r\n" if b"\r\n\r\n" in whole else b"\n\n"
        return [frame + separator for frame in whole.split(separator) if frame]

    def _rewritten(self, whole: bytes) -> bytes:
        return b"".join(self._rewritten_frame(frame) for frame in self._frames(whole))

    def _rewritten_frame(self, frame: bytes) -> bytes:
        if self._lines:
            start, end = 0, len(frame.rstrip())
        else:
            start = frame.find(b"data:") + 5
            end = len(frame.rstrip())
            if start < 5 or not frame[start:end].lstrip().startswith(b"{"):
                return frame
        document = frame[start:end].strip()
        new = document
        for rewrite in self._rewrites:
            new = rewrite(new)
            if not new:
                return b""
        return frame if new is document else frame.replace(document, new, 1)
