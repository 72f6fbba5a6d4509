"""Compaction for Codex where the upstream has none: a turn that asks for a summary, sealed into the
one item Codex wants back. OpenAI's own hosts do it themselves and get the request as it is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.errors import DragomanError
from dragoman.exchange.convert import speaks_openai
from dragoman.exchange.incoming import Incoming
from dragoman.exchange.resolving import resolved
from dragoman.exchange.summaries import SUMMARY
from dragoman.neutral.events import Event, Started
from dragoman.neutral.json import JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import ReasoningState, Text
from dragoman.neutral.requests import Request
from dragoman.neutral.responses import Choice, Fold, Response
from dragoman.protocols.codec import Codec, Reply, StreamEncoder
from dragoman.protocols.openai_responses import compaction
from dragoman.protocols.openai_responses.codec import CODEC
from dragoman.reasoning.carrier import seal
from dragoman.routing.names import Names

MARK = b'"compaction_trigger"'


def own_compaction(names: Names, incoming: Incoming, model: str) -> bool:
    """Whether the model's first upstream compacts by itself.

    Raises:
        UnknownModel, UnknownGroup, Forbidden.
    """
    caller, name = incoming.caller.inside(model)
    host = resolved(names, caller, name, incoming.naming).pools[0][0].host
    return host.codec is CODEC and (host.own_words or speaks_openai(host.hostname))


def compacting(key: bytes, *, alone: bool) -> Codec:
    """The codec of a request that wants a compaction item: as an answer's only item, or (`alone`)
    as the body of /responses/compact."""

    def request_in(body: JsonObject, losses: Losses) -> Request:
        return compaction.compaction_prompt(CODEC.request_in(body, losses))

    def stream_out(reply: Reply) -> StreamEncoder:
        return _SummaryEncoder(CODEC.stream_out(reply), reply, key)

    def answer_out(response: Response, reply: Reply) -> JsonObject:
        blob = _sealed(response, key)
        if alone:
            return compaction.compact_out(blob, response.usage, reply)
        return CODEC.answer_out(_with_item(response, blob, reply), reply)

    return msgspec.structs.replace(
        CODEC, request_in=request_in, stream_out=stream_out, answer_out=answer_out
    )


class _SummaryEncoder:
    """Collects the summary in silence, and sends it sealed at the end."""

    def __init__(self, inner: StreamEncoder, reply: Reply, key: bytes) -> None:
        self._inner = inner
        self._reply = reply
        self._key = key
        self._fold = Fold()
        self.content_type = inner.content_type

    @property
    def response(self) -> JsonObject | None:
        response: JsonObject | None = getattr(self._inner, "response", None)
        return response

    def encode(self, events: Sequence[Event]) -> bytes:
        for event in events:
            self._fold.add(event)
        return self._inner.encode([event for event in events if isinstance(event, Started)])

    def finish(self) -> bytes:
        response = self._fold.response()
        blob = _sealed(response, self._key)
        item_id = self._reply.new_id("cmp_")
        events = compaction.compaction_events(blob, item_id, response.usage)
        return self._inner.encode(events) + self._inner.finish()

    def fail(self, error: DragomanError) -> bytes:
        return self._inner.fail(error)

    def ping(self) -> bytes:
        return self._inner.ping()


def _sealed(response: Response, key: bytes) -> str:
    text = "".join(part.text for part in response.choices[0].parts if isinstance(part, Text))
    return seal(ReasoningState(text, SUMMARY), key)


def _with_item(response: Response, blob: str, reply: Reply) -> Response:
    fold = Fold()
    for event in compaction.compaction_events(blob, reply.new_id("cmp_"), response.usage):
        fold.add(event)
    choices: tuple[Choice, ...] = fold.response().choices
    return msgspec.structs.replace(response, choices=choices)
