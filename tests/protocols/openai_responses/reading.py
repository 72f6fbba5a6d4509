"""Encoding events, and reading back what a client would see."""

import itertools
from collections.abc import Callable
from typing import Any

from dragoman.neutral.events import (
    Event,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import decode
from dragoman.neutral.parts import (
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.requests import Request
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_responses.events_out import Encoder

ASKED = Request("responses", "gpt-x", ())


def ids() -> Callable[[str], str]:
    counter = itertools.count(1)
    return lambda prefix: f"{prefix}{next(counter)}"


def reply(request: Request = ASKED) -> Reply:
    return Reply(request, "gpt-x", ids(), lambda: 0.0, 1700)


def read(data: bytes) -> list[Any]:
    """The stream's events; each named by its own type, numbered without a gap."""
    out: list[Any] = []
    for block in data.decode().split("\n\n")[:-1]:
        name, body = block.split("\n")
        event: Any = decode(body.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        assert event.pop("sequence_number") == len(out)
        out.append(event)
    return out


def encoded(*events: Event) -> tuple[list[Any], Encoder]:
    encoder = Encoder(reply())
    data = b"".join(encoder.encode([event]) for event in events)
    return read(data + encoder.finish()), encoder


def sent(*events: Event) -> list[Any]:
    """What comes between response.in_progress and the terminal event."""
    found, _ = encoded(Started("x", "y"), *events, Finished("end"))
    assert [e["type"] for e in found[:2]] == ["response.created", "response.in_progress"]
    assert found[-1]["type"] == "response.completed"
    return found[2:-1]


def kinds(events: list[Any]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events]


def part(index: int, head: Any, *deltas: Event) -> list[Event]:
    return [PartStarted(index, head), *deltas, PartEnded(index)]


def message(item_id: str, *texts: str) -> dict[str, Any]:
    content = [
        {"type": "output_text", "text": text, "annotations": [], "logprobs": []} for text in texts
    ]
    return {
        "id": item_id,
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": content,
    }


ANSWER: list[Event] = [
    Started("chatcmpl-1", "upstream-model", Usage(tokens_in=9)),
    *part(
        0,
        Reasoning(),
        TextDelta(0, "Think"),
        StateDelta(0, ReasoningState("dgm1.S", "anthropic")),
        TextDelta(0, "ing"),
    ),
    PartStarted(1, Text("")),
    TextDelta(1, "Hi"),
    PartStarted(2, ToolCall("call_1", "f", "", namespace="ns")),
    InputDelta(2, '{"a": "it'),
    TextDelta(1, " there"),
    PartStarted(3, ToolCall("call_2", "exec", "", "custom")),
    InputDelta(3, "x"),
    PartEnded(3),
    InputDelta(2, "'s\"}"),
    PartEnded(1),
    PartEnded(2),
    UsageSeen(Usage(tokens_out=4, cache_read=5, cache_write=0, reasoning=2)),
    Finished("tool-call"),
]
