"""How upstream answers of Responses servers end, and whole answers."""

from typing import Any

import pytest
from tests.protocols.openai_responses.streams import (
    CREATED,
    DONE,
    EXPECTED,
    FINISHED_ITEMS,
    FULL,
    MESSAGE,
    OF_FINISHED_ITEMS,
    decode,
    delta,
    events,
    failure,
    origin,
    stream,
)

from dragoman.errors import Broken, ErrorKind, UpstreamRefused
from dragoman.neutral.events import (
    Finished,
    PartStarted,
    Ping,
    Started,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import encode
from dragoman.neutral.parts import (
    Text,
)
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.openai_responses.codec import CODEC


@pytest.mark.parametrize(
    ("terminal", "stop"),
    [
        ({"type": "response.completed", "response": {}}, "end"),
        ({"type": "response.done", "response": {"status": "completed"}}, "end"),
        ({"type": "response.incomplete", "response": {}}, "length"),
        (
            {
                "type": "response.incomplete",
                "response": {"incomplete_details": {"reason": "max_output_tokens"}},
            },
            "length",
        ),
        (
            {
                "type": "response.completed",
                "response": {
                    "status": "incomplete",
                    "incomplete_details": {"reason": "content_filter"},
                },
            },
            "refusal",
        ),
    ],
)
def test_terminal_events_give_the_stop_reason(terminal: Any, stop: Any) -> None:
    assert events(CREATED, terminal) == [Started("resp_1", "gpt"), Finished(stop)]


@pytest.mark.parametrize(
    ("sent", "status", "kind", "message"),
    [
        (
            {
                "type": "response.failed",
                "response": {"error": {"code": "rate_limit_exceeded", "message": "slow"}},
            },
            429,
            ErrorKind.RATE_LIMIT,
            "slow",
        ),
        (
            {"type": "response.failed", "response": {"error": {"code": "context_length_exceeded"}}},
            400,
            ErrorKind.CONTEXT_LENGTH,
            "context_length_exceeded",
        ),
        (
            {"type": "error", "code": "server_is_overloaded", "message": "busy", "param": None},
            503,
            ErrorKind.OVERLOADED,
            "busy",
        ),
        (
            {"type": "error", "error": {"code": "invalid_prompt", "message": "bad"}},
            400,
            ErrorKind.INVALID,
            "bad",
        ),
        (
            {"type": "error", "status": 429, "error": {"type": "odd", "message": "wait"}},
            429,
            ErrorKind.RATE_LIMIT,
            "wait",
        ),
        (
            {"type": "error", "error": {"message": "maximum context length is 5"}},
            400,
            ErrorKind.CONTEXT_LENGTH,
            "maximum context length is 5",
        ),
        (
            {"type": "error", "error": "out of order"},
            502,
            ErrorKind.BAD_GATEWAY,
            "out of order",
        ),
        (
            {"type": "response.failed"},
            502,
            ErrorKind.BAD_GATEWAY,
            "the upstream failed without saying why",
        ),
        (
            {"type": "response.cancelled", "response": {"status": "cancelled"}},
            502,
            ErrorKind.BAD_GATEWAY,
            "the upstream cancelled the answer",
        ),
    ],
)
def test_an_error_inside_a_stream_keeps_its_kind(
    sent: Any, status: int, kind: ErrorKind, message: str
) -> None:
    error = failure(events(CREATED, sent))
    assert isinstance(error, UpstreamRefused)
    assert (error.status, error.kind, error.message) == (status, kind, message)


def test_a_bare_error_object_ends_the_stream_and_tells_when_to_come_back() -> None:
    sent: Any = {"error": {"code": "usage_limit_reached", "message": "m", "resets_in_seconds": 90}}
    error = failure(decode(b"data: " + encode(sent) + b"\n\n"))
    assert (error.status, error.retry_after_s) == (429, 90.0)


def test_a_type_may_stand_in_the_event_line_alone() -> None:
    body = b'event: response.output_text.delta\ndata: {"delta": "Hi"}\n\n'
    assert decode(body + stream(DONE))[:2] == [PartStarted(0, Text("")), TextDelta(0, "Hi")]


def test_unknown_events_done_markers_and_odd_values_are_passed_over() -> None:
    assert (
        events(
            {"type": "response.novel.delta", "delta": {"x": 1}},
            {"type": "keepalive"},
            {"type": "response.output_text.annotation.added", "annotation": 5},
            delta("function_call_arguments", ""),
            DONE,
        )[0]
        == Ping()
    )
    assert decode(b"data: [DONE]\n\ndata: {}\n\n" + stream(DONE))[-1] == Finished("end")


@pytest.mark.parametrize("data", [b"data: {nope\n\n", b'data: {"output_index": "x"}\n\n'])
def test_garbage_is_named(data: bytes) -> None:
    error = failure(decode(stream(CREATED) + data))
    assert isinstance(error, Broken)
    assert error.message.startswith("the upstream sent an event that cannot be read: ")


def test_a_stream_that_is_cut_is_no_answer() -> None:
    error = failure(decode(stream(CREATED, *MESSAGE)))
    assert isinstance(error, Broken)
    assert error.message == "the upstream's stream was cut before response.completed"


def test_the_last_event_may_lack_its_blank_line() -> None:
    assert decode(FULL.rstrip()) == EXPECTED


ANSWER: Any = {
    "id": "resp_1",
    "model": "gpt",
    "status": "completed",
    "output": FINISHED_ITEMS,
    "usage": {"input_tokens": 0, "output_tokens": True},
}


def test_a_whole_answer_is_read_like_its_stream() -> None:
    assert CODEC.answer_in(encode(ANSWER), origin()) == [
        Started("resp_1", "gpt"),
        *OF_FINISHED_ITEMS,
        UsageSeen(Usage(tokens_in=0)),
        Finished("tool-call"),
    ]


def test_a_stream_where_a_whole_answer_was_asked_is_read() -> None:
    assert CODEC.answer_in(FULL, origin()) == EXPECTED


def test_the_fold_of_a_stream_is_the_answer() -> None:
    response = fold(decode(FULL))
    parts = response.choices[0].parts
    assert [getattr(p, "text", getattr(p, "input", "")) for p in parts] == [
        "First\n\nSecond",
        "Héllo😀",
        '{"a": "it\'s"}',
        "free text",
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "the upstream's answer is not JSON: "),
        (b"[]", "the upstream's answer is no response object: it has no output"),
        (
            b'{"status": "queued", "output": []}',
            "the upstream's answer is not finished: its status is queued",
        ),
        (b'{"status": "failed", "output": [], "error": {"message": "no"}}', "no"),
        (b'{"error": {"message": "oops"}}', "oops"),
    ],
)
def test_an_answer_that_is_none_is_a_failure(body: bytes, message: str) -> None:
    assert failure(CODEC.answer_in(body, origin())).message.startswith(message)
