"""Whole answers as a client's body; what our own decoder and the official SDK make of them
and of streams."""

import json

from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter
from tests.protocols.anthropic.client_frames import CALL, FOUND, REPLY, WEB, sent

from dragoman.neutral.events import (
    CitationDelta,
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
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Part,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import Choice, Response, fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.anthropic.events_in import answer_in, stream_in
from dragoman.protocols.anthropic.events_out import stream_out
from dragoman.protocols.anthropic.responses import answer_out
from dragoman.protocols.codec import Origin

ORIGIN = Origin(lambda prefix: prefix + "new")


def test_a_whole_answer_is_a_message() -> None:
    state = ReasoningState("SIG", "responses")
    parts: tuple[Part, ...] = (
        Reasoning("hm", state),
        Reasoning("unsigned"),
        Reasoning(),
        Reasoning(state=state, redacted=True),
        Reasoning(redacted=True),
        Text("Hi", (Citation(raw=WEB, protocol="anthropic"), Citation(title="no address"))),
        Text("plain"),
        Text(""),
        ToolCall("t", "f", '{"a": 1.50}'),
        ToolCall("t2", "c", "free text"),
        HostedCall("s", "web_search", raw=CALL, protocol="anthropic"),
        HostedCall("s", "web_search", raw=CALL, protocol="responses"),
        HostedResult("s", "code_execution", "ran", protocol="gemini"),
    )
    choice = Choice(parts, "end", extras={"container": {"id": "c"}})
    response = Response((choice, Choice((), "length")), id="resp_1", model="gpt")
    body = answer_out(response, REPLY)
    assert json.loads(json.dumps(body, default=float)) == {
        "id": "msg_new",
        "type": "message",
        "role": "assistant",
        "model": "alias",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "SIG"},
            {"type": "thinking", "thinking": "unsigned", "signature": ""},
            {"type": "redacted_thinking", "data": "SIG"},
            {"type": "text", "text": "Hi", "citations": [WEB]},
            {"type": "text", "text": "plain"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1.5}},
            {"type": "tool_use", "id": "t2", "name": "c", "input": {"input": "free text"}},
            CALL,
            {"type": "text", "text": "ran"},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
        "container": {"id": "c"},
    }


EVENTS: list[Event] = [
    Started("msg_1", "m", Usage(tokens_in=7, protocol="anthropic")),
    PartStarted(0, Reasoning()),
    TextDelta(0, "hm"),
    StateDelta(0, ReasoningState("SIG", "anthropic")),
    PartEnded(0),
    PartStarted(1, Text("")),
    TextDelta(1, "Hi"),
    CitationDelta(1, Citation("u", "t", "q", raw=WEB, protocol="anthropic")),
    PartEnded(1),
    PartStarted(2, HostedCall("s", "web_search", '{"query":"q"}', CALL, "anthropic")),
    PartEnded(2),
    PartStarted(3, HostedResult("s", "web_search", raw=FOUND, protocol="anthropic")),
    PartEnded(3),
    PartStarted(4, ToolCall("t", "f", "")),
    InputDelta(4, '{"a":1}'),
    PartEnded(4),
    UsageSeen(Usage(tokens_in=7, tokens_out=3, cache_read=4, protocol="anthropic")),
    Finished("tool-call"),
]


def test_what_the_encoder_writes_the_decoder_reads_back() -> None:
    encoder = stream_out(REPLY)
    data = encoder.encode(EVENTS) + encoder.finish()
    decoder = stream_in(ORIGIN)
    read = fold(decoder.feed(data) + decoder.finish())
    assert read.choices == fold(EVENTS).choices
    assert read.usage == Usage(tokens_in=7, tokens_out=3, cache_read=4, protocol="anthropic")


def test_a_whole_answer_reads_back_as_it_was() -> None:
    response = fold(EVENTS)
    body = json.dumps(answer_out(response, REPLY)).encode()
    assert fold(answer_in(body, ORIGIN)).choices == response.choices


def test_the_official_sdk_accepts_stream_and_answer() -> None:
    frames = TypeAdapter(list[RawMessageStreamEvent]).validate_python(sent(*EVENTS))
    assert [frame.type for frame in frames][-2:] == ["message_delta", "message_stop"]
    message = Message.model_validate(answer_out(fold(EVENTS), REPLY))
    assert [block.type for block in message.content] == [
        "thinking",
        "text",
        "server_tool_use",
        "web_search_tool_result",
        "tool_use",
    ]
    assert message.usage.input_tokens == 3
