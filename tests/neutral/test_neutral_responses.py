import pytest

from dragoman.errors import Broken, UpstreamRefused
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    HostedProgress,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    Media,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import Choice, Response, fold
from dragoman.neutral.usage import Usage

STATE = ReasoningState("sig", "anthropic")
FIRST = Citation(url="https://a.test")
SECOND = Citation(url="https://b.test")


def test_interleaved_parts_and_choices_come_out_in_their_order() -> None:
    assert fold(
        [
            Started("id1", "m1", Usage(tokens_in=5), {"x": 1}),
            PartStarted(1, ToolCall("b", "g", "")),
            PartStarted(0, ToolCall("a", "f", "")),
            PartStarted(0, Text(""), choice=1),
            InputDelta(1, '{"x":'),
            InputDelta(0, '{"it":"it\'s"}'),
            TextDelta(0, "other", choice=1),
            Ping(),
            InputDelta(1, "1.50}"),
            PartEnded(1),
            PartEnded(0),
            PartEnded(0, choice=1),
            Finished("stop-sequence", "END", choice=1, extras={"y": 2}),
            Finished("tool-call"),
            UsageSeen(Usage(tokens_out=7, reasoning=0)),
        ]
    ) == Response(
        choices=(
            Choice(
                (ToolCall("a", "f", '{"it":"it\'s"}'), ToolCall("b", "g", '{"x":1.50}')),
                "tool-call",
            ),
            Choice((Text("other"),), "stop-sequence", "END", extras={"y": 2}),
        ),
        usage=Usage(tokens_in=5, tokens_out=7, reasoning=0),
        id="id1",
        model="m1",
        extras={"x": 1},
    )


@pytest.mark.parametrize(
    ("events", "part"),
    [
        (
            [
                PartStarted(0, Text("A", citations=(FIRST,))),
                TextDelta(0, "b"),
                CitationDelta(0, SECOND),
                TextDelta(0, "c"),
                StateDelta(0, STATE),
            ],
            Text("Abc", citations=(FIRST, SECOND), state=STATE),
        ),
        (
            [PartStarted(0, Reasoning("x", state=STATE)), TextDelta(0, "y")],
            Reasoning("xy", state=STATE),
        ),
        (
            [PartStarted(0, Reasoning(redacted=True)), StateDelta(0, STATE)],
            Reasoning(state=STATE, redacted=True),
        ),
        ([PartStarted(0, Refusal("I ")), TextDelta(0, "won't")], Refusal("I won't")),
        ([PartStarted(0, ToolCall("a", "f", ""))], ToolCall("a", "f", "{}")),
        (
            [PartStarted(0, ToolCall("a", "f", "", kind="custom"))],
            ToolCall("a", "f", "", kind="custom"),
        ),
        (
            [PartStarted(0, ToolCall("a", "f", "{")), InputDelta(0, "}"), StateDelta(0, STATE)],
            ToolCall("a", "f", "{}", state=STATE),
        ),
        ([PartStarted(0, Media("image", data="AA"))], Media("image", data="AA")),
        (
            [
                PartStarted(0, HostedCall("h", "web_search")),
                HostedProgress(0, {"type": "searching"}, "responses"),
            ],
            HostedCall("h", "web_search"),
        ),
    ],
)
def test_a_part_is_its_head_with_its_deltas(events: list[Event], part: object) -> None:
    assert fold([*events, PartEnded(0), Finished("end")]).choices[0].parts == (part,)


def test_logprobs_add_up() -> None:
    choice = fold([LogprobsDelta(0, [1]), LogprobsDelta(0, [2, 3]), Finished("length")]).choices[0]

    assert choice == Choice((), "length", logprobs=(1, 2, 3))


def test_a_failure_is_raised() -> None:
    error = UpstreamRefused("no", status=503)

    with pytest.raises(UpstreamRefused) as caught:
        fold([Started(), Failed(error)])

    assert caught.value is error


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "the upstream's answer held no content and no end"),
        ([Started(id="x")], "the upstream's answer held no content and no end"),
        (
            [PartStarted(0, Text("")), TextDelta(0, "a"), PartEnded(0)],
            "the upstream's answer was cut before its end",
        ),
        (
            [Finished("end"), PartStarted(0, Text(""), choice=1)],
            "the upstream's answer was cut before its end",
        ),
    ],
)
def test_an_answer_without_its_end_is_no_answer(events: list[Event], message: str) -> None:
    with pytest.raises(Broken) as caught:
        fold(events)

    assert caught.value.message == message
