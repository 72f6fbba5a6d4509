"""Calls in streams of OpenAI-compatible hosts."""

from typing import Any

import pytest
from tests.protocols.openai_chat.upstream_streams import answer, call, chunk, end, events, wire

from dragoman.neutral.events import (
    Failed,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
)
from dragoman.neutral.parts import (
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import Response
from dragoman.protocols.codec import Origin
from dragoman.protocols.openai_chat.codec import CODEC


def calls(*deltas: list[dict[str, Any]], reason: str = "tool_calls") -> Response:
    chunks = [chunk({"tool_calls": delta}) for delta in deltas]
    return answer(wire(*chunks, end(reason)))


def test_interleaved_parallel_calls_keep_their_input_and_order() -> None:
    response = calls(
        [call(0, id="a", name="one", arguments="")],
        [call(1, id="b", name="two", arguments="")],
        [call(1, arguments='{"y":'), call(0, arguments='{"x":')],
        [call(0, arguments="1}")],
        [call(1, arguments="2}")],
    )
    assert response.choices[0].stop == "tool-call"
    assert response.choices[0].parts == (
        ToolCall("a", "one", '{"x":1}'),
        ToolCall("b", "two", '{"y":2}'),
    )


def test_a_call_is_announced_once_its_input_begins() -> None:
    head = chunk({"tool_calls": [call(0, id="a", name="one", arguments="{")]})
    more = chunk({"tool_calls": [call(0, arguments="}"), call(0, arguments="")]})
    assert events(wire(head, more, end()))[1:] == [
        PartStarted(0, ToolCall("a", "one", "")),
        InputDelta(0, "{"),
        InputDelta(0, "}"),
        PartEnded(0),
        Finished("tool-call"),
    ]


@pytest.mark.parametrize("index", [None, -1])
def test_calls_without_an_index_are_told_apart_by_id(index: int | None) -> None:
    response = calls(
        [call(index, id="a", name="one", arguments='{"x"')],
        [call(index, arguments=":1}")],
        [call(index, id="b", name="two", arguments="{}")],
        [call(index, id="a", arguments=" ")],
    )
    assert response.choices[0].parts == (
        ToolCall("a", "one", '{"x":1} '),
        ToolCall("b", "two", "{}"),
    )


def test_calls_without_index_and_id_are_told_apart_by_name() -> None:
    response = calls(
        [call(None, arguments="")],
        [call(None, name="one", arguments='{"x":1}')],
        [call(None, name="two", arguments={"y": 1.50})],
    )
    assert response.choices[0].parts == (
        ToolCall("call_made1", "one", '{"x":1}'),
        ToolCall("call_made2", "two", '{"y":1.5}'),
    )


def test_an_id_that_comes_late_fills_the_empty_one() -> None:
    late = calls([call(0, id="", name="one", arguments="{")], [call(0, id="a", arguments="}")])
    bare = calls([call(None, name="one", arguments="{}")], [call(None, id="a")])
    assert late.choices[0].parts == (ToolCall("a", "one", "{}"),)
    assert bare.choices[0].parts == (ToolCall("a", "one", "{}"),)


def test_a_name_that_comes_late_or_in_pieces_or_again_is_one_name() -> None:
    response = calls(
        [call(0, id="a", arguments="{")],
        [call(1, id="b", name="get_")],
        [call(1, name="weather")],
        [call(1, name="get_weather", arguments="{}")],
        [call(0, name="one", arguments="}")],
        [call(0, name="one", arguments=" ")],
    )
    first, second = response.choices[0].parts
    assert first == ToolCall("a", "one", "{} ")
    assert second == ToolCall("b", "get_weather", "{}")


def test_parallel_calls_that_share_index_0_are_told_apart_by_id() -> None:
    response = calls(
        [call(0, id="a", name="one", arguments="{}")],
        [call(0, id="b", name="two", arguments="{")],
        [call(0, arguments="}")],
    )
    assert response.choices[0].parts == (
        ToolCall("a", "one", "{}"),
        ToolCall("b", "two", "{}"),
    )


def test_a_call_without_input_has_an_empty_object() -> None:
    response = calls([call(0, id="a", name="one")], reason="stop")
    assert response.choices[0].parts == (ToolCall("a", "one", "{}"),)
    assert response.choices[0].stop == "tool-call"


def test_a_call_that_never_got_a_name_is_an_error_when_it_has_input() -> None:
    last = events(wire(chunk({"tool_calls": [call(0, id="a", arguments="{}")]}), end()))[-1]
    assert isinstance(last, Failed)
    assert last.error.message == "the upstream sent a tool call without a name"


def test_a_call_that_never_became_anything_does_not_make_a_tool_stop() -> None:
    response = calls([{"index": 0}])
    assert response.choices[0].parts == ()
    assert response.choices[0].stop == "end"


def test_a_custom_call_keeps_its_free_text() -> None:
    first = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "exec", "input": ""}}
    response = calls([first], [{"index": 0, "custom": {"input": "it's"}}])
    assert response.choices[0].parts == (ToolCall("a", "exec", "it's", kind="custom"),)
    empty = calls([first])
    assert empty.choices[0].parts == (ToolCall("a", "exec", "", kind="custom"),)


def test_a_legacy_function_call_is_a_call() -> None:
    data = wire(
        chunk({"content": "a"}),
        chunk({"function_call": {"name": "one", "arguments": ""}}),
        chunk({"function_call": {"arguments": "{}"}}),
        end("function_call"),
    )
    choice = answer(data).choices[0]
    assert choice.parts == (Text("a"), ToolCall("call_made1", "one", "{}"))
    assert choice.stop == "tool-call"


def test_extra_content_of_a_call_is_its_state() -> None:
    extra = {"google": {"thought_signature": "sig"}}
    response = calls([call(0, id="a", name="one", arguments="{}", extra_content=extra)])
    state = ReasoningState('{"google":{"thought_signature":"sig"}}', "openai")
    assert response.choices[0].parts == (ToolCall("a", "one", "{}", state=state),)
    plain = calls([call(0, id="a", name="one", arguments="{}", extra_content=None)])
    assert plain.choices[0].parts == (ToolCall("a", "one", "{}"),)


def test_where_frames_are_left_out_input_of_a_call_never_seen_is_no_fault() -> None:
    decoder = CODEC.stream_in(Origin(new_id=str, gaps=True))
    stream = wire(chunk({"tool_calls": [call(0, arguments="}")]}), end("tool_calls"))
    assert decoder.feed(stream)[-1] == Finished("end")
