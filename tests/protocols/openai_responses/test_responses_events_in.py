"""Upstream streams of Responses servers, as events."""

from typing import Any

from tests.protocols.openai_responses.streams import (
    CREATED,
    DONE,
    EXPECTED,
    FINISHED_ITEMS,
    FULL,
    MESSAGE,
    OF_FINISHED_ITEMS,
    added,
    between,
    decode,
    delta,
    done,
    events,
    origin,
    stream,
)

from dragoman.neutral.events import (
    Finished,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.parts import (
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
from dragoman.protocols.openai_responses.codec import CODEC


def test_the_full_sequence_is_read_once_each() -> None:
    assert decode(FULL) == EXPECTED


def test_a_stream_gives_the_same_events_wherever_it_is_cut() -> None:
    for cut in range(1, len(FULL)):
        decoder = CODEC.stream_in(origin())
        found = decoder.feed(FULL[:cut]) + decoder.feed(FULL[cut:])
        assert found == EXPECTED
        assert decoder.ended


def test_a_stream_gives_the_same_events_byte_by_byte() -> None:
    decoder = CODEC.stream_in(origin())
    found = [event for at in range(len(FULL)) for event in decoder.feed(FULL[at : at + 1])]
    assert found == EXPECTED


def test_nothing_is_read_after_the_end() -> None:
    decoder = CODEC.stream_in(origin())
    assert decoder.feed(FULL + stream(*MESSAGE)) == EXPECTED
    assert decoder.feed(stream(CREATED)) == []
    assert decoder.finish() == []


def test_finished_items_alone_are_enough() -> None:
    sent = [done(index, **item) for index, item in enumerate(FINISHED_ITEMS)]
    assert between(*sent) == OF_FINISHED_ITEMS


def test_output_that_stands_only_in_the_terminal_event_is_read() -> None:
    terminal = {
        "type": "response.completed",
        "response": {"id": "resp_1", "model": "gpt", "output": FINISHED_ITEMS},
    }
    assert events(terminal) == [
        Started("resp_1", "gpt"),
        *OF_FINISHED_ITEMS,
        Finished("tool-call"),
    ]


def test_items_told_under_one_index_are_told_apart_by_id_and_kind() -> None:
    items: Any = [
        {"type": "reasoning", "id": "rs_1", "summary": [{"text": "A"}]},
        {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Hi"}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
    ]
    found = between(
        added(0, type="reasoning", id="rs_1"),
        delta("reasoning_summary_text", "A", output_index=0),
        delta("output_text", "Hi", output_index=0, content_index=0),
        done(0, **items[0]),
        done(0, **items[1]),
        {
            "type": "response.completed",
            "response": {"output": [*items, {"type": "novel", "id": "n"}]},
        },
    )
    assert [type(e).__name__ for e in found[:-1]] == [
        "PartStarted",
        "TextDelta",
        "PartStarted",
        "TextDelta",
        "PartEnded",
        "PartEnded",
        "PartStarted",
        "InputDelta",
        "PartEnded",
        "PartStarted",
    ]


def test_items_without_ids_are_told_apart_by_their_place() -> None:
    item: Any = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}
    terminal = {"type": "response.completed", "response": {"output": [item, {"type": "novel"}]}}
    assert events(CREATED, done(0, **item), delta("output_text", ""), terminal)[1:] == [
        PartStarted(0, Text("")),
        TextDelta(0, "Hi"),
        PartEnded(0),
        PartStarted(1, Opaque("novel", {"type": "novel"}, "responses")),
        PartEnded(1),
        Finished("end"),
    ]


def test_a_name_may_stand_in_the_terminal_event_alone() -> None:
    call: Any = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f"}
    terminal = {"type": "response.completed", "response": {"output": [call]}}
    found = events(
        CREATED,
        added(0, type="function_call", id="fc_1", call_id="c"),
        delta("function_call_arguments", "{}", output_index=0),
        terminal,
    )
    assert found[1:] == [
        PartStarted(0, ToolCall("c", "f", "", wire={"item_id": "fc_1"})),
        InputDelta(0, "{}"),
        PartEnded(0),
        Finished("tool-call"),
    ]


def test_a_name_that_arrives_late_delays_the_call() -> None:
    assert between(
        added(0, type="function_call", id="fc_1", call_id="c"),
        delta("function_call_arguments", '{"a"', output_index=0),
        delta("function_call_arguments", ":1}", output_index=0),
        done(0, type="function_call", id="fc_1", call_id="c", name="f", arguments='{"a":1}'),
    ) == [
        PartStarted(0, ToolCall("c", "f", "", wire={"item_id": "fc_1"})),
        InputDelta(0, '{"a"'),
        InputDelta(0, ":1}"),
        PartEnded(0),
    ]


def test_a_name_may_come_with_the_finished_arguments() -> None:
    sent = {
        "type": "response.function_call_arguments.done",
        "output_index": 0,
        "name": "f",
        "arguments": "{}",
    }
    assert between(sent) == [
        PartStarted(0, ToolCall("call_new", "f", "")),
        InputDelta(0, "{}"),
        PartEnded(0),
    ]


def test_a_call_that_never_gets_its_name_is_no_call() -> None:
    found = events(
        CREATED,
        added(0, type="function_call", id="fc_1", call_id="c"),
        delta("function_call_arguments", "{}", output_index=0),
        DONE,
    )
    assert found[1:] == [Finished("end")]


def test_empty_input_leaves_no_delta() -> None:
    call: Any = {"type": "custom_tool_call", "call_id": "c", "name": "x", "input": ""}
    found = between(added(0, **call), done(0, **call))
    assert found == [PartStarted(0, ToolCall("c", "x", "", "custom")), PartEnded(0)]


def test_reasoning_of_only_a_signature_is_emitted_and_empty_reasoning_is_not() -> None:
    assert between(
        added(0, type="reasoning", summary=[]),
        done(0, type="reasoning", summary=[], encrypted_content="B"),
        done(1, type="reasoning", summary=[]),
    ) == [
        PartStarted(0, Reasoning(redacted=True)),
        StateDelta(0, ReasoningState("B", "responses", "openai", "key-1")),
        PartEnded(0),
    ]


def test_the_first_kind_of_reasoning_text_wins() -> None:
    assert between(
        delta("reasoning_text", "raw", output_index=0, content_index=0),
        delta("reasoning_summary_text", "short", output_index=0, summary_index=0),
        done(0, type="reasoning", summary=[{"text": "short"}]),
    ) == [PartStarted(0, Reasoning()), TextDelta(0, "raw"), PartEnded(0)]


def test_reasoning_content_is_read_where_there_is_no_summary() -> None:
    assert between(
        done(0, type="reasoning", content=[{"type": "reasoning_text", "text": "t"}])
    ) == [
        PartStarted(0, Reasoning()),
        TextDelta(0, "t"),
        PartEnded(0),
    ]


def test_a_refusal_is_read_from_its_events() -> None:
    assert between(
        delta("refusal", "I ", output_index=0, content_index=0),
        delta("refusal", "won't", output_index=0, content_index=0),
        {"type": "response.refusal.done", "output_index": 0, "refusal": "I won't"},
        {"type": "response.content_part.done", "part": {"type": "refusal", "refusal": "I won't"}},
        {"type": "response.content_part.done", "part": {"type": "reasoning_text"}},
        {"type": "response.content_part.added", "part": {"type": "reasoning_text"}},
    ) == [PartStarted(0, Refusal("")), TextDelta(0, "I "), TextDelta(0, "won't"), PartEnded(0)]


def test_hosted_calls_are_told_when_done_and_progress_is_a_ping() -> None:
    search: Any = {"type": "web_search_call", "id": "ws", "action": {"query": "q"}}
    code: Any = {"type": "code_interpreter_call", "id": "ci", "code": "1+1", "outputs": None}
    assert between(
        added(0, type="web_search_call", id="ws"),
        {"type": "response.web_search_call.searching", "output_index": 0},
        done(0, **search),
        done(1, **code),
    ) == [
        Ping(),
        PartStarted(0, HostedCall("ws", "web_search", '{"query":"q"}', search, "responses")),
        PartEnded(0),
        PartStarted(1, HostedCall("ci", "code_execution", "1+1", code, "responses")),
        PartEnded(1),
        PartStarted(
            2,
            HostedResult("ci", "code_execution", "```python\n1+1\n```", protocol="responses"),
        ),
        PartEnded(2),
    ]


def test_a_generated_image_is_an_image() -> None:
    known: Any = {"type": "image_generation_call", "id": "ig", "output_format": "webp"}
    failed: Any = {"type": "image_generation_call", "id": "ig2", "result": None}
    assert between(
        {"type": "response.image_generation_call.partial_image", "partial_image_b64": "A"},
        done(0, **known, result="AAAA"),
        done(1, type="image_generation_call", result="BBBB"),
        done(2, **failed),
    ) == [
        Ping(),
        PartStarted(0, Media("image", data="AAAA", mime="image/webp", wire={"image": known})),
        PartEnded(0),
        PartStarted(
            1,
            Media(
                "image",
                data="BBBB",
                mime="image/png",
                wire={"image": {"type": "image_generation_call"}},
            ),
        ),
        PartEnded(1),
        PartStarted(2, HostedCall("ig2", "image_generation", "{}", failed, "responses")),
        PartEnded(2),
    ]


def test_items_of_other_kinds_are_opaque_and_whole() -> None:
    compaction: Any = {"type": "compaction", "id": "cmp", "encrypted_content": "S"}
    odd: Any = {"type": "web_search_call", "id": 5}
    assert between(done(0, **compaction), done(1, **odd), done(2)) == [
        PartStarted(0, Opaque("compaction", compaction, "responses")),
        PartEnded(0),
        PartStarted(1, Opaque("web_search_call", odd, "responses")),
        PartEnded(1),
        PartStarted(2, Opaque("", {}, "responses")),
        PartEnded(2),
    ]


def test_what_is_left_open_ends_with_the_answer() -> None:
    assert between(delta("output_text", "Hi")) == [
        PartStarted(0, Text("")),
        TextDelta(0, "Hi"),
        PartEnded(0),
    ]


def test_a_text_of_nothing_has_no_delta() -> None:
    assert between(done(0, type="message", content=[{"type": "output_text"}])) == [
        PartStarted(0, Text("")),
        PartEnded(0),
    ]


def test_texts_that_were_told_only_when_done_are_filled_in() -> None:
    assert between(
        {"type": "response.output_text.done", "output_index": 0, "text": "Hi"},
        {
            "type": "response.content_part.done",
            "output_index": 0,
            "part": {"type": "output_text", "text": "Hi", "logprobs": [{"token": "Hi"}]},
        },
    ) == [
        PartStarted(0, Text("")),
        TextDelta(0, "Hi"),
        LogprobsDelta(0, [{"token": "Hi"}]),
        PartEnded(0),
    ]
