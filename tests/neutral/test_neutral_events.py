import pytest

from dragoman.errors import Broken
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    Head,
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
    commits,
)
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
from dragoman.neutral.usage import Usage

STATE = ReasoningState("s", "anthropic")


@pytest.mark.parametrize(
    "event",
    [
        TextDelta(0, "a"),
        InputDelta(0, "{"),
        StateDelta(0, STATE),
        CitationDelta(0, Citation()),
        HostedProgress(0, {}, "responses"),
        Finished("end"),
    ],
)
def test_content_and_a_regular_end_commit_an_attempt(event: Event) -> None:
    assert commits(event)


@pytest.mark.parametrize(
    "event",
    [
        Started(),
        PartEnded(0),
        LogprobsDelta(0, []),
        UsageSeen(Usage()),
        Failed(Broken("x")),
        Ping(),
    ],
)
def test_what_says_nothing_yet_does_not_commit(event: Event) -> None:
    assert not commits(event)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (Text(""), False),
        (Reasoning(), False),
        (Refusal(""), False),
        (ToolCall("1", "f", ""), True),
        (Media("image"), True),
        (HostedCall("1", "web_search"), True),
        (HostedResult("1", "web_search"), True),
        (Opaque("x", {}, "gemini"), True),
    ],
)
def test_the_start_of_a_part_commits_when_its_head_is_content(head: Head, expected: bool) -> None:
    assert commits(PartStarted(0, head)) is expected
