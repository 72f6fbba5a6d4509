import json
from collections.abc import Iterator

import pytest

from dragoman.errors import UpstreamRefused
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    StopReason,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import encode
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
from dragoman.neutral.requests import ReasoningSettings, Request
from dragoman.neutral.responses import Response, fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Codec, Origin, Reply
from dragoman.protocols.ollama.codec import CODEC, GENERATE


def reply(*, think: bool = True, ticks: Iterator[float] | None = None) -> Reply:
    request = Request(
        "ollama", "asked", (), reasoning=ReasoningSettings(mode=None if think else "off")
    )
    return Reply(
        request=request,
        model="asked",
        new_id=lambda prefix: f"{prefix}1",
        clock=(lambda: 5.0) if ticks is None else ticks.__next__,
        created_s=1_795_231_135,
    )


def shown(*events: Event, codec: Codec = CODEC, think: bool = True) -> list[object]:
    """What the records hold beside model, time and counts."""
    encoder = codec.stream_out(reply(think=think))
    lines = encoder.encode(events).splitlines()
    return [
        {k: v for k, v in json.loads(line).items() if k not in {"model", "created_at"}}
        for line in lines
    ]


def delta(**message: object) -> dict[str, object]:
    return {"message": {"role": "assistant", "content": "", **message}, "done": False}


def test_a_stream_is_one_record_a_line_with_times_and_counts() -> None:
    ticks = iter([10.0, 10.25, 12.0, 13.5])
    encoder = CODEC.stream_out(reply(ticks=ticks))
    out = encoder.encode([Started(usage=Usage(tokens_in=26))])
    out += encoder.encode([PartStarted(0, Text("")), TextDelta(0, "Hi – é")])
    out += encoder.encode([TextDelta(0, "!"), PartEnded(0), Finished("end")])
    out += encoder.encode([UsageSeen(Usage(tokens_out=0))])
    out += encoder.finish()

    assert encoder.content_type == "application/x-ndjson"
    assert out.decode().splitlines(keepends=True) == [
        (
            '{"model":"asked","created_at":"2026-11-21T03:18:55.250000Z",'
            '"message":{"role":"assistant","content":"Hi – é"},"done":false}\n'
        ),
        (
            '{"model":"asked","created_at":"2026-11-21T03:18:57.000000Z",'
            '"message":{"role":"assistant","content":"!"},"done":false}\n'
        ),
        (
            '{"model":"asked","created_at":"2026-11-21T03:18:58.500000Z",'
            '"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",'
            '"total_duration":3500000000,"load_duration":0,"prompt_eval_count":26,'
            '"prompt_eval_duration":250000000,"eval_count":0,"eval_duration":3250000000}\n'
        ),
    ]


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        ("end", "stop"),
        ("tool-call", "stop"),
        ("length", "length"),
        ("stop-sequence", "stop"),
        ("refusal", "stop"),
        ("context-full", "length"),
        ("pause", "stop"),
    ],
)
def test_stop_reasons_are_done_reasons(stop: StopReason, reason: str) -> None:
    encoder = CODEC.stream_out(reply())
    encoder.encode([PartStarted(0, Text("")), TextDelta(0, "No."), PartEnded(0)])
    assert encoder.encode([Finished(stop)]) == b""
    last = json.loads(encoder.finish())

    assert last["done_reason"] == reason
    assert "eval_count" not in last
    assert "prompt_eval_count" not in last
    assert last["eval_duration"] == 0


def test_thinking_has_its_own_field_and_refusals_are_content() -> None:
    assert shown(
        PartStarted(0, Reasoning()),
        TextDelta(0, "hm"),
        StateDelta(0, ReasoningState("blob", "anthropic")),
        PartEnded(0),
        PartStarted(1, Refusal("")),
        TextDelta(1, "no"),
        CitationDelta(1, Citation(url="https://x.test")),
        PartEnded(1),
        Ping(),
    ) == [delta(thinking="hm"), delta(content="no")]


def test_thinking_is_hidden_from_a_client_that_said_think_false() -> None:
    assert shown(PartStarted(0, Reasoning()), TextDelta(0, "hm"), PartEnded(0), think=False) == []


def test_interleaved_calls_go_out_whole_and_in_order() -> None:
    assert shown(
        PartStarted(0, ToolCall("a", "f", "")),
        PartStarted(1, ToolCall("b", "g", "")),
        InputDelta(1, '{"x":'),
        InputDelta(0, '{"it":"it\'s",'),
        InputDelta(1, "\n1.50}"),
        PartEnded(1),
        PartStarted(2, Text("")),
        TextDelta(2, "between"),
        InputDelta(0, '"n":12345678901234567890123}'),
        PartEnded(0),
        PartStarted(3, ToolCall("c", "h", "")),
        PartEnded(3),
        PartEnded(2),
    ) == [
        delta(content="between"),
        delta(
            tool_calls=[
                {
                    "id": "a",
                    "function": {
                        "index": 0,
                        "name": "f",
                        "arguments": {"it": "it's", "n": 12345678901234567890123},
                    },
                }
            ]
        ),
        delta(
            tool_calls=[{"id": "b", "function": {"index": 1, "name": "g", "arguments": {"x": 1.5}}}]
        ),
        delta(tool_calls=[{"id": "c", "function": {"index": 2, "name": "h", "arguments": {}}}]),
    ]


def test_input_that_is_no_object_becomes_one() -> None:
    assert shown(
        PartStarted(0, ToolCall("a", "f", "", kind="custom")),
        InputDelta(0, "*** Begin"),
        PartEnded(0),
    ) == [
        delta(
            tool_calls=[
                {
                    "id": "a",
                    "function": {"index": 0, "name": "f", "arguments": {"input": "*** Begin"}},
                }
            ]
        )
    ]


def test_images_and_what_hosted_tools_found_are_content() -> None:
    assert shown(
        PartStarted(0, HostedCall("1", "code_execution")),
        PartStarted(1, HostedResult("1", "code_execution", text="42")),
        PartStarted(2, HostedResult("1", "web_search")),
        PartStarted(3, Media("image", data="iVBOR")),
        PartStarted(4, Media("audio", data="AAAA")),
        PartStarted(5, Opaque("x", {}, "responses")),
        PartEnded(5),
    ) == [delta(content="42"), delta(images=["iVBOR"])]


def test_logprobs_and_only_the_first_choice_are_shown() -> None:
    assert shown(
        PartStarted(0, Text("")),
        PartStarted(0, Text(""), choice=1),
        TextDelta(0, "other", choice=1),
        LogprobsDelta(0, [{"token": "a", "logprob": -1}]),
        Finished("length", choice=1),
    ) == [{**delta(), "logprobs": [{"token": "a", "logprob": -1}]}]


def test_a_failure_is_an_error_line_and_a_ping_an_empty_record() -> None:
    encoder = CODEC.stream_out(reply())

    assert encoder.fail(UpstreamRefused("it broke", status=500)) == b'{"error":"it broke"}\n'
    assert encoder.ping() == (
        b'{"model":"asked","created_at":"2026-11-21T03:18:55.000000Z",'
        b'"message":{"role":"assistant","content":""},"done":false}\n'
    )


def test_a_ping_does_not_count_as_the_first_content() -> None:
    encoder = CODEC.stream_out(reply(ticks=iter([0.0, 1.0, 3.0, 4.0])))
    encoder.ping()
    encoder.encode([PartStarted(0, Text("")), TextDelta(0, "x")])

    assert json.loads(encoder.finish())["prompt_eval_duration"] == 3_000_000_000


PARTS: list[Event] = [
    PartStarted(0, Reasoning()),
    TextDelta(0, "hm"),
    PartEnded(0),
    PartStarted(1, Text("")),
    TextDelta(1, "a"),
    TextDelta(1, "b"),
    LogprobsDelta(1, [{"token": "ab", "logprob": -1}]),
    PartEnded(1),
    PartStarted(2, ToolCall("c", "f", "")),
    InputDelta(2, '{"x":1}'),
    PartEnded(2),
    PartStarted(3, Media("image", data="iVBOR")),
    PartEnded(3),
    PartStarted(4, HostedCall("h", "web_search")),
    PartEnded(4),
    PartStarted(5, HostedResult("h", "code_execution", text="42")),
    PartEnded(5),
    UsageSeen(Usage(tokens_in=3, tokens_out=4)),
    Finished("tool-call"),
]


def test_a_whole_answer_holds_text_thinking_calls_and_counts() -> None:
    body = CODEC.answer_out(fold(PARTS), reply(ticks=iter([1.0, 2.0])))

    assert body == {
        "model": "asked",
        "created_at": "2026-11-21T03:18:56.000000Z",
        "message": {
            "role": "assistant",
            "content": "ab42",
            "thinking": "hm",
            "images": ["iVBOR"],
            "tool_calls": [
                {"id": "c", "function": {"index": 0, "name": "f", "arguments": {"x": 1}}}
            ],
        },
        "done": True,
        "done_reason": "stop",
        "total_duration": 1_000_000_000,
        "load_duration": 0,
        "prompt_eval_count": 3,
        "prompt_eval_duration": 1_000_000_000,
        "eval_count": 4,
        "eval_duration": 0,
        "logprobs": [{"token": "ab", "logprob": -1}],
    }


def test_a_whole_answer_hides_thinking_too() -> None:
    response = fold([PartStarted(0, Reasoning()), TextDelta(0, "hm"), Finished("end")])
    message = CODEC.answer_out(response, reply(think=False))["message"]

    assert message == {"role": "assistant", "content": ""}


def test_the_stream_says_what_the_whole_answer_says() -> None:
    encoder = CODEC.stream_out(reply())
    stream = encoder.encode(PARTS) + encoder.finish()
    decoder = CODEC.stream_in(Origin(new_id=str))
    streamed = fold([*decoder.feed(stream), *decoder.finish()])
    body = CODEC.answer_out(fold(PARTS), reply())
    whole = fold(CODEC.answer_in(encode(body), Origin(new_id=str)))

    def told(response: Response) -> list[str]:
        parts = response.choices[0].parts
        return [
            "".join(part.text for part in parts if isinstance(part, Text)),
            "".join(part.text for part in parts if isinstance(part, Reasoning)),
            repr([part for part in parts if isinstance(part, ToolCall)]),
        ]

    assert told(streamed) == told(whole)
    assert streamed.usage == whole.usage == Usage(tokens_in=3, tokens_out=4)


def test_generate_streams_response_fields() -> None:
    assert shown(
        PartStarted(0, Reasoning()),
        TextDelta(0, "hm"),
        PartEnded(0),
        PartStarted(1, Text("")),
        TextDelta(1, "yes"),
        PartEnded(1),
        codec=GENERATE,
    ) == [
        {"response": "", "thinking": "hm", "done": False},
        {"response": "yes", "done": False},
    ]
