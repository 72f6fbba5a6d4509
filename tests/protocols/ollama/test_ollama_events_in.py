from collections.abc import Callable
from itertools import count

import pytest

from dragoman.errors import Broken, ErrorKind, UpstreamRefused
from dragoman.neutral.events import (
    Event,
    Failed,
    Finished,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Started,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.parts import Media, Reasoning, Text, ToolCall
from dragoman.neutral.responses import Choice, fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Origin
from dragoman.protocols.ollama.codec import CODEC

RECORDED = (
    b'{"model":"qwen3:8b","created_at":"2026-11-21T00:00:00.1Z","message":{"role":"assistant",'
    b'"content":"","thinking":"Let me"},"done":false}\n'
    b'{"model":"qwen3:8b","message":{"role":"assistant","content":"","thinking":" see \xe2\x80\x93"'
    b'},"done":false}\n'
    b'{"model":"qwen3:8b","message":{"role":"assistant","content":"I l\xc3\xb6ok"},"done":false}\n'
    b'{"model":"qwen3:8b","message":{"role":"assistant","content":" \xf0\x9f\x9a\x80"},'
    b'"logprobs":[{"token":" x","logprob":-0.10}],"done":false}\n'
    b'{"model":"qwen3:8b","message":{"role":"assistant","content":"","tool_calls":[{"function":'
    b'{"index":0,"name":"read","arguments":{"path":"it\'s", "n":1.50}}},{"id":"call_up","function":'
    b'{"index":1,"name":"list"}}]},"done":false}\n'
    b'{"model":"qwen3:8b","message":{"role":"assistant","content":""},"done":true,'
    b'"done_reason":"stop","total_duration":5,"load_duration":1,"prompt_eval_count":26,'
    b'"prompt_eval_duration":2,"eval_count":0,"eval_duration":2}\n'
)


def numbered() -> Callable[[str], str]:
    numbers = count(1)
    return lambda prefix: f"{prefix}{next(numbers)}"


def read(*chunks: bytes) -> list[Event]:
    decoder = CODEC.stream_in(Origin(new_id=numbered()))
    events: list[Event] = []
    for chunk in chunks:
        events += decoder.feed(chunk)
    return events + decoder.finish()


def record(fields: str) -> bytes:
    return f"{{{fields}}}\n".encode()


def said(message: str) -> bytes:
    return record(f'"message":{{{message}}},"done":false')


DONE = record('"message":{"content":""},"done":true,"done_reason":"stop"')


def test_a_recorded_stream_becomes_thinking_text_calls_usage_and_an_end() -> None:
    events = read(RECORDED)

    assert events[0] == Started(model="qwen3:8b")
    assert events[1:] == [
        PartStarted(0, Reasoning()),
        TextDelta(0, "Let me"),
        TextDelta(0, " see –"),
        PartEnded(0),
        PartStarted(1, Text("")),
        TextDelta(1, "I löok"),
        TextDelta(1, " 🚀"),
        events[8],
        PartEnded(1),
        PartStarted(2, ToolCall("call_1", "read", "")),
        InputDelta(2, '{"path":"it\'s", "n":1.50}'),
        PartEnded(2),
        PartStarted(3, ToolCall("call_up", "list", "")),
        InputDelta(3, "{}"),
        PartEnded(3),
        UsageSeen(Usage(tokens_in=26, tokens_out=0)),
        Finished("tool-call"),
    ]
    logprobs = events[8]
    assert isinstance(logprobs, LogprobsDelta)
    assert repr(logprobs.items) == "[{'token': ' x', 'logprob': Decimal('-0.10')}]"


def test_a_stream_cut_at_any_byte_gives_the_same_events() -> None:
    whole = read(RECORDED)
    for cut in range(len(RECORDED) + 1):
        assert read(RECORDED[:cut], RECORDED[cut:]) == whole
    assert read(*(RECORDED[at : at + 1] for at in range(len(RECORDED)))) == whole


def test_a_stream_cut_short_is_a_failure_at_any_line() -> None:
    lines = RECORDED.splitlines(keepends=True)
    for length in range(len(lines)):
        last = read(*lines[:length])[-1]
        assert isinstance(last, Failed)
        assert isinstance(last.error, Broken)
        assert last.error.message == "the upstream's stream was cut before done: true"


def test_the_last_line_may_lack_its_line_end_and_blank_lines_are_ignored() -> None:
    assert read(b"\n \n" + said('"content":"a"') + b"\n" + DONE.rstrip()) == [
        Started(),
        PartStarted(0, Text("")),
        TextDelta(0, "a"),
        PartEnded(0),
        Finished("end"),
    ]


def test_content_and_calls_in_the_last_record_are_read() -> None:
    assert read(
        record(
            '"message":{"content":"x","tool_calls":[{"function":{"name":"f","arguments":{}}}]},'
            '"done":true,"done_reason":"stop","eval_count":3'
        )
    ) == [
        Started(),
        PartStarted(0, Text("")),
        TextDelta(0, "x"),
        PartEnded(0),
        PartStarted(1, ToolCall("call_1", "f", "")),
        InputDelta(1, "{}"),
        PartEnded(1),
        UsageSeen(Usage(tokens_out=3)),
        Finished("tool-call"),
    ]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ('"stop"', "end"),
        ('"length"', "length"),
        ('"load"', "end"),
        ('"unload"', "end"),
        ('"new thing"', "end"),
        ("null", "end"),
    ],
)
def test_done_reasons_are_stop_reasons(reason: str, stop: str) -> None:
    finished = read(record(f'"done":true,"done_reason":{reason}'))[-1]

    assert isinstance(finished, Finished)
    assert finished.stop == stop


def test_a_length_stop_with_calls_stays_a_length_stop() -> None:
    events = read(
        said('"tool_calls":[{"function":{"name":"f"}}]'),
        record('"done":true,"done_reason":"length"'),
    )

    assert events[-1] == Finished("length")


def test_inline_think_tags_are_reasoning_even_when_cut() -> None:
    events = read(
        said('"content":"<th"'),
        said('"content":"ink>a</thi"'),
        said('"content":"nk>\\n\\nb"'),
        said('"content":"c"'),
        DONE,
    )

    assert fold(events).choices == (Choice((Reasoning("a"), Text("bc")), "end"),)


def test_held_text_comes_out_before_a_call_and_at_the_end() -> None:
    events = read(said('"content":"<th"'), said('"tool_calls":[{"function":{"name":"f"}}]'), DONE)
    assert fold(events).choices[0].parts == (Text("<th"), ToolCall("call_1", "f", "{}"))

    assert fold(read(said('"content":"<think>a"'), DONE)).choices[0].parts == (Reasoning("a"),)


def test_a_tag_after_the_thinking_field_is_text() -> None:
    events = read(said('"thinking":"a"'), said('"content":"<think>b"'), DONE)

    assert fold(events).choices[0].parts == (Reasoning("a"), Text("<think>b"))


def test_generate_records_read_the_same_way() -> None:
    events = read(
        record('"model":"m","response":"","thinking":"hm","done":false'),
        record('"model":"m","response":"yes","done":false'),
        record('"model":"m","response":"","done":true,"done_reason":"stop","context":[1,2]'),
    )

    assert fold(events).choices == (Choice((Reasoning("hm"), Text("yes")), "end"),)


def test_images_of_an_answer_are_parts_of_their_own() -> None:
    events = read(said('"content":"see"'), said('"images":["iVBORw0KGgoA"]'), DONE)

    assert fold(events).choices[0].parts == (
        Text("see"),
        Media("image", data="iVBORw0KGgoA", mime="image/png"),
    )


def test_logprobs_stand_on_the_part_that_is_open_or_was_last() -> None:
    events = read(
        record('"message":{"content":""},"logprobs":[{"token":"a"}]'),
        record('"message":{"content":"a"},"logprobs":[]'),
        record('"message":{"tool_calls":[{"function":{"name":"f"}}]},"logprobs":[{"token":"b"}]'),
        record('"logprobs":[{"token":"c"}]'),
        DONE,
    )

    assert [event for event in events if isinstance(event, LogprobsDelta)] == [
        LogprobsDelta(0, [{"token": "a"}]),
        LogprobsDelta(0, [{"token": "b"}]),
        LogprobsDelta(1, [{"token": "c"}]),
    ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('"{\\"a\\": 1}"', '{"a": 1}'),
        ("null", "{}"),
        ('""', "{}"),
    ],
)
def test_arguments_keep_their_exact_text(arguments: str, text: str) -> None:
    events = read(
        said(f'"tool_calls":[{{"function":{{"name":"f","arguments":{arguments}}}}}]'), DONE
    )

    assert fold(events).choices[0].parts == (ToolCall("call_1", "f", text),)


@pytest.mark.parametrize("arguments", ["[1]", '"no json"', "3"])
def test_arguments_that_are_no_object_are_a_failure(arguments: str) -> None:
    events = read(
        said(f'"tool_calls":[{{"function":{{"name":"f","arguments":{arguments}}}}}]')
        + record('"done":true'),
    )

    assert isinstance(failed := events[-1], Failed)
    assert isinstance(failed.error, Broken)
    assert failed.error.message == (
        f"the upstream called f with arguments that are no object: {arguments}"
    )


def test_bad_arguments_in_the_last_record_are_no_regular_end() -> None:
    events = read(
        record('"message":{"tool_calls":[{"function":{"name":"f","arguments":3}}]},"done":true')
    )

    assert [type(event) for event in events] == [Started, Failed]


def test_a_number_out_of_all_range_is_garbage_too() -> None:
    failed = read(record('"logprobs":[1e99999999999999999999],"done":true'))[-1]

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Broken)
    assert "a number's exponent is out of range" in failed.error.message


@pytest.mark.parametrize(
    ("line", "said_of_it"),
    [
        (b"<html>502</html>\n", "JSON is malformed: invalid character (byte 0)"),
        (b"[1]\n", "Expected `object`, got `array`"),
        (b'{"message":{"content":5}}\n', "Expected `str | null`, got `int` - at `$.message"),
    ],
)
def test_garbage_is_named_and_ends_the_stream(line: bytes, said_of_it: str) -> None:
    events = read(line, DONE)

    assert len(events) == 1
    assert isinstance(failed := events[0], Failed)
    assert isinstance(failed.error, Broken)
    assert said_of_it in failed.error.message
    assert line.decode().strip() in failed.error.message


@pytest.mark.parametrize(
    ("error", "status", "kind", "message"),
    [
        ('"model runner crashed"', 500, ErrorKind.SERVER, "model runner crashed"),
        ("\"model 'x' not found\"", 404, ErrorKind.NOT_FOUND, "model 'x' not found"),
        ('"server busy"', 503, ErrorKind.OVERLOADED, "server busy"),
        ('{"message":"deep"}', 500, ErrorKind.SERVER, "deep"),
        ("true", 500, ErrorKind.SERVER, "the upstream's model failed"),
    ],
)
def test_an_error_line_in_mid_stream_is_the_upstreams_failure(
    error: str, status: int, kind: ErrorKind, message: str
) -> None:
    events = read(said('"content":"a"'), record(f'"error":{error}'), DONE)

    assert isinstance(failed := events[-1], Failed)
    assert isinstance(failed.error, UpstreamRefused)
    assert (failed.error.status, failed.error.kind, failed.error.message) == (
        status,
        kind,
        message,
    )
    assert len(events) == 4


def test_an_empty_error_field_is_no_error() -> None:
    assert read(record('"error":"","done":true')) == [Started(), Finished("end")]


def test_nothing_is_read_after_the_end() -> None:
    decoder = CODEC.stream_in(Origin(new_id=numbered()))
    decoder.feed(DONE + said('"content":"late"'))

    assert decoder.ended
    assert decoder.feed(said('"content":"later"') + b"garbage\n") == []
    assert decoder.finish() == []


def test_a_whole_answer_reads_as_a_stream_of_one_record() -> None:
    body = (
        b'{\n "model": "m",\n "message": {"role": "assistant", "content": "hi",'
        b' "thinking": "hm"},\n "done": true, "done_reason": "stop",\n'
        b' "prompt_eval_count": 4, "eval_count": 2}\n'
    )

    assert CODEC.answer_in(body, Origin(new_id=numbered())) == [
        Started(model="m"),
        PartStarted(0, Reasoning()),
        TextDelta(0, "hm"),
        PartEnded(0),
        PartStarted(1, Text("")),
        TextDelta(1, "hi"),
        PartEnded(1),
        UsageSeen(Usage(tokens_in=4, tokens_out=2)),
        Finished("end"),
    ]


def test_a_whole_answer_that_was_streamed_all_the_same_is_understood() -> None:
    assert CODEC.answer_in(RECORDED, Origin(new_id=numbered())) == read(RECORDED)


@pytest.mark.parametrize("body", [b"", b'{"message":{"content":"x"},"done":false}', b"\xff"])
def test_a_whole_answer_without_an_end_is_a_failure(body: bytes) -> None:
    failed = CODEC.answer_in(body, Origin(new_id=numbered()))[-1]

    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Broken)
