"""One candidate of an answer as events: its open part, its calls, its end."""

from __future__ import annotations

import msgspec

from dragoman.errors import Broken, InvalidRequest
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.json import JsonObject, decode
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.protocols.codec import Origin
from dragoman.protocols.gemini.grounding import citations_in, logprobs_in
from dragoman.protocols.gemini.parts_in import History
from dragoman.protocols.gemini.wire import (
    BROKEN_STOPS,
    NAME,
    STOPS,
    Candidate,
    FunctionCall,
    Part,
    fields,
    media_kind,
)

_NO_REASONS = ("", "FINISH_REASON_UNSPECIFIED")


class CandidateReader:
    """Text and thought chunks run together into one part until another kind of part, or a
    signature, ends it: a signed part must never be merged with what follows."""

    def __init__(self, origin: Origin, number: int) -> None:
        self.ended = False
        self._origin = origin
        self._number = number
        self._next = 0
        self._open: type[Text | Reasoning] | None = None
        self._before = ""
        self._text: list[str] = []
        self._called = False
        self._history = History()
        self._cited: set[Citation] = set()

    def read(self, candidate: Candidate, position: int, message: bytes, out: list[Event]) -> bool:
        """Reads a candidate of a chunk; True when the answer has failed."""
        if self.ended:
            return False
        content = candidate.content
        parts = content.parts if content is not None else None
        if parts:
            for index, part in enumerate(parts):
                if not self._part(part, out):
                    raw = _raw_part(message, position, index)
                    if not self._rare(raw, out):
                        return True
        if candidate.logprobs_result:
            items = logprobs_in(decode(bytes(candidate.logprobs_result)))
            out.append(LogprobsDelta(max(self._next - 1, 0), items, self._number))
        if candidate.grounding_metadata:
            self._grounded(candidate.grounding_metadata, out)
        reason = candidate.finish_reason
        if reason is None or reason in _NO_REASONS:
            return False
        return self._finished(reason, candidate, out)

    def end(self, out: list[Event]) -> None:
        """The end of a whole answer that named no reason."""
        if not self.ended:
            self._finish("STOP", {}, out)

    def _part(self, part: Part, out: list[Event]) -> bool:
        """One part; False for a kind that is read from its JSON."""
        call = part.function_call
        if part.text is not None:
            kind = Reasoning if part.thought else Text
            self._run_on(kind, part.text, self._state(part), out)
        elif call is not None:
            self._call(call, self._state(part), out)
        elif part.inline_data is not None and not part.thought:
            mime = part.inline_data.mime_type or ""
            media = Media(media_kind(mime), part.inline_data.data, mime=mime)
            self._complete(msgspec.structs.replace(media, state=self._state(part)), out)
        else:
            return False
        return True

    def _state(self, part: Part) -> ReasoningState | None:
        if not part.thought_signature:
            return None
        origin = self._origin
        return ReasoningState(part.thought_signature, NAME, origin.upstream, origin.credential)

    def _run_on(
        self,
        kind: type[Text | Reasoning],
        text: str,
        state: ReasoningState | None,
        out: list[Event],
    ) -> None:
        if self._open is not kind:
            if not text and state is None:
                return
            self._close(out)
            self._open = kind
            head = Text("") if kind is Text else Reasoning()
            out.append(PartStarted(self._next, head, self._number))
            self._next += 1
        index = self._next - 1
        if text:
            if kind is Text:
                self._text.append(text)
            out.append(TextDelta(index, text, self._number))
        if state is not None:
            out.append(StateDelta(index, state, self._number))
            self._close(out)

    def _close(self, out: list[Event]) -> None:
        if self._open is not None:
            out.append(PartEnded(self._next - 1, self._number))
            self._open = None
            self._before += "".join(self._text)
            self._text.clear()

    def _call(self, call: FunctionCall, state: ReasoningState | None, out: list[Event]) -> None:
        """A call arrives whole; its arguments keep their exact text but for white space."""
        self._close(out)
        self._called = True
        index, self._next = self._next, self._next + 1
        call_id = call.id or self._origin.new_id("call_")
        args = bytes(call.args)
        given = args not in (b"", b"null")
        text = msgspec.json.format(args, indent=-1).decode() if given else "{}"
        head = ToolCall(call_id, call.name, "", state=state)
        out.append(PartStarted(index, head, self._number))
        out.append(InputDelta(index, text, self._number))
        out.append(PartEnded(index, self._number))

    def _complete(self, head: Media | HostedCall | HostedResult | Opaque, out: list[Event]) -> None:
        self._close(out)
        index, self._next = self._next, self._next + 1
        out.append(PartStarted(index, head, self._number))
        out.append(PartEnded(index, self._number))

    def _rare(self, raw: JsonObject, out: list[Event]) -> bool:
        try:
            head = self._history.hosted(fields(raw, "part"))
        except InvalidRequest as error:
            out.append(Failed(Broken(f"the upstream's answer is not readable: {error.message}")))
            return False
        self._complete(head, out)
        return True

    def _grounded(self, metadata: msgspec.Raw, out: list[Event]) -> None:
        text = "".join(self._text)
        for citation in citations_in(decode(bytes(metadata)), self._before, text):
            if citation in self._cited:
                continue
            self._cited.add(citation)
            if self._open is not Text:
                self._close(out)
                self._open = Text
                out.append(PartStarted(self._next, Text(""), self._number))
                self._next += 1
            out.append(CitationDelta(self._next - 1, citation, self._number))

    def _finished(self, reason: str, candidate: Candidate, out: list[Event]) -> bool:
        if reason in BROKEN_STOPS:
            said = f": {candidate.finish_message}" if candidate.finish_message else ""
            out.append(Failed(Broken(f"the model's answer is unusable ({reason}){said}")))
            return True
        extras: JsonObject = {}
        if reason not in ("STOP", "MAX_TOKENS"):
            extras["finishReason"] = reason
        if candidate.finish_message:
            extras["finishMessage"] = candidate.finish_message
        for key, raw in (
            ("groundingMetadata", candidate.grounding_metadata),
            ("citationMetadata", candidate.citation_metadata),
            ("urlContextMetadata", candidate.url_context_metadata),
            ("safetyRatings", candidate.safety_ratings),
        ):
            if raw:
                extras[key] = decode(bytes(raw))
        self._finish(reason, extras, out)
        return False

    def _finish(self, reason: str, extras: JsonObject, out: list[Event]) -> None:
        self._close(out)
        self.ended = True
        stop = STOPS.get(reason, "end")
        if stop == "end" and self._called:
            stop = "tool-call"
        out.append(Finished(stop, choice=self._number, extras=extras))


def _raw_part(message: bytes, position: int, index: int) -> JsonObject:
    """A part as it was written. Asked for rare parts only, so it may cost a second reading."""
    whole = msgspec.json.decode(message, type=_Whole)
    value = decode(bytes(whole.candidates[position].content.parts[index]))
    assert isinstance(value, dict)
    return value


class _WholeContent(msgspec.Struct):
    parts: list[msgspec.Raw]


class _WholeCandidate(msgspec.Struct):
    content: _WholeContent


class _Whole(msgspec.Struct):
    candidates: list[_WholeCandidate]
