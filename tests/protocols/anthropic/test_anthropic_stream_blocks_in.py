"""Blocks of upstream streams as parts, odd ones too."""

from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.anthropic.upstream_streams import (
    CITED,
    ORIGIN,
    SIGNED,
    TEXT,
    block,
    ended,
    read,
    started,
    whole,
    wire,
)

from dragoman.neutral.events import (
    CitationDelta,
    Failed,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Opaque,
    Reasoning,
    Text,
    ToolCall,
)
from dragoman.protocols.anthropic.events_in import answer_in


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
