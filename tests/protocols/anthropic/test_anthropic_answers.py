"""Events as a client's stream, whole answers as a client's body; what the official SDK makes of
both."""

import json
from typing import cast

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from dragoman.errors import Broken, UpstreamRefused
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    Head,
    HostedProgress,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    StopReason,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.requests import Request
from dragoman.neutral.responses import Choice, Response, fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.anthropic.events_in import answer_in, stream_in
from dragoman.protocols.anthropic.events_out import stream_out
from dragoman.protocols.anthropic.responses import answer_out
from dragoman.protocols.codec import Origin, Reply
from dragoman.protocols.framing.sse import SseDecoder

REPLY = Reply(
    Request("anthropic", "alias", ()),
    "alias",
    new_id=lambda prefix: prefix + "new",
    clock=lambda: 0.0,
    created_s=0,
)
ORIGIN = Origin(lambda prefix: prefix + "new")
WEB: JsonObject = {
    "type": "web_search_result_location",
    "url": "u",
    "title": "t",
    "encrypted_index": "e",
    "cited_text": "q",
}


def sent(*events: Event) -> list[JsonObject]:
    """The frames of a whole stream; each event line says its data's type."""
    encoder = stream_out(REPLY)
    data = encoder.encode(events) + encoder.finish()
    frames = []
    for event in SseDecoder().feed(data):
        frame = cast("JsonObject", json.loads(event.data))
        assert event.event == frame["type"]
        frames.append(frame)
    return frames


def blocks(*events: Event) -> list[JsonObject]:
    """What stands between message_start and the end."""
    return sent(*events)[1:-2]


def start(index: int, block: JsonObject) -> JsonObject:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, field: str, value: Json) -> JsonObject:
    frame: JsonObject = {"type": kind, field: value}
    return {"type": "content_block_delta", "index": index, "delta": frame}


def stop(index: int) -> JsonObject:
    return {"type": "content_block_stop", "index": index}


def text(index: int, value: str) -> JsonObject:
    return delta(index, "text_delta", "text", value)


TEXT: JsonObject = {"type": "text", "text": ""}
THINKING: JsonObject = {"type": "thinking", "thinking": "", "signature": ""}


def tool(call_id: str, name: str) -> JsonObject:
    return {"type": "tool_use", "id": call_id, "name": name, "input": {}}


def test_a_stream_has_the_order_of_appendix_b() -> None:
    state = ReasoningState("SIG", "gemini")
    assert sent(
        Started("msg_1", "gemini-x", Usage(tokens_in=7)),
        PartStarted(0, Reasoning()),
        TextDelta(0, "hm"),
        StateDelta(0, state),
        TextDelta(0, " é"),
        PartEnded(0),
        PartStarted(1, Text("")),
        TextDelta(1, "Hi 😀\n"),
        PartEnded(1),
        PartStarted(2, ToolCall("t1", "Bash", "")),
        InputDelta(2, '{"cmd": "it'),
        InputDelta(2, "'s\"}"),
        PartEnded(2),
        Finished("end"),
        UsageSeen(Usage(tokens_in=30, tokens_out=5, cache_read=20, cache_write=0, reasoning=2)),
    ) == [
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "alias",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 7, "output_tokens": 0},
            },
        },
        start(0, THINKING),
        delta(0, "thinking_delta", "thinking", "hm"),
        delta(0, "thinking_delta", "thinking", " é"),
        delta(0, "signature_delta", "signature", "SIG"),
        stop(0),
        start(1, TEXT),
        text(1, "Hi 😀\n"),
        stop(1),
        start(2, tool("t1", "Bash")),
        delta(2, "input_json_delta", "partial_json", '{"cmd": "it'),
        delta(2, "input_json_delta", "partial_json", "'s\"}"),
        stop(2),
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {
                "input_tokens": 10,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 20,
                "output_tokens": 5,
                "output_tokens_details": {"thinking_tokens": 2},
            },
        },
        {"type": "message_stop"},
    ]


def test_frames_have_the_exact_bytes_clients_read() -> None:
    encoder = stream_out(REPLY)
    encoder.encode([Started("msg_1"), PartStarted(0, Text(""))])
    assert encoder.encode([TextDelta(0, 'a"é')]) == (
        b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        b'"content_block":{"type":"text","text":""}}\n\n'
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"a\\"\xc3\xa9"}}\n\n'
    )
    assert encoder.ping() == b'event: ping\ndata: {"type": "ping"}\n\n'
    assert encoder.encode([Ping()]) == encoder.ping()
    assert encoder.content_type == "text/event-stream"


def test_case_22_interleaved_calls_are_put_in_a_row() -> None:
    assert blocks(
        Started("msg_1"),
        PartStarted(0, ToolCall("a", "f", "")),
        PartStarted(1, ToolCall("b", "g", "")),
        PartStarted(2, Text("")),
        InputDelta(1, '{"b":'),
        InputDelta(0, '{"a":1}'),
        TextDelta(2, "after"),
        InputDelta(1, "2}"),
        PartEnded(1),
        PartEnded(0),
        TextDelta(2, " all"),
        PartEnded(2),
        Finished("tool-call"),
    ) == [
        start(0, tool("a", "f")),
        delta(0, "input_json_delta", "partial_json", '{"a":1}'),
        stop(0),
        start(1, tool("b", "g")),
        delta(1, "input_json_delta", "partial_json", '{"b":'),
        delta(1, "input_json_delta", "partial_json", "2}"),
        stop(1),
        start(2, TEXT),
        text(2, "after"),
        text(2, " all"),
        stop(2),
    ]


def test_the_open_block_streams_while_others_wait() -> None:
    encoder = stream_out(REPLY)
    encoder.encode([Started("msg_1"), PartStarted(0, Text("")), PartStarted(1, Text(""))])
    assert encoder.encode([TextDelta(1, "b")]) == b""
    assert b'"text":"a"' in encoder.encode([TextDelta(0, "a")])
    assert b'"text":"b"' in encoder.encode([PartEnded(0)])


def test_parts_left_open_are_closed_at_the_end() -> None:
    assert blocks(
        PartStarted(0, Text("")),
        PartStarted(1, Text("")),
        TextDelta(0, "a"),
        TextDelta(1, "b"),
    ) == [start(0, TEXT), text(0, "a"), stop(0), start(1, TEXT), text(1, "b"), stop(1)]


def test_case_25_empty_parts_leave_no_ghost_blocks() -> None:
    assert (
        blocks(
            PartStarted(0, Text("")),
            TextDelta(0, ""),
            PartEnded(0),
            PartEnded(0),
            PartStarted(1, Reasoning()),
            PartEnded(1),
            PartStarted(2, Reasoning(redacted=True)),
            PartEnded(2),
            TextDelta(9, "of no part"),
        )
        == []
    )


def test_case_26_signature_only_thinking_is_still_told() -> None:
    own = ReasoningState("SIG", "anthropic")
    assert blocks(
        PartStarted(0, Reasoning(state=own)),
        PartEnded(0),
        PartStarted(1, Reasoning(state=own, redacted=True)),
        PartEnded(1),
        PartStarted(2, Reasoning("whole")),
        PartEnded(2),
    ) == [
        start(0, THINKING),
        delta(0, "signature_delta", "signature", "SIG"),
        stop(0),
        start(1, {"type": "redacted_thinking", "data": "SIG"}),
        stop(1),
        start(2, THINKING),
        delta(2, "thinking_delta", "thinking", "whole"),
        stop(2),
    ]


def test_case_30_a_call_without_input_gets_an_empty_object() -> None:
    head = ToolCall("", "f", "", extras={"caller": {"a": 1}, "foreign": 2})
    assert blocks(PartStarted(0, head), InputDelta(0, ""), PartEnded(0)) == [
        start(0, {**tool("toolu_new", "f"), "caller": {"a": 1}}),
        delta(0, "input_json_delta", "partial_json", "{}"),
        stop(0),
    ]


def test_citations_become_web_search_locations() -> None:
    made: JsonObject = {
        "type": "web_search_result_location",
        "url": "u",
        "title": None,
        "encrypted_index": "",
        "cited_text": "q",
    }
    assert blocks(
        PartStarted(0, Text("", (Citation("u", quote="q"),))),
        CitationDelta(0, Citation(raw=WEB, protocol="anthropic")),
        CitationDelta(0, Citation(title="no address")),
        TextDelta(0, "a"),
        PartEnded(0),
    ) == [
        start(0, TEXT),
        delta(0, "citations_delta", "citation", made),
        delta(0, "citations_delta", "citation", WEB),
        text(0, "a"),
        stop(0),
    ]


CALL: JsonObject = {
    "type": "server_tool_use",
    "id": "s",
    "name": "web_search",
    "input": {"query": "q"},
}
FOUND: JsonObject = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}


@pytest.mark.parametrize(
    ("head", "frames"),
    [
        (
            HostedCall("s", "web_search", '{"query":"q"}', raw=CALL, protocol="anthropic"),
            [
                start(0, {**CALL, "input": {}}),
                delta(0, "input_json_delta", "partial_json", '{"query":"q"}'),
                stop(0),
            ],
        ),
        (
            HostedResult("s", "web_search", raw=FOUND, protocol="anthropic"),
            [start(0, FOUND), stop(0)],
        ),
        (Opaque("new", {"type": "new"}, "anthropic"), [start(0, {"type": "new"}), stop(0)]),
        (HostedCall("s", "web_search", raw={}, protocol="responses"), []),
        (HostedResult("s", "web_search", raw={}, protocol="responses"), []),
        (
            HostedResult("s", "code_execution", "ran", protocol="gemini"),
            [start(0, TEXT), text(0, "ran"), stop(0)],
        ),
        (Opaque("new", {"type": "new"}, "gemini"), []),
        (Opaque("new", "text", "anthropic"), []),
        (
            Media("image", data="x"),
            [start(0, TEXT), text(0, "[image omitted]"), stop(0)],
        ),
        (
            Media("image", url="https://e.x/i"),
            [start(0, TEXT), text(0, "![image](https://e.x/i)"), stop(0)],
        ),
        (Refusal("no"), [start(0, TEXT), text(0, "no"), stop(0)]),
    ],
)
def test_parts_complete_in_their_head(head: Head, frames: list[JsonObject]) -> None:
    progress = HostedProgress(0, {}, "responses")
    assert blocks(PartStarted(0, head), progress, PartEnded(0)) == frames


def test_only_the_first_choice_is_told() -> None:
    frames = sent(
        Started("chatcmpl-1"),
        PartStarted(0, Text(""), choice=1),
        TextDelta(0, "other", choice=1),
        PartEnded(0, choice=1),
        PartStarted(0, Text("")),
        LogprobsDelta(0, []),
        TextDelta(0, "first"),
        PartEnded(0),
        Finished("length", choice=1),
        Finished("stop-sequence", "END"),
    )
    assert cast("JsonObject", frames[0]["message"])["id"] == "msg_new"
    assert frames[1:-2] == [start(0, TEXT), text(0, "first"), stop(0)]
    assert frames[-2]["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "END"}


STOPS: list[tuple[StopReason, str]] = [
    ("end", "end_turn"),
    ("tool-call", "tool_use"),
    ("length", "max_tokens"),
    ("stop-sequence", "stop_sequence"),
    ("refusal", "refusal"),
    ("context-full", "model_context_window_exceeded"),
    ("pause", "pause_turn"),
]


@pytest.mark.parametrize(("reason", "word"), STOPS)
def test_each_stop_reason_has_its_word_streamed_and_not(reason: StopReason, word: str) -> None:
    assert sent(Finished(reason))[-2]["delta"] == {"stop_reason": word, "stop_sequence": None}
    body = answer_out(Response((Choice((), reason),)), REPLY)
    assert body["stop_reason"] == word


def test_a_refusal_ends_as_one() -> None:
    frames = sent(PartStarted(0, Refusal("")), TextDelta(0, "no"), PartEnded(0), Finished("end"))
    assert frames[1:4] == [start(0, TEXT), text(0, "no"), stop(0)]
    assert frames[-2]["delta"] == {"stop_reason": "refusal", "stop_sequence": None}
    body = answer_out(Response((Choice((Refusal("no"),), "end"),)), REPLY)
    assert body["content"] == [{"type": "text", "text": "no"}]
    assert body["stop_reason"] == "refusal"


def test_what_the_end_carried_is_told_to_its_own_clients() -> None:
    finished = Finished(
        "end",
        extras={
            "stop_reason": "someday",
            "container": {"id": "c"},
            "context_management": {"applied_edits": []},
            "native_finish_reason": "STOP",
        },
    )
    frame = sent(finished)[-2]
    assert frame == {
        "type": "message_delta",
        "delta": {"container": {"id": "c"}, "stop_reason": "someday", "stop_sequence": None},
        "usage": {"input_tokens": 0, "output_tokens": 0},
        "context_management": {"applied_edits": []},
    }


def test_a_failure_is_the_error_event_and_never_an_end() -> None:
    encoder = stream_out(REPLY)
    encoder.encode([PartStarted(0, Text("")), TextDelta(0, "a"), Failed(Broken("x"))])
    assert encoder.fail(UpstreamRefused("busy", status=503)) == (
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error",'
        b'"message":"busy"}}\n\n'
    )


def test_usage_that_lives_an_hour_and_counters_of_our_own_are_told() -> None:
    usage = Usage(
        tokens_in=35,
        tokens_out=2,
        cache_read=20,
        cache_write=5,
        cache_write_1h=3,
        protocol="anthropic",
        extras={"service_tier": "standard"},
    )
    expected: JsonObject = {
        "input_tokens": 10,
        "cache_creation_input_tokens": 5,
        "cache_read_input_tokens": 20,
        "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3},
        "output_tokens": 2,
        "service_tier": "standard",
    }
    assert answer_out(Response((Choice((), "end"),), usage), REPLY)["usage"] == expected
    foreign = Usage(tokens_in=1, tokens_out=2, protocol="openai", extras={"x": 1})
    assert answer_out(Response((Choice((), "end"),), foreign), REPLY)["usage"] == {
        "input_tokens": 1,
        "output_tokens": 2,
    }


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
