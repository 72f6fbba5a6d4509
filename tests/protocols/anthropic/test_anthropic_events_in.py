"""Upstream streams and whole answers as events, at every cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import Broken, ErrorKind, UpstreamRefused
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import Json, JsonObject, encode
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Opaque,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.anthropic.events_in import answer_in, stream_in
from dragoman.protocols.codec import Origin

ORIGIN = Origin(lambda prefix: prefix + "new", "up", "cred")


def wire(*frames: JsonObject) -> bytes:
    return b"".join(
        f"event: {frame['type']!s}\ndata: {json.dumps(frame, ensure_ascii=False)}\n\n".encode()
        for frame in frames
    )


def read(*pieces: bytes) -> list[Event]:
    decoder = stream_in(ORIGIN)
    out = [event for piece in pieces for event in decoder.feed(piece)]
    return out + decoder.finish()


def started(**usage: Json) -> JsonObject:
    message: JsonObject = {"id": "msg_1", "model": "claude-x", "usage": usage}
    return {"type": "message_start", "message": message}


def block(index: int, start: JsonObject, *deltas: JsonObject) -> list[JsonObject]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *[_delta(index, delta) for delta in deltas],
        {"type": "content_block_stop", "index": index},
    ]


def _delta(index: int, delta: JsonObject) -> JsonObject:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def ended(reason: str = "end_turn", **more: Json) -> list[JsonObject]:
    delta: JsonObject = {"stop_reason": reason, "stop_sequence": None, **more}
    return [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]


TEXT: JsonObject = {"type": "text", "text": ""}

STREAM = wire(
    started(
        input_tokens=10,
        cache_read_input_tokens=20,
        cache_creation_input_tokens=5,
        cache_creation={"ephemeral_1h_input_tokens": 3, "ephemeral_5m_input_tokens": 2},
        output_tokens=1,
        service_tier="standard",
    ),
    {"type": "ping"},
    *block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "hm é"},
        {"type": "signature_delta", "signature": "SIG"},
    ),
    *block(1, {"type": "redacted_thinking", "data": "RED"}),
    *block(
        2,
        TEXT,
        {"type": "text_delta", "text": "Hello 😀"},
        {
            "type": "citations_delta",
            "citation": {"type": "web_search_result_location", "url": "u", "title": "t"},
        },
        {"type": "text_delta", "text": ""},
        {"type": "future_delta", "text": "?"},
    ),
    *block(
        3,
        {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}, "caller": {"a": 1}},
        {"type": "input_json_delta", "partial_json": ""},
        {"type": "input_json_delta", "partial_json": '{"cmd": "it'},
        {"type": "input_json_delta", "partial_json": "'s\"}"},
    ),
    *ended("tool_use"),
)

START_USAGE = Usage(
    tokens_in=35,
    tokens_out=1,
    cache_read=20,
    cache_write=5,
    cache_write_1h=3,
    protocol="anthropic",
    extras={"service_tier": "standard"},
)
END_USAGE = Usage(
    tokens_in=35,
    tokens_out=9,
    cache_read=20,
    cache_write=5,
    cache_write_1h=3,
    protocol="anthropic",
    extras={"service_tier": "standard"},
)
SIGNED = ReasoningState("SIG", "anthropic", "up", "cred")
CITED: JsonObject = {"type": "web_search_result_location", "url": "u", "title": "t"}

EVENTS: list[Event] = [
    Started("msg_1", "claude-x", START_USAGE),
    Ping(),
    PartStarted(0, Reasoning()),
    TextDelta(0, "hm é"),
    StateDelta(0, SIGNED),
    PartEnded(0),
    PartStarted(
        1, Reasoning(state=ReasoningState("RED", "anthropic", "up", "cred"), redacted=True)
    ),
    PartEnded(1),
    PartStarted(2, Text("")),
    TextDelta(2, "Hello 😀"),
    CitationDelta(2, Citation("u", "t", raw=CITED, protocol="anthropic")),
    PartEnded(2),
    PartStarted(3, ToolCall("toolu_1", "Bash", "", extras={"caller": {"a": 1}})),
    InputDelta(3, '{"cmd": "it'),
    InputDelta(3, "'s\"}"),
    PartEnded(3),
    UsageSeen(END_USAGE),
    Finished("tool-call"),
]


def test_a_recorded_stream_is_read() -> None:
    assert read(STREAM) == EVENTS


def test_a_stream_reads_the_same_at_every_cut() -> None:
    for cut in range(len(STREAM)):
        assert read(STREAM[:cut], STREAM[cut:]) == EVENTS
    assert read(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == EVENTS


def test_nothing_is_read_after_the_end() -> None:
    decoder = stream_in(ORIGIN)
    late = wire(*block(4, TEXT), {"type": "message_delta", "usage": {"output_tokens": 99}})
    assert decoder.feed(STREAM + late) == EVENTS
    assert decoder.ended
    assert decoder.feed(late) == []
    assert decoder.finish() == []


def test_every_prefix_of_a_stream_is_a_cut() -> None:
    until_stop = STREAM.index(b'"stop_reason"')
    for cut in range(0, until_stop, 7):
        last = read(STREAM[:cut])[-1]
        assert isinstance(last, Failed)
        assert isinstance(last.error, Broken)


def test_a_stream_without_its_end_is_a_cut() -> None:
    events = read(wire(started(), *block(0, TEXT, {"type": "text_delta", "text": "a"})))
    assert isinstance(events[-1], Failed)
    assert events[-1].error.message == "the upstream's answer was cut before its end"


def test_an_end_without_its_blank_line_is_an_end() -> None:
    whole = wire(started(), ended()[0]).rstrip(b"\n")
    assert read(whole)[-1] == Finished("end")


def test_message_stop_alone_is_no_end() -> None:
    events = read(wire(started(), {"type": "message_stop"}))
    assert isinstance(events[-1], Failed)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", Finished("end")),
        ("max_tokens", Finished("length")),
        ("refusal", Finished("refusal")),
        ("pause_turn", Finished("pause")),
        ("model_context_window_exceeded", Finished("context-full")),
        ("someday", Finished("end", extras={"stop_reason": "someday"})),
    ],
)
def test_each_stop_reason_is_told(reason: str, stop: Finished) -> None:
    assert read(wire(started(), *ended(reason)))[-1] == stop


def test_the_sequence_that_stopped_the_answer_is_told() -> None:
    events = read(wire(started(), *ended("stop_sequence", stop_sequence="END")))
    assert events[-1] == Finished("stop-sequence", "END")


def test_what_only_messages_clients_understand_of_the_end_is_kept() -> None:
    end = ended(container={"id": "c"}, stop_details={"type": "refusal"})[0]
    events = read(wire(started(), {**end, "context_management": {"applied_edits": []}}))
    assert events[-1] == Finished(
        "end",
        extras={
            "container": {"id": "c"},
            "stop_details": {"type": "refusal"},
            "context_management": {"applied_edits": []},
        },
    )


def test_usage_of_the_end_wins_over_that_of_the_start() -> None:
    end: JsonObject = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {
            "input_tokens": 114,
            "cache_read_input_tokens": 1024,
            "output_tokens": 7,
            "output_tokens_details": {"thinking_tokens": 4},
            "server_tool_use": {"web_search_requests": 1},
        },
    }
    response = fold(read(wire(started(input_tokens=0, output_tokens=0), end)))
    assert response.usage == Usage(
        tokens_in=1138,
        tokens_out=7,
        cache_read=1024,
        reasoning=4,
        protocol="anthropic",
        extras={"server_tool_use": {"web_search_requests": 1}},
    )


def test_hosted_calls_are_told_when_their_input_is_whole() -> None:
    call: JsonObject = {"type": "server_tool_use", "id": "s", "name": "bash_code_execution"}
    result: JsonObject = {
        "type": "bash_code_execution_tool_result",
        "tool_use_id": "s",
        "content": {"type": "bash_code_execution_result", "stdout": "42\n", "return_code": 0},
    }
    events = read(
        wire(
            started(),
            *block(
                0,
                {**call, "input": {}},
                {"type": "input_json_delta", "partial_json": '{"command":'},
                {"type": "input_json_delta", "partial_json": ' "echo 42"}'},
                {"type": "future_delta"},
            ),
            *block(1, result),
            *ended(),
        )
    )
    whole: JsonObject = {**call, "input": {"command": "echo 42"}}
    assert events[1:-2] == [
        PartStarted(
            0,
            HostedCall(
                "s", "code_execution", '{"command":"echo 42"}', raw=whole, protocol="anthropic"
            ),
        ),
        PartEnded(0),
        PartStarted(
            1,
            HostedResult(
                "s",
                "code_execution",
                "```\necho 42\n```\n```\n42\n```",
                raw=result,
                protocol="anthropic",
            ),
        ),
        PartEnded(1),
    ]


def test_hosted_input_that_is_no_json_is_kept_as_text() -> None:
    call: JsonObject = {"type": "mcp_tool_use", "id": "s", "name": "q"}
    cut: JsonObject = {"type": "input_json_delta", "partial_json": '{"a'}
    events = read(wire(started(), *block(0, call, cut), *ended()))
    raw: JsonObject = {**call, "input": '{"a'}
    assert events[1] == PartStarted(
        0, HostedCall("s", "mcp", '"{\\"a"', raw=raw, protocol="anthropic")
    )


def test_unknown_blocks_are_opaque_and_whole() -> None:
    start: JsonObject = {"type": "compaction", "content": None}
    delta: JsonObject = {"type": "compaction_delta", "content": "so far"}
    events = read(wire(started(), *block(0, start, delta), *ended()))
    raw: JsonObject = {"type": "compaction", "content": "so far"}
    assert events[1:3] == [PartStarted(0, Opaque("compaction", raw, "anthropic")), PartEnded(0)]


def test_blocks_left_open_are_ended_before_the_end() -> None:
    start: JsonObject = {"type": "content_block_start", "index": 0, "content_block": TEXT}
    again: JsonObject = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text", "text": "b", "citations": [CITED]},
    }
    events = read(wire(started(), start, again, *ended()))
    assert [e for e in events[1:-1] if not isinstance(e, UsageSeen)] == [
        PartStarted(0, Text("")),
        PartEnded(0),
        PartStarted(1, Text("")),
        TextDelta(1, "b"),
        CitationDelta(1, Citation("u", "t", raw=CITED, protocol="anthropic")),
        PartEnded(1),
    ]


def test_deltas_and_stops_of_no_block_are_passed_over() -> None:
    stray: list[JsonObject] = [
        {"type": "content_block_delta", "index": 7, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_delta", "index": 7},
        {"type": "content_block_stop", "index": 7},
        {"type": "someday"},
    ]
    delta_without_end: JsonObject = {"type": "message_delta", "delta": {}}
    data = wire(started(), *stray, delta_without_end) + b"data: [DONE]\n\n" + wire(*ended())
    assert [type(event) for event in read(data)] == [Started, UsageSeen, Finished]


def test_input_given_whole_at_the_start_counts_when_no_delta_follows() -> None:
    call: JsonObject = {"type": "tool_use", "id": "", "name": "f", "input": {"a": 1}}
    delta: JsonObject = {"type": "input_json_delta", "partial_json": '{"b":2}'}
    events = read(wire(started(), *block(0, call), *block(1, call, delta), *ended("tool_use")))
    assert events[1:-2] == [
        PartStarted(0, ToolCall("toolu_new", "f", "")),
        InputDelta(0, '{"a":1}'),
        PartEnded(0),
        PartStarted(1, ToolCall("toolu_new", "f", "")),
        InputDelta(1, '{"b":2}'),
        PartEnded(1),
    ]


def test_thinking_given_whole_at_the_start_is_read() -> None:
    start: JsonObject = {"type": "thinking", "thinking": "hm", "signature": "SIG"}
    empty: list[JsonObject] = [
        {"type": "thinking_delta", "thinking": ""},
        {"type": "signature_delta", "signature": ""},
        {"type": "citations_delta"},
    ]
    events = read(wire(started(), *block(0, start, *empty), *ended()))
    assert events[1:-2] == [
        PartStarted(0, Reasoning()),
        TextDelta(0, "hm"),
        StateDelta(0, SIGNED),
        PartEnded(0),
    ]


def test_the_reserved_tool_is_the_answer_as_text() -> None:
    call: JsonObject = {
        "type": "tool_use",
        "id": "t",
        "name": "dragoman_structured_output",
        "input": {},
    }
    deltas: list[JsonObject] = [
        {"type": "input_json_delta", "partial_json": '{"a":'},
        {"type": "input_json_delta", "partial_json": "1}"},
    ]
    events = read(wire(started(), *block(0, call, *deltas), *ended("tool_use")))
    assert events[1:-2] == [
        PartStarted(0, Text("")),
        TextDelta(0, '{"a":'),
        TextDelta(0, "1}"),
        PartEnded(0),
    ]
    assert events[-1] == Finished("end")


@pytest.mark.parametrize(
    ("error", "message", "status", "kind"),
    [
        ({"type": "overloaded_error", "message": "busy"}, "busy", 529, ErrorKind.OVERLOADED),
        (
            {"type": "someday"},
            "the upstream answered with someday without saying why",
            500,
            ErrorKind.SERVER,
        ),
        ("boom", "boom", 500, ErrorKind.SERVER),
    ],
)
def test_an_error_in_the_stream_fails_the_answer(
    error: Json, message: str, status: int, kind: ErrorKind
) -> None:
    for frame in ({"type": "error", "error": error}, {"type": "", "error": error}):
        events = read(wire(started(), frame), wire(*ended()))
        failed = events[-1]
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, UpstreamRefused)
        assert (failed.error.message, failed.error.status) == (message, status)
        assert failed.error.kind is kind


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"data: <html>\n\n", "malformed"),
        (b'data: {"type": 5}\n\n', "Expected `str`, got `int`"),
        (b'data: {"type":"message_start"}\n\n', "message_start without its message"),
        (b'data: {"type":"content_block_start"}\n\n', "content_block_start without its"),
        (
            b'data: {"type":"content_block_start","content_block":{"type":"text","text":5}}\n\n',
            "content[0].text: expected a string, got an integer",
        ),
        (b'data: {"type":"message_start","message":{"id":5}}\n\n', "message.id: expected"),
        (b'data: {"type":"\xff"}\n\n', "UTF-8"),
    ],
)
def test_garbage_breaks_the_answer_and_says_what_was_wrong(data: bytes, words: str) -> None:
    decoder = stream_in(ORIGIN)
    failed = decoder.feed(data + wire(*ended()))[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Broken)
    assert failed.error.message.startswith("the upstream sent no Messages answer: ")
    assert words.lower() in failed.error.message.lower()
    assert decoder.finish() == []


def whole(**fields: Json) -> bytes:
    body: JsonObject = {
        "id": "msg_1",
        "type": "message",
        "model": "claude-x",
        "content": [],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }
    return encode({**body, **fields})


def test_a_whole_answer_is_the_same_as_its_stream() -> None:
    content: Json = [
        {"type": "thinking", "thinking": "hm é", "signature": "SIG"},
        {"type": "redacted_thinking", "data": "RED"},
        {"type": "text", "text": "Hello 😀", "citations": [CITED]},
        {
            "type": "tool_use",
            "id": "toolu_1",
            "name": "Bash",
            "input": {"cmd": "it's"},
            "caller": {"a": 1},
        },
    ]
    usage: JsonObject = {
        "input_tokens": 10,
        "cache_read_input_tokens": 20,
        "cache_creation_input_tokens": 5,
        "cache_creation": {"ephemeral_1h_input_tokens": 3},
        "output_tokens": 9,
        "service_tier": "standard",
    }
    body = whole(content=content, usage=usage, stop_reason="tool_use")
    streamed = STREAM.replace(b'{\\"cmd\\": ', b'{\\"cmd\\":')
    assert fold(answer_in(body, ORIGIN)) == fold(read(streamed))


def test_a_whole_answer_keeps_its_hosted_blocks_and_its_extras() -> None:
    call: JsonObject = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    response = fold(
        answer_in(
            whole(content=[call], container={"id": "c"}, stop_sequence="X", stop_details=None),
            ORIGIN,
        )
    )
    (choice,) = response.choices
    assert choice.parts == (HostedCall("s", "web_search", "{}", raw=call, protocol="anthropic"),)
    assert (choice.stop, choice.stop_sequence) == ("end", "X")
    assert choice.extras == {"container": {"id": "c"}}


def test_an_error_as_a_whole_answer_fails() -> None:
    body = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}'
    (failed,) = answer_in(body, ORIGIN)
    assert isinstance(failed, Failed)
    assert (failed.error.message, failed.error.status) == ("slow", 429)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "the upstream sent no Messages answer: "),
        (b"[]", "the upstream sent no Messages answer: not a JSON object"),
        (whole(content=["x"]), "the upstream sent no Messages answer: content[0] is not an object"),
        (
            whole(content=[{"type": "text", "text": 1}]),
            "the upstream sent no Messages answer: content[0].text: expected a string",
        ),
        (whole(stop_reason=None), "the upstream's answer was cut before its end"),
        (whole(content=None, stop_reason=None), "the upstream's answer was cut before its end"),
    ],
)
def test_a_whole_answer_that_is_none_is_broken(body: bytes, words: str) -> None:
    failed = answer_in(body, ORIGIN)[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Broken)
    assert failed.error.message.startswith(words)


_ODD = st.sampled_from([None, True, 5, "x", [], [1], {}, {"a": 1}, {"type": "text"}, ["x", None]])
_KEY = st.sampled_from(
    "id name input text thinking data citations content tool_use_id type error_code url".split()
)
_KIND = st.sampled_from(
    [
        "text",
        "thinking",
        "redacted_thinking",
        "tool_use",
        "server_tool_use",
        "mcp_tool_use",
        "web_search_tool_result",
        "code_execution_tool_result",
        "someday",
    ]
)
_ODD_BLOCK = st.builds(
    lambda kind, fields: {"type": kind, **fields}, _KIND, st.dictionaries(_KEY, _ODD, max_size=4)
)
_ODD_DELTA = st.dictionaries(
    st.sampled_from("type text partial_json signature citation content stop_reason".split()),
    _ODD | st.sampled_from(["text_delta", "citations_delta", "input_json_delta"]),
    max_size=3,
)


@given(_ODD_BLOCK, _ODD_DELTA, _ODD)
def test_no_odd_block_or_delta_crashes_the_decoders(
    odd: JsonObject, odd_delta: JsonObject, usage: Json
) -> None:
    frames = block(0, odd, odd_delta)
    end = {**ended()[0], "usage": usage}
    for events in (
        read(wire(started(), *frames, end)),
        answer_in(whole(content=[odd], usage=usage), ORIGIN),
    ):
        assert isinstance(events[-1], Finished | Failed)
