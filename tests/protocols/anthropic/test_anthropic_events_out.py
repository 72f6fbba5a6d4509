"""Events as a client's stream."""

import pytest
from tests.protocols.anthropic.client_frames import (
    CALL,
    FOUND,
    REPLY,
    TEXT,
    WEB,
    delta,
    sent,
    start,
    stop,
    text,
)

from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    Head,
    HostedProgress,
    InputDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import JsonObject
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.usage import Usage
from dragoman.protocols.anthropic.events_out import stream_out


def blocks(*events: Event) -> list[JsonObject]:
    """What stands between message_start and the end."""
    return sent(*events)[1:-2]


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
