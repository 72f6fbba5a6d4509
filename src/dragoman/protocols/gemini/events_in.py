"""An upstream's answer, streamed or whole, as events.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse. The end is a candidate's
finishReason. Streams are server-sent events; the JSON array that servers send which ignore
`alt=sse`, and Google's bare error object in mid-stream, are read too.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dragoman.errors import Broken
from dragoman.neutral.events import Event, Failed, Finished, Started, UsageSeen
from dragoman.neutral.json import decode
from dragoman.neutral.usage import NO_USAGE
from dragoman.protocols.codec import Origin
from dragoman.protocols.framing.sse import SseDecoder
from dragoman.protocols.gemini.candidates_in import CandidateReader
from dragoman.protocols.gemini.errors import error_of
from dragoman.protocols.gemini.usage import usage_in
from dragoman.protocols.gemini.wire import Chunk

_CHUNKS = msgspec.json.Decoder(Chunk)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


class _Messages(SseDecoder):
    """Server-sent events, with the JSON between them that no event line carries."""

    __slots__ = ("_begun", "bare")

    def __init__(self) -> None:
        super().__init__()
        self._begun = b""
        self.bare: list[bytes] = []

    def _line(self, line: bytes) -> None:
        if self._begun or line.startswith((b"{", b"[", b",", b"]")):
            self._bare(line)
        else:
            super()._line(line)

    def _bare(self, line: bytes) -> None:
        """Objects, in an array or not, known to be whole when they parse."""
        self._begun += line + b"\n"
        objects = self._begun.strip(b" \t\n[],")
        if not objects:
            self._begun = b""
        elif objects.endswith(b"}"):
            try:
                elements = _ARRAY.decode(b"[" + objects + b"]")
            except msgspec.DecodeError:
                return
            self._begun = b""
            self.bare += [bytes(element) for element in elements]


class StreamReader:
    """A stream, cut anywhere."""

    def __init__(self, origin: Origin) -> None:
        self.ended = False
        self._messages = _Messages()
        self._answer = AnswerReader(origin)

    def feed(self, data: bytes) -> list[Event]:
        out: list[Event] = []
        self._read([event.data for event in self._messages.feed(data)], out)
        return out

    def finish(self) -> list[Event]:
        out: list[Event] = []
        self._read([event.data for event in self._messages.finish()], out)
        if not self.ended:
            self.ended = True
            out.append(Failed(Broken(f"the upstream's stream was cut {self._answer.where()}")))
        return out

    def _read(self, messages: list[bytes], out: list[Event]) -> None:
        messages += self._messages.bare
        self._messages.bare = []
        for message in messages:
            if self.ended:
                return
            self.ended = self._answer.read(message, out)


class AnswerReader:
    """GenerateContentResponses, one after another, as events."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._started = False
        self._usage = NO_USAGE
        self._usage_wire = b""
        self._candidates: dict[int, CandidateReader] = {}

    def where(self) -> str:
        """How far the answer came, for the message of a cut."""
        return "before a finishReason" if self._started else "before its first event"

    def read(self, message: bytes, out: list[Event]) -> bool:
        """Reads one response into `out`; True at the end of the answer, regular or not."""
        if message == b"[DONE]":
            return False
        try:
            chunk = _CHUNKS.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            out.append(Failed(Broken(f"the upstream's answer is not readable: {error}")))
            return True
        if bytes(chunk.error) not in (b"", b"null"):
            refused = error_of(decode(message), 0, message)
            out.append(Failed(refused or Broken("the upstream's answer has an empty error")))
            return True
        if not self._started:
            self._started = True
            out.append(Started(id=chunk.response_id or "", model=chunk.model_version or ""))
        if chunk.usage_metadata:
            self._seen_usage(chunk.usage_metadata, out)
        return self._read_candidates(chunk, message, out)

    def end(self, out: list[Event]) -> None:
        """The end of a whole answer, where a missing finishReason is no cut."""
        if not self._candidates:
            out.append(Failed(Broken("the upstream's answer holds no candidate")))
        for reader in self._candidates.values():
            reader.end(out)

    def _seen_usage(self, wire: msgspec.Raw, out: list[Event]) -> None:
        written = bytes(wire)
        if written == self._usage_wire:
            return
        self._usage_wire = written
        usage = self._usage.updated(usage_in(decode(written)))
        if usage != self._usage:
            self._usage = usage
            out.append(UsageSeen(usage))

    def _read_candidates(self, chunk: Chunk, message: bytes, out: list[Event]) -> bool:
        candidates = chunk.candidates or []
        if not candidates:
            feedback = decode(bytes(chunk.prompt_feedback) or b"null")
            if isinstance(feedback, dict) and feedback.get("blockReason"):
                out.append(Finished("refusal", extras={"promptFeedback": feedback}))
                return True
            return False
        for position, candidate in enumerate(candidates):
            number = candidate.index or 0
            reader = self._candidates.get(number)
            if reader is None:
                reader = self._candidates[number] = CandidateReader(self._origin, number)
            if reader.read(candidate, position, message, out):
                return True
        return all(reader.ended for reader in self._candidates.values())


def answer_in(body: bytes, origin: Origin) -> list[Event]:
    """A whole answer; an array of responses is read as the stream it is."""
    out: list[Event] = []
    reader = AnswerReader(origin)
    for message in _responses(body):
        if reader.read(message, out):
            return out
    reader.end(out)
    return out


def _responses(body: bytes) -> Iterable[bytes]:
    if body.lstrip().startswith(b"["):
        try:
            return [bytes(element) for element in _ARRAY.decode(body)]
        except msgspec.DecodeError:
            pass
    return [body]
