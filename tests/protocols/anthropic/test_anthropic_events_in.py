"""Upstream streams as events, at every cut."""

import pytest
from tests.protocols.anthropic.upstream_streams import (
    CITED,
    ORIGIN,
    SIGNED,
    STREAM,
    TEXT,
    block,
    ended,
    read,
    started,
    wire,
)

from dragoman.errors import Broken, ErrorKind, UpstreamRefused
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import Json
from dragoman.neutral.parts import (
    Citation,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.usage import Usage
from dragoman.protocols.anthropic.events_in import stream_in

START_USAGE = Usage(
    tokens_in=35,
    tokens_out=1,
    cache_read=20,
    cache_write=5,
    cache_write_1h=3,
    protocol="anthropic",
    extras={"service_tier": "standard"},
)
END_USAGE = Usage(
    tokens_in=35,
    tokens_out=9,
    cache_read=20,
    cache_write=5,
    cache_write_1h=3,
    protocol="anthropic",
    extras={"service_tier": "standard"},
)
EVENTS: list[Event] = [
    Started("msg_1", "claude-x", START_USAGE),
    Ping(),
    PartStarted(0, Reasoning()),
    TextDelta(0, "hm é"),
    StateDelta(0, SIGNED),
    PartEnded(0),
    PartStarted(
        1, Reasoning(state=ReasoningState("RED", "anthropic", "up", "cred"), redacted=True)
    ),
    PartEnded(1),
    PartStarted(2, Text("")),
    TextDelta(2, "Hello 😀"),
    CitationDelta(2, Citation("u", "t", raw=CITED, protocol="anthropic")),
    PartEnded(2),
    PartStarted(3, ToolCall("toolu_1", "Bash", "", extras={"caller": {"a": 1}})),
    InputDelta(3, '{"cmd": "it'),
    InputDelta(3, "'s\"}"),
    PartEnded(3),
    UsageSeen(END_USAGE),
    Finished("tool-call"),
]


def test_a_recorded_stream_is_read() -> None:
    assert read(STREAM) == EVENTS


def test_a_stream_reads_the_same_at_every_cut() -> None:
    for cut in range(len(STREAM)):
        assert read(STREAM[:cut], STREAM[cut:]) == EVENTS
    assert read(*(STREAM[i : i + 1] for i in range(len(STREAM)))) == EVENTS


def test_nothing_is_read_after_the_end() -> None:
    decoder = stream_in(ORIGIN)
    late = wire(*block(4, TEXT), {"type": "message_delta", "usage": {"output_tokens": 99}})
    assert decoder.feed(STREAM + late) == EVENTS
    assert decoder.ended
    assert decoder.feed(late) == []
    assert decoder.finish() == []


def test_every_prefix_of_a_stream_is_a_cut() -> None:
    until_stop = STREAM.index(b'"stop_reason"')
    for cut in range(0, until_stop, 7):
        last = read(STREAM[:cut])[-1]
        assert isinstance(last, Failed)
        assert isinstance(last.error, Broken)


def test_a_stream_without_its_end_is_a_cut() -> None:
    events = read(wire(started(), *block(0, TEXT, {"type": "text_delta", "text": "a"})))
    assert isinstance(events[-1], Failed)
    assert events[-1].error.message == "the upstream's answer was cut before its end"


def test_an_end_without_its_blank_line_is_an_end() -> None:
    whole = wire(started(), ended()[0]).rstrip(b"\n")
    assert read(whole)[-1] == Finished("end")


def test_message_stop_alone_is_no_end() -> None:
    events = read(wire(started(), {"type": "message_stop"}))
    assert isinstance(events[-1], Failed)


@pytest.mark.parametrize(
    ("error", "message", "status", "kind"),
    [
        ({"type": "overloaded_error", "message": "busy"}, "busy", 529, ErrorKind.OVERLOADED),
        (
            {"type": "someday"},
            "the upstream answered with someday without saying why",
            500,
            ErrorKind.SERVER,
        ),
        ("boom", "boom", 500, ErrorKind.SERVER),
    ],
)
def test_an_error_in_the_stream_fails_the_answer(
    error: Json, message: str, status: int, kind: ErrorKind
) -> None:
    for frame in ({"type": "error", "error": error}, {"type": "", "error": error}):
        events = read(wire(started(), frame), wire(*ended()))
        failed = events[-1]
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, UpstreamRefused)
        assert (failed.error.message, failed.error.status) == (message, status)
        assert failed.error.kind is kind


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"data: <html>\n\n", "malformed"),
        (b'data: {"type": 5}\n\n', "Expected `str`, got `int`"),
        (b'data: {"type":"message_start"}\n\n', "message_start without its message"),
        (b'data: {"type":"content_block_start"}\n\n', "content_block_start without its"),
        (
            b'data: {"type":"content_block_start","content_block":{"type":"text","text":5}}\n\n',
            "content[0].text: expected a string, got an integer",
        ),
        (b'data: {"type":"message_start","message":{"id":5}}\n\n', "message.id: expected"),
        (b'data: {"type":"\xff"}\n\n', "UTF-8"),
    ],
)
def test_garbage_breaks_the_answer_and_says_what_was_wrong(data: bytes, words: str) -> None:
    decoder = stream_in(ORIGIN)
    failed = decoder.feed(data + wire(*ended()))[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Broken)
    assert failed.error.message.startswith("the upstream sent no Messages answer: ")
    assert words.lower() in failed.error.message.lower()
    assert decoder.finish() == []
