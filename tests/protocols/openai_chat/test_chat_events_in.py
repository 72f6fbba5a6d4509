"""Streams and whole answers of OpenAI-compatible hosts as events."""

import itertools
import json
from typing import Any

import pytest

from dragoman.errors import Broken, ErrorKind, UpstreamRefused
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
from dragoman.neutral.parts import (
    Citation,
    Media,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import Response, fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Origin
from dragoman.protocols.openai_chat.codec import CODEC


def origin() -> Origin:
    counter = itertools.count(1)
    return Origin(new_id=lambda prefix: f"{prefix}made{next(counter)}")


def chunk(delta: dict[str, Any] | None = None, **choice: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta or {}, "finish_reason": None, **choice}],
    }


def end(reason: str = "stop") -> dict[str, Any]:
    return chunk({}, finish_reason=reason)


def wire(*chunks: dict[str, Any], done: bool = True) -> bytes:
    text = "".join(f"data: {json.dumps(c, ensure_ascii=False)}\n\n" for c in chunks)
    return (text + ("data: [DONE]\n\n" if done else "")).encode()


def events(data: bytes) -> list[Event]:
    decoder = CODEC.stream_in(origin())
    return decoder.feed(data) + decoder.finish()


def answer(data: bytes) -> Response:
    return fold(events(data))


def call(index: int | None, **fields: Any) -> dict[str, Any]:
    body = {k: fields.pop(k) for k in ("name", "arguments") if k in fields}
    out: dict[str, Any] = {"function": body, **fields}
    if index is not None:
        out["index"] = index
    return out


def calls(*deltas: list[dict[str, Any]], reason: str = "tool_calls") -> Response:
    chunks = [chunk({"tool_calls": delta}) for delta in deltas]
    return answer(wire(*chunks, end(reason)))


def test_a_text_stream_is_its_text_then_usage_then_the_end() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    data = wire(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        end(),
        {"id": "chatcmpl-1", "model": "m", "choices": [], "usage": usage},
    )
    assert events(data) == [
        Started(id="chatcmpl-1", model="m"),
        PartStarted(0, Text("")),
        TextDelta(0, "Hel"),
        TextDelta(0, "lo"),
        PartEnded(0),
        UsageSeen(Usage(tokens_in=9, tokens_out=2, protocol="openai")),
        Finished("end"),
    ]


RECORDED = wire(
    {"id": "", "choices": [], "prompt_filter_results": [], "object": ""},
    chunk({"role": "assistant", "content": "<think>héé "}),
    chunk({"content": "x</think>\n\nIch 中文 "}),
    chunk({"content": "😀"}, logprobs={"content": [{"token": "x"}], "refusal": None}),
    chunk({"tool_calls": [call(0, id="c1", type="function", name="sh", arguments="")]}),
    chunk({"tool_calls": [call(0, arguments='{"a": "it\'s')]}),
    chunk({"tool_calls": [call(0, arguments=' ok"}')]}),
    chunk({}, finish_reason="tool_calls", usage=None),
    {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
)


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_a_stream_means_the_same_at_any_cut(newline: bytes) -> None:
    data = b": OPENROUTER PROCESSING\n\n" + RECORDED
    data = data.replace(b"\n", newline)
    whole = events(data)
    assert fold(whole).choices[0].parts == (
        Reasoning("héé x"),
        Text("Ich 中文 😀"),
        ToolCall("c1", "sh", '{"a": "it\'s ok"}'),
    )
    for cut in range(len(data)):
        decoder = CODEC.stream_in(origin())
        assert decoder.feed(data[:cut]) + decoder.feed(data[cut:]) + decoder.finish() == whole
        assert decoder.ended
    decoder = CODEC.stream_in(origin())
    bytewise = [e for i in range(len(data)) for e in decoder.feed(data[i : i + 1])]
    assert bytewise + decoder.finish() == whole


def test_finished_waits_for_the_usage_and_nothing_follows_it() -> None:
    decoder = CODEC.stream_in(origin())
    assert not [e for e in decoder.feed(wire(end(), done=False)) if isinstance(e, Finished)]
    usage = {"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}}
    after = decoder.feed(wire(usage, chunk({"content": "late"})))
    assert after == [
        UsageSeen(Usage(tokens_in=0, tokens_out=0, protocol="openai")),
        Finished("end"),
    ]
    assert decoder.ended
    assert decoder.finish() == []


def test_usage_before_the_end_or_within_the_last_chunk_is_read() -> None:
    early = {"choices": [], "usage": {"prompt_tokens": 5}}
    last = {**end(), "usage": {"completion_tokens": 7}}
    response = answer(wire(early, chunk({"content": "a"}), last))
    assert response.usage == Usage(tokens_in=5, tokens_out=7, protocol="openai")


def test_a_stream_without_done_is_complete_when_it_had_a_finish_reason() -> None:
    assert events(wire(chunk({"content": "a"}), end(), done=False))[-1] == Finished("end")


@pytest.mark.parametrize("done", [True, False])
def test_a_stream_without_a_finish_reason_was_cut(done: bool) -> None:
    last = events(wire(chunk({"content": "a"}), done=done))[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, Broken)
    assert last.error.message == "the upstream's answer was cut: no finish_reason came"


def test_an_empty_stream_is_a_cut() -> None:
    [last] = events(b"")
    assert isinstance(last, Failed)
    assert last.error.message == "the upstream's answer was cut: it held no choice"


def test_every_choice_must_finish() -> None:
    second = {**chunk({"content": "b"}), "choices": [{"index": 1, "delta": {"content": "b"}}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 1}}
    last = events(wire(chunk({"content": "a"}), second, end(), usage))[-1]
    assert isinstance(last, Failed)
    other_end = {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]}
    response = answer(wire(chunk({"content": "a"}), second, other_end, end(), usage))
    assert [(c.parts, c.stop) for c in response.choices] == [
        ((Text("a"),), "end"),
        ((Text("b"),), "length"),
    ]


@pytest.mark.parametrize(
    "field", ["reasoning_content", "reasoning"], ids=["reasoning_content", "reasoning"]
)
def test_reasoning_comes_before_the_text(field: str) -> None:
    data = wire(
        chunk({field: "", "content": ""}), chunk({field: "hm"}), chunk({"content": "a"}), end()
    )
    assert answer(data).choices[0].parts == (Reasoning("hm"), Text("a"))


def test_reasoning_sent_under_several_names_is_read_once() -> None:
    detail = {"type": "reasoning.text", "text": "hm", "format": "unknown", "index": 0}
    both = {"reasoning": "hm", "reasoning_content": "hm", "reasoning_details": [detail]}
    parts = answer(wire(chunk(both), chunk(both), end())).choices[0].parts
    assert parts == (Reasoning("hmhm"),)


def test_reasoning_details_keep_their_state() -> None:
    text = {"type": "reasoning.text", "text": "hm", "index": 0}
    signed = {"type": "reasoning.text", "signature": "sig", "format": "anthropic-v1", "index": 0}
    secret = {"type": "reasoning.encrypted", "data": "xyz", "id": "rs_1", "index": 1}
    stray: Any = ["no object"]
    data = wire(
        chunk({"reasoning_details": [text]}),
        chunk({"reasoning_details": [signed]}),
        chunk({"reasoning_details": [secret, *stray]}),
        end(),
    )
    blobs = [
        '{"type":"reasoning.text","signature":"sig","format":"anthropic-v1","index":0}',
        '{"type":"reasoning.encrypted","data":"xyz","id":"rs_1","index":1}',
    ]
    states = [ReasoningState(blob, "openai") for blob in blobs]
    assert StateDelta(0, states[0]) in events(data)
    assert answer(data).choices[0].parts == (
        Reasoning("hm", state=states[0]),
        Reasoning(redacted=True, state=states[1]),
    )


def test_content_in_items_is_read() -> None:
    items = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text"}]},
        {"type": "thinking", "thinking": "m"},
        {"type": "text", "text": "a"},
        {"type": "reference"},
    ]
    parts = answer(wire(chunk({"content": items}), end())).choices[0].parts
    assert parts == (Reasoning("hm"), Text("a"))


def test_a_think_tag_that_was_never_closed_is_reasoning() -> None:
    parts = answer(wire(chunk({"content": "<think>a</th"}), end("length"))).choices[0].parts
    assert parts == (Reasoning("a</th"),)


def test_a_held_beginning_of_a_tag_becomes_text() -> None:
    parts = answer(wire(chunk({"content": "<"}), end())).choices[0].parts
    assert parts == (Text("<"),)


def test_a_refusal_is_a_part() -> None:
    response = answer(wire(chunk({"refusal": "I can"}), chunk({"refusal": "not"}), end()))
    assert response.choices[0].parts == (Refusal("I cannot"),)


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


def test_citations_pictures_and_log_probabilities_are_read() -> None:
    cited = {"url": "https://e.org", "title": "E", "start_index": 0, "end_index": 1}
    annotation = {"type": "url_citation", "url_citation": cited}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    odd: Any = {"type": "image_url", "image_url": {"url": None}}
    token = {"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}
    data = wire(
        chunk({"content": "a"}, logprobs={"content": [token], "refusal": []}),
        chunk({"annotations": [annotation], "images": None}),
        chunk({"images": [picture, odd, 1], "annotations": None}),
        end(),
    )
    found = events(data)
    citation = Citation(
        "https://e.org", "E", start=0, end=1, raw=json.loads(json.dumps(annotation)),
        protocol="openai",
    )  # fmt: skip
    assert CitationDelta(0, citation) in found
    assert [type(e) for e in found if isinstance(e, LogprobsDelta)] == [LogprobsDelta]
    choice = fold(found).choices[0]
    assert choice.parts == (
        Text("a", citations=(citation,)),
        Media("image", data="AA==", mime="image/png"),
    )
    assert len(choice.logprobs) == 1


@pytest.mark.parametrize(
    ("data", "mime"),
    [(["UklGRg=="], "audio/wav"), (["AA==", "AQI="], "audio/pcm"), (["//uQ"], "audio/mpeg")],
)
def test_speech_is_its_transcript_and_its_sound(data: list[str], mime: str) -> None:
    spoken = [chunk({"audio": {"id": "audio_1", "data": piece}}) for piece in data]
    first = chunk({"content": None, "audio": {"id": "audio_1", "transcript": "Hi"}})
    odd = chunk({"audio": "none"}, logprobs="none")
    sound = Media("audio", data="AAEC" if len(data) == 2 else data[0], mime=mime)
    parts = answer(wire(first, odd, *spoken, end())).choices[0].parts
    assert parts == (Text("Hi"), sound)


def test_sound_that_is_no_base64_is_an_error() -> None:
    last = events(wire(chunk({"audio": {"data": "A"}}), end()))[-1]
    assert isinstance(last, Failed)
    assert last.error.message == "the upstream's audio is no base64"


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("stop", "end"),
        ("length", "length"),
        ("content_filter", "refusal"),
        ("tool_calls", "end"),
        ("eos", "end"),
        ("model_length", "length"),
        ("sensitive", "refusal"),
    ],
)
def test_finish_reasons_are_read_with_hosts_own_words(reason: str, stop: str) -> None:
    assert events(wire(chunk({"content": "a"}), end(reason)))[-1] == Finished(stop)  # type: ignore[arg-type]  # a table's word


def test_an_unknown_finish_reason_is_an_end_and_is_kept() -> None:
    last = events(wire(chunk({"content": "a"}), end("banana")))[-1]
    assert last == Finished("end", extras={"finish_reason": "banana"})


def test_the_stop_sequence_that_vllm_names_is_read() -> None:
    named = chunk({}, finish_reason="stop", stop_reason="END")
    token = chunk({}, finish_reason="stop", stop_reason=151643)
    assert events(wire(named))[-1] == Finished("stop-sequence", stop_sequence="END")
    assert events(wire(token))[-1] == Finished("end")


def test_deltas_after_the_finish_reason_are_not_read() -> None:
    data = wire(chunk({"content": "a"}), end(), chunk({"content": "b"}), end("length"))
    choice = answer(data).choices[0]
    assert (choice.parts, choice.stop) == ((Text("a"),), "end")


def test_a_finish_reason_that_says_the_host_gave_up_is_a_failure() -> None:
    last = events(wire(chunk({"content": "a"}), end("insufficient_system_resource")))[-1]
    assert isinstance(last, Failed)
    assert last.error.status == 502
    assert "insufficient_system_resource" in last.error.message


@pytest.mark.parametrize(
    ("error", "status", "kind", "message"),
    [
        ({"message": "busy", "code": 503}, 503, ErrorKind.OVERLOADED, "busy"),
        ({"message": "busy", "code": "429"}, 429, ErrorKind.RATE_LIMIT, "busy"),
        ("boom", 500, ErrorKind.SERVER, "boom"),
        (
            {"message": "full", "code": "context_length_exceeded"},
            400,
            ErrorKind.CONTEXT_LENGTH,
            "full",
        ),
        ({"message": "slow", "type": "rate_limit_error"}, 429, ErrorKind.RATE_LIMIT, "slow"),
        ({"message": "x", "type": "overloaded_error"}, 503, ErrorKind.OVERLOADED, "x"),
    ],
)
def test_an_error_in_the_stream_is_the_upstreams_refusal(
    error: Any, status: int, kind: ErrorKind, message: str
) -> None:
    decoder = CODEC.stream_in(origin())
    found = decoder.feed(wire(chunk({"content": "a"}), {"error": error}, end()))
    last = found[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, UpstreamRefused)
    assert (last.error.status, last.error.kind, last.error.message) == (status, kind, message)
    assert decoder.finish() == []


def test_errors_are_found_wherever_hosts_put_them() -> None:
    in_choice = chunk({}, finish_reason="error", error={"code": 502, "message": "provider"})
    named = b'event: error\ndata: {"message": "named"}\n\n'
    vllm = wire({"object": "error", "message": "object", "code": 400})
    found = [events(wire(in_choice))[-1], events(named)[-1], events(vllm)[-1]]
    told = [(e.error.status, e.error.message) for e in found if isinstance(e, Failed)]
    assert told == [(502, "provider"), (500, "named"), (400, "object")]


def test_an_empty_error_field_is_no_error() -> None:
    quiet = {**chunk({"content": "a"}, error=None), "error": None}
    assert answer(wire(quiet, {**end(), "error": {}})).choices[0].parts == (Text("a"),)


@pytest.mark.parametrize("garbage", [b"data: {not json\n\n", b'data: {"choices": 5}\n\n'])
def test_garbage_is_named(garbage: bytes) -> None:
    found = events(wire(chunk({"content": "a"}), done=False) + garbage)
    assert isinstance(found[-1], Failed)
    assert isinstance(found[-1].error, Broken)
    assert found[-1].error.message.startswith("the upstream's answer is no chat completion: ")


def test_empty_data_lines_and_odd_usage_do_no_harm() -> None:
    odd = {**chunk({"content": "a"}), "usage": "none"}
    assert answer(b"data:\n\n" + wire(odd, end())).choices[0].parts == (Text("a"),)


WHOLE = {
    "id": "chatcmpl-9",
    "object": "chat.completion",
    "model": "m",
    "system_fingerprint": "fp",
    "service_tier": "default",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "a",
                "reasoning_content": "hm",
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 4},
}


def test_a_whole_answer_gives_the_same_events_as_a_stream() -> None:
    response = fold(CODEC.answer_in(json.dumps(WHOLE).encode(), origin()))
    assert response.id == "chatcmpl-9"
    assert response.extras == {"system_fingerprint": "fp", "service_tier": "default"}
    assert response.choices[0].parts == (Reasoning("hm"), Text("a"), ToolCall("c", "f", "{}"))
    assert response.choices[0].stop == "tool-call"
    assert response.usage == Usage(tokens_in=3, tokens_out=4, protocol="openai")


def test_a_whole_answer_or_error_where_a_stream_was_asked_is_read() -> None:
    response = answer(json.dumps(WHOLE, indent=1).encode())
    assert response.choices[0].stop == "tool-call"
    [error] = events(b'\n{"error": {"message": "no", "code": 503}}')
    assert isinstance(error, Failed)
    assert (error.error.status, error.error.message) == (503, "no")


def test_a_stream_where_a_whole_answer_was_asked_is_read() -> None:
    found = CODEC.answer_in(b"\n" + wire(chunk({"content": "a"}), end()), origin())
    assert fold(found).choices[0].parts == (Text("a"),)


def test_a_whole_answer_that_is_an_error_or_garbage_fails() -> None:
    [error] = CODEC.answer_in(b'{"error": {"message": "no", "code": 503}}', origin())
    [garbage] = CODEC.answer_in(b"<html>", origin())
    assert isinstance(error, Failed)
    assert error.error.status == 503
    assert isinstance(garbage, Failed)
    assert isinstance(garbage.error, Broken)


@pytest.mark.parametrize(
    ("wire_usage", "usage"),
    [
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "prompt_tokens_details": {
                    "cached_tokens": 4,
                    "cache_write_tokens": 0,
                    "audio_tokens": 1,
                },
                "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 2},
                "cost": 1,
            },
            Usage(10, 5, 4, 0, None, 3, 1, 2, "openai", {"cost": 1}),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 8},
            Usage(10, 5, 8, protocol="openai"),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 0},
            Usage(10, 5, 0, protocol="openai"),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 35,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(10, 25, reasoning=20, protocol="openai"),
        ),
        (
            {"prompt_tokens": True, "completion_tokens": None, "prompt_tokens_details": None},
            Usage(protocol="openai"),
        ),
    ],
)
def test_usage_is_counted_as_each_host_counts(wire_usage: Any, usage: Usage) -> None:
    assert answer(wire({**end(), "usage": wire_usage})).usage == usage


def test_where_frames_are_left_out_input_of_a_call_never_seen_is_no_fault() -> None:
    decoder = CODEC.stream_in(Origin(new_id=str, gaps=True))
    stream = wire(chunk({"tool_calls": [call(0, arguments="}")]}), end("tool_calls"))
    assert decoder.feed(stream)[-1] == Finished("end")
