"""How answers of OpenAI-compatible hosts end: finish reasons, errors, usage."""

from typing import Any

import pytest
from tests.protocols.openai_chat.upstream_streams import answer, chunk, end, events, origin, wire

from dragoman.errors import Broken, ErrorKind, UpstreamRefused
from dragoman.neutral.events import (
    Failed,
    Finished,
)
from dragoman.neutral.parts import (
    Text,
)
from dragoman.neutral.usage import Usage
from dragoman.protocols.openai_chat.codec import CODEC


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
