"""The answer's way back, cut anywhere: cliproxyapi.md §6.3 cases 20, 21 and 30."""

import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dragoman.neutral.events import (
    Event,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
    TextDelta,
)
from dragoman.neutral.parts import Text, ToolCall
from dragoman.toolcalls.custom import InputReader, input_as_arguments
from dragoman.toolcalls.names import Declared, ToolNames
from dragoman.toolcalls.restoring import ToolRestorer

NAMES = ToolNames(
    "gemini",
    [
        Declared("exec", "functions", "custom"),
        Declared("close", "agents"),
        Declared("Grep", keys={"_A": "-A"}),
    ],
    flatten=True,
)


def restored(*events: Event) -> list[Event]:
    restorer = ToolRestorer(NAMES)
    return [out for event in events for out in restorer.apply(event)]


def read(*pieces: str) -> str:
    reader = InputReader()
    return "".join(reader.feed(piece) for piece in pieces) + reader.finish()


def test_case_21_names_and_namespaces_are_restored() -> None:
    assert restored(
        PartStarted(0, Text("")),
        TextDelta(0, "hi"),
        PartEnded(0),
        PartStarted(1, ToolCall("c", "agents__close", "")),
        InputDelta(1, '{"a":'),
        InputDelta(1, "1}"),
        PartEnded(1),
        Finished("tool-call"),
    ) == [
        PartStarted(0, Text("")),
        TextDelta(0, "hi"),
        PartEnded(0),
        PartStarted(1, ToolCall("c", "close", "", namespace="agents")),
        InputDelta(1, '{"a":'),
        InputDelta(1, "1}"),
        PartEnded(1),
        Finished("tool-call"),
    ]


def test_a_name_that_was_never_declared_passes_as_it_is() -> None:
    event = PartStarted(0, ToolCall("c", "made_up", ""))
    assert restored(event, InputDelta(0, "{}")) == [event, InputDelta(0, "{}")]


def test_case_20_a_custom_call_comes_back_as_free_text_while_it_streams() -> None:
    assert restored(
        PartStarted(0, ToolCall("c", "functions__exec", ""), choice=1),
        InputDelta(0, '{"inp', choice=1),
        InputDelta(0, 'ut": "a\\', choice=1),
        InputDelta(0, 'nb"', choice=1),
        InputDelta(0, "}", choice=1),
        PartEnded(0, choice=1),
    ) == [
        PartStarted(0, ToolCall("c", "exec", "", "custom", "functions"), choice=1),
        InputDelta(0, "a", choice=1),
        InputDelta(0, "\nb", choice=1),
        PartEnded(0, choice=1),
    ]


def test_parallel_calls_are_read_apart() -> None:
    assert restored(
        PartStarted(0, ToolCall("a", "functions__exec", "")),
        PartStarted(1, ToolCall("b", "functions__exec", "")),
        InputDelta(0, '{"input":"x'),
        InputDelta(1, '{"input":"y'),
        InputDelta(0, 'X"}'),
        PartEnded(0),
        PartEnded(1),
    )[2:] == [
        InputDelta(0, "x"),
        InputDelta(1, "y"),
        InputDelta(0, "X"),
        PartEnded(0),
        PartEnded(1),
    ]


def test_a_call_that_is_custom_already_is_not_read_again() -> None:
    events: list[Event] = [
        PartStarted(0, ToolCall("a", "exec", "", "custom", "functions")),
        InputDelta(0, '{"input":"x"}'),
    ]
    names = ToolNames("responses", [Declared("exec", "functions", "custom")], flatten=False)
    restorer = ToolRestorer(names)
    assert [out for event in events for out in restorer.apply(event)] == events


def test_renamed_parameters_come_back_when_the_arguments_are_whole() -> None:
    assert restored(
        PartStarted(0, ToolCall("c", "grep", "")),
        InputDelta(0, '{"_A":'),
        InputDelta(0, '2,"p":"-A"}'),
        PartEnded(0),
    ) == [
        PartStarted(0, ToolCall("c", "Grep", "")),
        InputDelta(0, '{"-A":2,"p":"-A"}'),
        PartEnded(0),
    ]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input":"a b"}', "a b"),
        (' {\n "input" : "x"\n}', "x"),
        ('{"input":""}', ""),
        ("{}", ""),
        ("", ""),
        ('{"why":"because","input":"x"}', "x"),
        ('{"input":5}', '{"input":5}'),
        ('{"code":"x"}', '{"code":"x"}'),
        ("*** Begin Patch", "*** Begin Patch"),
        ('"*** Begin Patch"', '"*** Begin Patch"'),
        ("[1]", "[1]"),
        ('{"input":"x","more":1}', "x"),
        ('{"input":"cut', "cut"),
        ('{"input":"cut\\', "cut"),
        ('{"inp', '{"inp'),
        ('{"input":"\\u00e9\\ud83d\\ude00"}', "é😀"),
        ('{"input":"\\ud83d"}', "\ufffd"),
        ('{"input":"\\ud83dx-and-more"}', "\ufffdx-and-more"),
        ('{"input":"\\ud83d\\n"}', "\ufffd\n"),
        ('{"input":"\\ud83d\\u0041"}', "\ufffdA"),
        ('{"input":"\\ud83d\\uzzzz"}', "\ufffd\\uzzzz"),
        ('{"input":"\\ude00"}', "\ufffd"),
        ('{"input":"\\d+ \\uxyz1"}', "\\d+ \\uxyz1"),
        ('{"input":"\\" \\\\ \\/ \\b\\f\\r\\t"}', '" \\ / \b\f\r\t'),
        ('{"input":"raw\nline"}', "raw\nline"),
    ],
)
def test_case_30_any_arguments_give_the_same_input_whole_and_cut_anywhere(
    arguments: str, text: str
) -> None:
    assert read(arguments) == text
    assert read(*arguments) == text
    for cut in range(len(arguments)):
        assert read(arguments[:cut], arguments[cut:]) == text


@given(st.text(), st.booleans(), st.lists(st.integers(0, 400)))
@example("😀\u2028'\"\\", True, [20, 21])
def test_whatever_the_text_it_comes_back(text: str, ascii_only: bool, cuts: list[int]) -> None:
    arguments = json.dumps({"input": text}, ensure_ascii=ascii_only)
    edges = [0, *sorted(cuts), len(arguments)]
    pieces = [arguments[a:b] for a, b in pairwise(edges)]
    assert read(*pieces) == text
    assert read(input_as_arguments(text)) == text


def test_long_arguments_of_another_form_are_kept_whole() -> None:
    pieces = ['{"code":"', *["x" * 100] * 10, '"}']
    assert read(*pieces) == "".join(pieces)
    assert read("{" + " " * 300, '"input":"x"}') == "x"
