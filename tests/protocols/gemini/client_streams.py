"""Events to send, and the chunks of a Gemini client's stream."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.neutral.events import (
    Event,
    InputDelta,
    PartEnded,
    PartStarted,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.json import Json, JsonObject, decode
from dragoman.neutral.parts import (
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.requests import ReasoningSettings, Request, Sampling
from dragoman.protocols.codec import Reply
from dragoman.protocols.gemini.codec import CODEC

STATE = ReasoningState("dgm1.x", "anthropic")


def reply(n: int | None = None, *, thoughts: bool = True) -> Reply:
    return Reply(
        request=Request(
            protocol="gemini",
            model="m",
            turns=(),
            sampling=Sampling(n=n),
            reasoning=ReasoningSettings(summary="auto" if thoughts else None),
        ),
        model="my-model",
        new_id=lambda prefix: f"{prefix}id",
        clock=lambda: 0.0,
        created_s=1,
    )


def chunks(events: Sequence[Event], to: Reply) -> list[JsonObject]:
    """The stream's chunks; the frame is Google's, and the same events one by one give the same."""
    stream = CODEC.stream_out(to)
    data = stream.encode(events) + stream.finish()
    single = CODEC.stream_out(to)
    assert b"".join(single.encode([event]) for event in events) + single.finish() == data
    out: list[JsonObject] = []
    for message in data.split(b"\r\n\r\n")[:-1]:
        value = decode(message.removeprefix(b"data: "))
        assert isinstance(value, dict)
        assert value.pop("modelVersion") == "my-model"
        assert value.pop("responseId") == "id"
        out.append(value)
    return out


def content(*parts: Json, **more: Json) -> JsonObject:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **more}]}


END: JsonObject = content({"text": ""}, finishReason="STOP")


def text(index: int, *pieces: str) -> list[Event]:
    return [
        PartStarted(index, Text("")),
        *(TextDelta(index, piece) for piece in pieces),
        PartEnded(index),
    ]


def call(index: int, call_id: str, state: ReasoningState | None = None) -> list[Event]:
    return [
        PartStarted(index, ToolCall(call_id, "f", "", state=state)),
        InputDelta(index, '{"a":1'),
        InputDelta(index, "}"),
        PartEnded(index),
    ]


def thinking(index: int, state: ReasoningState | None = None) -> list[Event]:
    states: list[Event] = [] if state is None else [StateDelta(index, state)]
    return [PartStarted(index, Reasoning()), TextDelta(index, "hm"), *states, PartEnded(index)]


def called(call_id: str, signature: str | None = None) -> JsonObject:
    part: JsonObject = {"functionCall": {"id": call_id, "name": "f", "args": {"a": 1}}}
    return part if signature is None else {**part, "thoughtSignature": signature}
