"""The records an Ollama client receives: their common head, and the counts and durations of the
last one. `/api/chat` and `/api/generate` differ only in how they hold text (`Shape`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from dragoman.neutral.events import StopReason
from dragoman.neutral.json import Json, JsonObject, object_of
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Reply
from dragoman.protocols.ollama.instants import date_and_time
from dragoman.protocols.ollama.wire import DONE_REASON_OF

_NS = 1_000_000_000

REFUSED = "The model's provider refused to answer this."
"""Said where a refusal has no words of its own, for `done_reason` has no word for it."""


class Said(msgspec.Struct):
    """What one record says. `thinking` None = no thinking field."""

    text: str = ""
    thinking: str | None = None
    images: Sequence[Json] = ()
    calls: Sequence[Json] = ()


class Shape(Protocol):
    def __call__(self, said: Said) -> JsonObject:
        """The fields of a record that hold what is said."""


def chat_shape(said: Said) -> JsonObject:
    message: JsonObject = {"role": "assistant", "content": said.text}
    _add_rest(message, said)
    return {"message": message}


def generate_shape(said: Said) -> JsonObject:
    record: JsonObject = {"response": said.text}
    _add_rest(record, said)
    return record


def _add_rest(holder: JsonObject, said: Said) -> None:
    if said.thinking is not None:
        holder["thinking"] = said.thinking
    if said.images:
        holder["images"] = list(said.images)
    if said.calls:
        holder["tool_calls"] = list(said.calls)


class Records:
    """Makes one answer's records and times it: from construction to the first content is reading,
    from there to the end writing."""

    __slots__ = ("_begun", "_first", "_reply", "_second", "_shape", "_stamp")

    def __init__(self, reply: Reply, shape: Shape) -> None:
        self._reply = reply
        self._shape = shape
        self._begun = reply.clock()
        self._first: float | None = None
        self._second = 0
        self._stamp = date_and_time(reply.created_s)

    def more(self, said: Said, **fields: Json) -> JsonObject:
        now = self._reply.clock()
        if self._first is None:
            self._first = now
        return {**self._head(now), **self._shape(said), **fields, "done": False}

    def idle(self) -> JsonObject:
        """A record that says nothing, and does not count as the first."""
        return {**self._head(self._reply.clock()), **self._shape(Said()), "done": False}

    def last(self, said: Said, stop: StopReason, usage: Usage) -> JsonObject:
        now = self._reply.clock()
        first = now if self._first is None else self._first
        record: JsonObject = {**self._head(now), **self._shape(said), "done": True}
        record["done_reason"] = DONE_REASON_OF[stop]
        record["total_duration"] = _ns(now - self._begun)
        record["load_duration"] = 0
        if usage.tokens_in is not None:
            record["prompt_eval_count"] = usage.tokens_in
        record["prompt_eval_duration"] = _ns(first - self._begun)
        if usage.tokens_out is not None:
            record["eval_count"] = usage.tokens_out
        record["eval_duration"] = _ns(now - first)
        return record

    def _head(self, now: float) -> JsonObject:
        micros = int((now - self._begun) * 1_000_000)
        second, micros = divmod(micros, 1_000_000)
        if second != self._second:
            self._second = second
            self._stamp = date_and_time(self._reply.created_s + second)
        return {"model": self._reply.model, "created_at": f"{self._stamp}.{micros:06}Z"}


def call_record(call_id: str, name: str, text: str, index: int) -> JsonObject:
    """A call with its arguments as the object that `text` is; other text becomes `input`."""
    arguments = object_of(text or "{}")
    function: JsonObject = {
        "index": index,
        "name": name,
        "arguments": {"input": text} if arguments is None else arguments,
    }
    return {"id": call_id, "function": function}


def shows_thinking(reply: Reply) -> bool:
    """Ollama shows thinking unless the client said `think: false`."""
    return reply.request.reasoning.mode != "off"


def _ns(seconds: float) -> int:
    return round(seconds * _NS)
