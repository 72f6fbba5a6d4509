"""What a Responses upstream streams, piece by piece, and the events it stands for."""

from typing import Any

from dragoman.errors import DragomanError
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import encode
from dragoman.neutral.parts import (
    Citation,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Origin
from dragoman.protocols.openai_responses.codec import CODEC

CREATED = {"type": "response.created", "response": {"id": "resp_1", "model": "gpt"}}
DONE = {"type": "response.completed", "response": {"id": "resp_1", "model": "gpt", "output": []}}


def origin() -> Origin:
    return Origin(lambda prefix: f"{prefix}new", "openai", "key-1")


def stream(*events: Any) -> bytes:
    return b"".join(
        b"event: " + str(e["type"]).encode() + b"\ndata: " + encode(e) + b"\n\n" for e in events
    )


def decode(data: bytes) -> list[Event]:
    decoder = CODEC.stream_in(origin())
    return decoder.feed(data) + decoder.finish()


def events(*sent: Any) -> list[Event]:
    return decode(stream(*sent))


def between(*sent: Any) -> list[Event]:
    """The events of a regular answer between Started and Finished."""
    found = events(CREATED, *sent, DONE)
    assert found[0] == Started("resp_1", "gpt")
    assert isinstance(found[-1], Finished)
    return found[1:-1]


def failure(found: list[Event]) -> DragomanError:
    last = found[-1]
    assert isinstance(last, Failed)
    return last.error


def delta(kind: str, text: str, **where: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "delta": text, **where}


def done(index: int, **item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def added(index: int, **item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


URL: Any = {
    "type": "url_citation",
    "url": "https://x",
    "title": "X",
    "start_index": 0,
    "end_index": 2,
}
CITED = Citation("https://x", "X", "", 0, 2, URL, "responses")

REASONING = [
    added(0, type="reasoning", id="rs_1", summary=[]),
    {"type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 0},
    delta("reasoning_summary_text", "First", output_index=0, summary_index=0),
    {"type": "response.reasoning_summary_text.done", "output_index": 0, "text": "First"},
    delta("reasoning_summary_text", "Sec", output_index=0, summary_index=1),
    delta("reasoning_summary_text", "ond", output_index=0, summary_index=1),
    done(
        0,
        type="reasoning",
        id="rs_1",
        summary=[{"type": "summary_text", "text": "First"}],
        encrypted_content="BLOB",
    ),
]
MESSAGE = [
    added(1, type="message", id="msg_1", phase="final_answer", role="assistant", content=[]),
    {
        "type": "response.content_part.added",
        "output_index": 1,
        "content_index": 0,
        "part": {"type": "output_text", "text": ""},
    },
    delta("output_text", "Hé", output_index=1, content_index=0, logprobs=[{"token": "Hé"}]),
    delta("output_text", "llo😀", output_index=1, content_index=0, logprobs=[]),
    {
        "type": "response.output_text.annotation.added",
        "output_index": 1,
        "content_index": 0,
        "annotation": URL,
    },
    {"type": "response.output_text.done", "output_index": 1, "content_index": 0, "text": "Héllo😀"},
    {
        "type": "response.content_part.done",
        "output_index": 1,
        "content_index": 0,
        "part": {
            "type": "output_text",
            "text": "Héllo😀",
            "annotations": [URL],
            "logprobs": [{"token": "Hé"}],
        },
    },
    done(
        1,
        type="message",
        id="msg_1",
        content=[{"type": "output_text", "text": "Héllo😀", "annotations": [URL]}],
    ),
]
CALLS = [
    added(2, type="function_call", id="fc_1", call_id="call_1", name="f", namespace="ns"),
    added(3, type="custom_tool_call", id="ctc_1", call_id="call_2", name="exec", input=""),
    delta("function_call_arguments", '{"a": "it', output_index=2),
    delta("custom_tool_call_input", "free ", output_index=3),
    delta("function_call_arguments", "'s\"}", output_index=2),
    {"type": "response.function_call_arguments.done", "output_index": 2, "arguments": "{}"},
    done(2, type="function_call", id="fc_1", call_id="call_1", name="f", arguments="{}"),
    delta("custom_tool_call_input", "text", output_index=3),
    {"type": "response.custom_tool_call_input.done", "output_index": 3, "input": "free text"},
    done(3, type="custom_tool_call", id="ctc_1", call_id="call_2", name="exec", input="free text"),
]
END = {
    "type": "response.completed",
    "response": {
        "id": "resp_1",
        "status": "completed",
        "output": [
            {"type": "reasoning", "id": "rs_1"},
            {"type": "message", "id": "msg_1"},
            {"type": "function_call", "id": "fc_1"},
            {"type": "custom_tool_call", "id": "ctc_1"},
        ],
        "usage": {
            "input_tokens": 10,
            "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 3},
            "total_tokens": 17,
        },
    },
}
FULL = stream(CREATED, {"type": "response.in_progress"}, *REASONING, *MESSAGE, *CALLS, END)

EXPECTED: list[Event] = [
    Started("resp_1", "gpt"),
    PartStarted(0, Reasoning(wire={"item_id": "rs_1"})),
    TextDelta(0, "First"),
    TextDelta(0, "\n\n"),
    TextDelta(0, "Sec"),
    TextDelta(0, "ond"),
    StateDelta(0, ReasoningState("BLOB", "responses", "openai", "key-1")),
    PartEnded(0),
    PartStarted(1, Text("", wire={"message": {"id": "msg_1", "phase": "final_answer"}})),
    TextDelta(1, "Hé"),
    LogprobsDelta(1, [{"token": "Hé"}]),
    TextDelta(1, "llo😀"),
    CitationDelta(1, CITED),
    PartEnded(1),
    PartStarted(2, ToolCall("call_1", "f", "", "function", "ns", wire={"item_id": "fc_1"})),
    PartStarted(3, ToolCall("call_2", "exec", "", "custom", wire={"item_id": "ctc_1"})),
    InputDelta(2, '{"a": "it'),
    InputDelta(3, "free "),
    InputDelta(2, "'s\"}"),
    PartEnded(2),
    InputDelta(3, "text"),
    PartEnded(3),
    UsageSeen(Usage(10, 7, cache_read=4, cache_write=0, reasoning=3)),
    Finished("tool-call"),
]


FINISHED_ITEMS: Any = [
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"text": "A"}, {"text": ""}, 5, {"text": "B"}],
        "encrypted_content": "X",
    },
    {
        "type": "message",
        "id": "msg_1",
        "content": [
            {"type": "output_text", "text": "Hi", "annotations": [URL, {"type": "file_path"}]},
            {"type": "refusal", "refusal": "no"},
            7,
        ],
    },
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": '{"a":1}'},
]
OF_FINISHED_ITEMS: list[Event] = [
    PartStarted(0, Reasoning(wire={"item_id": "rs_1"})),
    TextDelta(0, "A"),
    TextDelta(0, "\n\n"),
    TextDelta(0, "B"),
    StateDelta(0, ReasoningState("X", "responses", "openai", "key-1")),
    PartEnded(0),
    PartStarted(1, Text("", wire={"message": {"id": "msg_1"}})),
    TextDelta(1, "Hi"),
    CitationDelta(1, CITED),
    PartEnded(1),
    PartStarted(2, Refusal("")),
    TextDelta(2, "no"),
    PartEnded(2),
    PartStarted(3, ToolCall("c", "f", "")),
    InputDelta(3, '{"a":1}'),
    PartEnded(3),
]
