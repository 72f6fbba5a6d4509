"""The end of a client's stream: stop reasons, failures, usage."""

from typing import cast

import pytest
from tests.protocols.anthropic.client_frames import REPLY, TEXT, sent, start, stop, text

from dragoman.errors import Broken, UpstreamRefused
from dragoman.neutral.events import (
    Failed,
    Finished,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Started,
    StopReason,
    TextDelta,
)
from dragoman.neutral.json import JsonObject
from dragoman.neutral.parts import (
    Refusal,
    Text,
)
from dragoman.neutral.responses import Choice, Response
from dragoman.neutral.usage import Usage
from dragoman.protocols.anthropic.events_out import stream_out
from dragoman.protocols.anthropic.responses import answer_out


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
