"""Events as a Responses client receives them, streamed and whole."""

from typing import Any

from tests.protocols.openai_responses.reading import (
    ANSWER,
    encoded,
    kinds,
    message,
    part,
    read,
    reply,
    sent,
)
from tests.protocols.openai_responses.streams import EXPECTED

from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    LogprobsDelta,
    StateDelta,
    TextDelta,
)
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
from dragoman.neutral.responses import fold
from dragoman.protocols.openai_responses.codec import CODEC
from dragoman.protocols.openai_responses.events_out import Encoder


def test_each_item_is_told_from_added_to_done_under_its_own_index() -> None:
    found, _ = encoded(*ANSWER)
    assert [(e.get("output_index"), k) for e, k in zip(found, kinds(found), strict=True)] == [
        (None, "created"),
        (None, "in_progress"),
        (0, "output_item.added"),
        (0, "reasoning_summary_part.added"),
        (0, "reasoning_summary_text.delta"),
        (0, "reasoning_summary_text.delta"),
        (0, "reasoning_summary_text.done"),
        (0, "reasoning_summary_part.done"),
        (0, "output_item.done"),
        (1, "output_item.added"),
        (1, "content_part.added"),
        (1, "output_text.delta"),
        (1, "output_text.delta"),
        (1, "output_text.done"),
        (1, "content_part.done"),
        (1, "output_item.done"),
        (2, "output_item.added"),
        (2, "function_call_arguments.delta"),
        (2, "function_call_arguments.delta"),
        (2, "function_call_arguments.done"),
        (2, "output_item.done"),
        (3, "output_item.added"),
        (3, "custom_tool_call_input.delta"),
        (3, "custom_tool_call_input.done"),
        (3, "output_item.done"),
        (None, "completed"),
    ]


OUTPUT: list[Any] = [
    {
        "id": "rs_2",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Thinking"}],
        "encrypted_content": "dgm1.S",
    },
    message("msg_3", "Hi there"),
    {
        "id": "fc_4",
        "type": "function_call",
        "status": "completed",
        "call_id": "call_1",
        "name": "f",
        "arguments": '{"a": "it\'s"}',
        "namespace": "ns",
    },
    {
        "id": "ctc_5",
        "type": "custom_tool_call",
        "status": "completed",
        "call_id": "call_2",
        "name": "exec",
        "input": "x",
    },
]


def test_fact_4_finished_items_are_whole_and_the_terminal_event_repeats_them() -> None:
    found, encoder = encoded(*ANSWER)
    done = [e["item"] for e in found if e["type"] == "response.output_item.done"]
    assert done == OUTPUT
    terminal = found[-1]["response"]
    assert terminal["output"] == OUTPUT
    assert terminal["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 0},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 13,
    }
    assert encoder.response == terminal


def test_the_whole_answer_is_the_object_that_ends_the_stream() -> None:
    found, _ = encoded(*ANSWER)
    body = CODEC.answer_out(fold(ANSWER), reply())
    assert body == found[-1]["response"]
    assert "output_text" not in body


def test_encrypted_content_never_comes_before_its_text() -> None:
    found, _ = encoded(*ANSWER)
    first = next(i for i, e in enumerate(found) if "dgm1.S" in str(e))
    assert found[first]["type"] == "response.output_item.done"


def test_fact_2_and_5_calls_come_back_with_their_kind_and_namespace() -> None:
    found, _ = encoded(*ANSWER)
    added = [e["item"] for e in found if e["type"] == "response.output_item.added"]
    assert added[2] == {
        "id": "fc_4",
        "type": "function_call",
        "status": "in_progress",
        "call_id": "call_1",
        "name": "f",
        "arguments": "",
        "namespace": "ns",
    }
    assert added[3]["type"] == "custom_tool_call"
    assert added[3]["input"] == ""


def test_the_events_of_a_text_are_exact() -> None:
    note = {
        "type": "url_citation",
        "url": "https://x",
        "title": "X",
        "start_index": 0,
        "end_index": 2,
    }
    where = {"item_id": "msg_2", "output_index": 0, "content_index": 0}
    whole = {
        "type": "output_text",
        "text": "Hi",
        "annotations": [note],
        "logprobs": [{"token": "Hi"}],
    }
    found = sent(
        *part(
            0,
            Text(""),
            TextDelta(0, "Hi"),
            TextDelta(0, ""),
            LogprobsDelta(0, [{"token": "Hi"}]),
            CitationDelta(0, Citation("https://x", "X")),
            CitationDelta(0, Citation(quote="no page")),
            StateDelta(0, ReasoningState("s", "gemini")),
        )
    )
    item: dict[str, Any] = {**message("msg_2"), "content": [whole]}
    assert found == [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**message("msg_2"), "status": "in_progress"},
        },
        {
            "type": "response.content_part.added",
            **where,
            "part": {"type": "output_text", "text": "", "annotations": [], "logprobs": []},
        },
        {"type": "response.output_text.delta", **where, "delta": "Hi", "logprobs": []},
        {
            "type": "response.output_text.annotation.added",
            **where,
            "annotation_index": 0,
            "annotation": note,
        },
        {
            "type": "response.output_text.done",
            **where,
            "text": "Hi",
            "logprobs": [{"token": "Hi"}],
        },
        {"type": "response.content_part.done", **where, "part": whole},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
    ]


def test_a_refusal_stands_in_the_message() -> None:
    found = sent(
        *part(0, Refusal(""), TextDelta(0, "No"), CitationDelta(0, Citation(quote="q"))),
        *part(1, Text(""), TextDelta(1, "ok")),
    )
    assert kinds(found) == [
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    assert found[-1]["item"]["content"][0] == {"type": "refusal", "refusal": "No"}
    assert found[5]["content_index"] == 1


def test_a_message_after_a_call_is_a_new_one() -> None:
    found = sent(
        *part(0, Text(""), TextDelta(0, "a")),
        *part(1, ToolCall("c", "f", "")),
        *part(2, Text(""), TextDelta(2, "b")),
    )
    done = [e["item"] for e in found if e["type"] == "response.output_item.done"]
    assert [item["type"] for item in done] == ["message", "function_call", "message"]
    assert done[1]["arguments"] == "{}"
    assert [e["output_index"] for e in found if "delta" in e["type"]] == [0, 1, 2]


def test_empty_parts_leave_no_item() -> None:
    assert (
        sent(
            *part(0, Text(""), TextDelta(0, "")),
            *part(1, Reasoning()),
            *part(2, HostedCall("s", "web_search", protocol="anthropic")),
            *part(3, HostedResult("s", "web_search", protocol="anthropic"), TextDelta(3, "odd")),
            *part(4, Opaque("x", {}, "gemini")),
            *part(5, Media("audio", data="AA")),
        )
        == []
    )


def test_an_empty_custom_input_stays_empty() -> None:
    found = sent(*part(0, ToolCall("c", "x", "", "custom"), LogprobsDelta(0, [])))
    assert kinds(found) == ["output_item.added", "custom_tool_call_input.done", "output_item.done"]


def test_reasoning_of_only_a_state_is_an_item() -> None:
    state = ReasoningState("B", "responses")
    assert sent(*part(0, Reasoning(), StateDelta(0, state))) == [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {"id": "rs_2", "type": "reasoning", "summary": []},
        },
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": {"id": "rs_2", "type": "reasoning", "summary": [], "encrypted_content": "B"},
        },
    ]


def test_what_foreign_hosted_tools_found_is_text_and_native_items_are_whole() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    picture: dict[str, Any] = {"type": "image_generation_call", "id": "ig_9"}
    found = sent(
        *part(0, HostedResult("c", "code_execution", "42", protocol="anthropic")),
        *part(1, HostedCall("ws_1", "web_search", "{}", dict(search), "responses")),
        *part(2, HostedResult("ws_1", "web_search", "hidden", protocol="responses")),
        *part(3, Media("image", data="AAAA", mime="image/webp")),
        *part(4, Media("image", data="BBBB", wire={"image": picture})),
        *part(5, Media("image", data="CCCC")),
        *part(6, Media("image", url="https://x/y.png")),
        *part(7, Opaque("compaction", {"type": "compaction"}, "responses")),
    )
    done = [e["item"] for e in found if e["type"] == "response.output_item.done"]
    assert done == [
        message("msg_2", "42"),
        search,
        {
            "id": "ig_3",
            "type": "image_generation_call",
            "status": "completed",
            "result": "AAAA",
            "output_format": "webp",
        },
        {**picture, "result": "BBBB"},
        {"id": "ig_4", "type": "image_generation_call", "status": "completed", "result": "CCCC"},
        message("msg_5", "![image](https://x/y.png)"),
        {"type": "compaction"},
    ]


def test_ids_and_messages_of_a_responses_upstream_are_kept() -> None:
    encoder = Encoder(reply())
    found = read(encoder.encode(EXPECTED) + encoder.finish())
    assert found[0]["response"]["id"] == "resp_1"
    output = found[-1]["response"]["output"]
    assert [item["id"] for item in output] == ["rs_1", "msg_1", "fc_1", "ctc_1"]
    assert output[1]["phase"] == "final_answer"
    again = CODEC.answer_out(fold(EXPECTED), reply())
    assert again == found[-1]["response"]


def test_two_messages_upstream_are_two_messages() -> None:
    events: list[Event] = [
        *part(0, Text("", wire={"message": {"id": "msg_a"}}), TextDelta(0, "a")),
        *part(1, Text("", wire={"message": {"id": "msg_b"}}), TextDelta(1, "b")),
        *part(2, Text(""), TextDelta(2, "c")),
        Finished("end"),
    ]
    found, _ = encoded(*events)
    assert found[-1]["response"]["output"] == [message("msg_a", "a"), message("msg_b", "b", "c")]
    whole = CODEC.answer_out(fold(events), reply())
    assert whole["output"] == found[-1]["response"]["output"]


def test_a_whole_answer_drops_what_a_stream_drops() -> None:
    events: list[Event] = [
        *part(0, Text("")),
        *part(1, Reasoning()),
        *part(2, HostedResult("c", "code_execution", "42", protocol="anthropic")),
        *part(3, HostedResult("c", "code_execution", "", protocol="anthropic")),
        *part(4, Refusal(""), TextDelta(4, "no")),
        *part(5, Text(""), CitationDelta(5, Citation("https://x")), LogprobsDelta(5, [{"t": 1}])),
        *part(6, Media("image", data="AA")),
        *part(7, Reasoning(), TextDelta(7, "bare")),
        Finished("end"),
    ]
    found, _ = encoded(*events)
    assert CODEC.answer_out(fold(events), reply()) == found[-1]["response"]
