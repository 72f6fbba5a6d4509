"""Thinking whose state a Gemini client carries on a call or a text, for it may drop the thought."""

from dragoman.neutral.events import (
    Event,
    Finished,
    InputDelta,
    PartEnded,
    PartStarted,
    Started,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Part, Reasoning, ReasoningState, Text, ToolCall
from dragoman.neutral.requests import Request, Turn
from dragoman.reasoning.passage import unsealed
from dragoman.reasoning.sealing import StateSealer

KEY = b"k" * 32
OWN = ReasoningState("sig", "anthropic", "claude", "0")


def sealed(redacted: bool = False) -> ReasoningState:
    """The state a Gemini client is given for thinking of Anthropic's."""
    sealer = StateSealer("gemini", KEY)
    head = Reasoning(state=OWN if redacted else None, redacted=redacted)
    events: list[Event] = [Started(), PartStarted(0, head)]
    if not redacted:
        events += [TextDelta(0, "It is "), TextDelta(0, "so."), StateDelta(0, OWN)]
    events += [PartEnded(0), PartStarted(1, ToolCall("c", "f", "")), InputDelta(1, "{}")]
    events += [PartEnded(1), Finished("tool-call")]
    out = [after for event in events for after in sealer.apply(event)]
    if redacted:
        started = next(event for event in out if isinstance(event, PartStarted))
        assert isinstance(started.head, Reasoning)
        assert started.head.state is not None
        return started.head.state
    return next(event.state for event in out if isinstance(event, StateDelta))


def returned(*parts: Part) -> tuple[Part, ...]:
    turns = (Turn("user", (Text("q"),)), Turn("assistant", parts))
    losses = Losses()
    request = unsealed(Request("gemini", "m", turns), KEY, losses)
    assert not losses
    return request.turns[1].parts


def carried(state: ReasoningState) -> ReasoningState:
    return ReasoningState(state.blob, "gemini")


def test_a_dropped_thought_comes_back_before_its_call() -> None:
    parts = returned(ToolCall("c", "f", "{}", state=carried(sealed())))
    assert parts == (Reasoning("It is so.", OWN), ToolCall("c", "f", "{}"))


def test_the_unsigned_pieces_a_client_sends_back_are_replaced_by_the_whole_thought() -> None:
    call = ToolCall("c", "f", "{}", state=carried(sealed()))
    parts = returned(Text("Well."), Reasoning("It is "), Reasoning("so."), call)
    assert parts == (Text("Well."), Reasoning("It is so.", OWN), ToolCall("c", "f", "{}"))


def test_an_empty_text_that_only_carried_the_state_is_gone() -> None:
    parts = returned(Text("Done."), Text("", state=carried(sealed())))
    assert parts == (Reasoning("It is so.", OWN), Text("Done."))


def test_a_thought_comes_back_before_the_text_it_led_to_and_the_call_behind_that() -> None:
    call = ToolCall("c", "f", "{}", state=carried(sealed()))
    whole = (Reasoning("It is so.", OWN), Text("Well."), ToolCall("c", "f", "{}"))
    assert returned(Text("Well."), call) == whole
    assert returned(Reasoning("It is "), Reasoning("so."), Text("Well."), call) == whole


def test_a_text_that_carried_the_state_follows_its_thought() -> None:
    assert returned(Text("Done.", state=carried(sealed()))) == (
        Reasoning("It is so.", OWN),
        Text("Done."),
    )


def test_a_redacted_thought_comes_back_redacted() -> None:
    parts = returned(ToolCall("c", "f", "{}", state=carried(sealed(redacted=True))))
    assert parts == (Reasoning("", OWN, redacted=True), ToolCall("c", "f", "{}"))


def test_another_thoughts_state_is_not_taken_away() -> None:
    other = Reasoning("First.", ReasoningState("bare", "gemini"))
    call = ToolCall("c", "f", "{}", state=carried(sealed()))
    assert returned(other, call)[:2] == (other, Reasoning("It is so.", OWN))
