"""An answer's events, with calls in its text."""

from __future__ import annotations

import itertools

from tests.fakes.dialects import WRITERS
from tests.toolcalls.text.reading import MARK, OFFER

from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    HostedProgress,
    InputDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    StopReason,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.toolcalls.text.answer import CallReading, TextCalls
from dragoman.toolcalls.text.dialects import forms_of

CALL = WRITERS["dragoman"]("Read", {"path": "/a"}, MARK)
BROKEN = CALL.replace(f"</call-{MARK}>", "").replace(f"</arg-{MARK}>", "")


def stage(*, mends: bool = False) -> TextCalls:
    numbers = itertools.count(1)
    return TextCalls(
        CallReading(OFFER, forms_of(MARK, ()), lambda kind: f"{kind}{next(numbers)}", mends)
    )


def passed(calls: TextCalls, *events: Event) -> list[Event]:
    return [out for event in events for out in calls.apply(event)]


def said(*texts: str, index: int = 0, choice: int = 0) -> list[Event]:
    return [
        PartStarted(index, Text(""), choice),
        *(TextDelta(index, text, choice) for text in texts),
        PartEnded(index, choice),
    ]


def call_events(index: int, number: int = 1, choice: int = 0) -> list[Event]:
    return [
        PartStarted(index, ToolCall(f"call_{number}", "Read", ""), choice),
        InputDelta(index, '{"path":"/a"}', choice),
        PartEnded(index, choice),
    ]


def test_a_call_splits_the_text_it_stands_in() -> None:
    events = passed(stage(), Started("id"), *said("I look.\n", CALL, "\nSo."), Finished("end"))
    assert events == [
        Started("id"),
        PartStarted(0, Text("")),
        TextDelta(0, "I look."),
        PartEnded(0),
        *call_events(1),
        PartStarted(2, Text("")),
        TextDelta(2, "\nSo."),
        PartEnded(2),
        Finished("tool-call"),
    ]


def test_a_turn_with_calls_ends_as_one() -> None:
    def stop(reason: StopReason, text: str = CALL) -> Finished:
        last = passed(stage(), *said(text), Finished(reason, "x"))[-1]
        assert isinstance(last, Finished)
        return last

    assert stop("end") == stop("stop-sequence") == Finished("tool-call")
    assert stop("length") == Finished("length", "x")
    assert stop("end", "no call") == Finished("end", "x")
    native = PartStarted(0, ToolCall("id", "Read", ""))
    assert passed(stage(), native, PartEnded(0), Finished("end"))[-1] == Finished("tool-call")


def test_other_parts_pass_under_new_numbers() -> None:
    state = ReasoningState("blob", "anthropic")
    hosted = PartStarted(2, HostedCall("h", "web_search"))
    events = passed(
        stage(),
        PartStarted(0, Reasoning()),
        TextDelta(0, f"I could write {CALL}"),
        StateDelta(0, state),
        PartEnded(0),
        PartStarted(1, Text(f"First {CALL}")),
        hosted,
        HostedProgress(2, {}, "responses"),
        PartEnded(2),
        PartEnded(1),
        UsageSeen(Usage(1, 2)),
        Finished("end"),
    )
    assert events == [
        PartStarted(0, Reasoning()),
        TextDelta(0, f"I could write {CALL}"),
        StateDelta(0, state),
        PartEnded(0),
        PartStarted(1, Text("")),
        TextDelta(1, "First"),
        PartEnded(1),
        *call_events(2),
        PartStarted(3, HostedCall("h", "web_search")),
        HostedProgress(3, {}, "responses"),
        PartEnded(3),
        UsageSeen(Usage(1, 2)),
        Finished("tool-call"),
    ]


def test_what_is_said_of_a_text_goes_to_the_open_part() -> None:
    cited = CitationDelta(4, Citation("u"))
    events = passed(stage(), PartStarted(4, Text("")), TextDelta(4, "a"), cited, PartEnded(4))
    assert events[-1] == CitationDelta(0, Citation("u"))
    assert passed(stage(), PartStarted(4, Text("")), TextDelta(4, CALL), cited)[-1] == PartEnded(0)


def test_each_choice_is_read_by_itself() -> None:
    half = len(CALL) // 2
    events = passed(
        stage(),
        *said(CALL[:half], index=0, choice=0)[:-1],
        *said(CALL[:half], index=0, choice=1)[:-1],
        TextDelta(0, CALL[half:], 0),
        TextDelta(0, CALL[half:], 1),
        Finished("end", choice=0),
        Finished("end", choice=1),
    )
    assert events == [
        *call_events(0),
        *call_events(0, 2, 1),
        Finished("tool-call"),
        Finished("tool-call", choice=1),
    ]


def test_a_text_in_two_parts_is_read_as_one() -> None:
    half = len(CALL) // 2
    rest = f"{CALL[half:]}\n"
    events = passed(stage(), *said(CALL[:half]), *said(rest, index=1), Finished("end"))
    assert events == [*call_events(0), Finished("tool-call")]


def test_a_long_silence_is_broken_by_pings() -> None:
    opening = CALL.partition("/a")[0]
    calls = stage()
    events = passed(calls, *said(opening, *("x" * 1000 for _ in range(9)))[:-1])
    assert events == [Ping(), Ping()]
    events = passed(calls, Finished("end"))
    assert events[1] == TextDelta(0, opening + "x" * 9000)


def test_an_answer_that_breaks_off_loses_nothing() -> None:
    calls = stage()
    assert passed(calls, *said("Ok. ", BROKEN))[:2] == [
        PartStarted(0, Text("")),
        TextDelta(0, "Ok."),
    ]
    assert calls.finish() == [TextDelta(0, f" {BROKEN}"), PartEnded(0)]


def test_a_broken_call_waits_for_its_repair() -> None:
    calls = stage(mends=True)
    events = passed(calls, *said("Ok. ", CALL, "\n", BROKEN, " more"), Finished("end"))
    assert [type(event) for event in events[-3:]] == [PartStarted, InputDelta, PartEnded]
    assert calls.broken is not None
    assert calls.broken.text == f"\n{BROKEN} more"
    assert calls.said == f"Ok. {CALL}\n{BROKEN} more"
    again, new = ToolCall("a", "Read", '{"path":"/a"}'), ToolCall("b", "Read", '{"path":"/b"}')
    assert calls.mended([again, new]) == [
        PartStarted(2, ToolCall("b", "Read", "")),
        InputDelta(2, '{"path":"/b"}'),
        PartEnded(2),
        Finished("tool-call"),
    ]


def test_a_repair_without_a_new_call_leaves_the_text() -> None:
    calls = stage(mends=True)
    events = passed(calls, *said("Ok. ", BROKEN, "\n", CALL), Finished("end"))
    events += calls.mended([])
    answer = fold(events).choices[0]
    assert answer.parts == (Text(f"Ok. {BROKEN}\n{CALL}"),)
    assert answer.stop == "end"


def test_what_was_cut_off_is_not_repaired() -> None:
    calls = stage(mends=True)
    events = passed(calls, *said(BROKEN), Finished("length"))
    assert calls.broken is None
    assert fold(events).choices[0].parts == (Text(BROKEN),)


def test_foreign_text_is_repaired_only_where_it_was_meant_as_a_call() -> None:
    for text, meant in (
        ('<tool_call>{"name": "Read", "arguments": {}}</tool_call>', True),
        ('<tool_call>{"name": "Nope", "arguments": {}}</tool_call>', False),
        ('```json\n{"name": "Read", "arguments": {}}\n```', False),
        ("`<tool_call>{}</tool_call>`", False),
    ):
        calls = stage(mends=True)
        passed(calls, *said(text), Finished("end"))
        assert (calls.broken is not None) is meant
