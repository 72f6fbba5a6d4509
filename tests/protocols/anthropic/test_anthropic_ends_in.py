"""How an upstream's answer ended, and what it used."""

import pytest
from tests.protocols.anthropic.upstream_streams import ended, read, started, wire

from dragoman.neutral.events import (
    Finished,
)
from dragoman.neutral.json import JsonObject
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage


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
