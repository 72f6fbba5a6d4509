"""Answers whole, as a Gemini client reads them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
from tests.protocols.gemini.client_streams import (
    END,
    STATE,
    call,
    called,
    chunks,
    content,
    reply,
    text,
    thinking,
)

from dragoman.neutral.events import (
    Event,
    Finished,
    PartEnded,
    PartStarted,
    Started,
    UsageSeen,
)
from dragoman.neutral.json import Json, JsonObject, decode
from dragoman.neutral.parts import (
    ReasoningState,
    Text,
)
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Origin
from dragoman.protocols.gemini.codec import CODEC, array_stream_out
from dragoman.protocols.gemini.events_in import StreamReader


def test_usage_of_a_gemini_upstream_keeps_its_own_counters() -> None:
    usage = Usage(
        tokens_in=12,
        cache_read=0,
        protocol="gemini",
        extras={"toolUsePromptTokenCount": 2, "trafficType": "X"},
    )
    events: list[Event] = [UsageSeen(usage), Finished("end")]
    assert chunks(events, reply())[0]["usageMetadata"] == {
        "promptTokenCount": 10,
        "totalTokenCount": 12,
        "cachedContentTokenCount": 0,
        "toolUsePromptTokenCount": 2,
        "trafficType": "X",
    }


def test_a_whole_answer_has_its_thoughts_states_usage_and_names() -> None:
    events = [
        Started(id="up-1", model="up"),
        *thinking(0, STATE),
        *text(1, "t"),
        *call(2, "c1"),
        Finished("tool-call"),
        UsageSeen(Usage(tokens_in=1, tokens_out=2)),
    ]
    assert decode(msgspec.json.encode(CODEC.answer_out(fold(events), reply()))) == {
        **content(
            {"text": "hm", "thought": True},
            {"text": "t"},
            called("c1", "ZGdtMS54"),
            finishReason="STOP",
        ),
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3},
        "modelVersion": "my-model",
        "responseId": "up-1",
    }
    assert CODEC.answer_out(fold([Finished("end")]), reply()) == {
        **END,
        "modelVersion": "my-model",
        "responseId": "id",
    }


def test_thoughts_without_a_state_are_shown_or_left_out_of_a_whole_answer() -> None:
    answer = fold([*thinking(0), *text(1, "t"), Finished("end")])
    shown = content({"text": "hm", "thought": True}, {"text": "t"}, finishReason="STOP")
    hidden = content({"text": "t"}, finishReason="STOP")
    assert CODEC.answer_out(answer, reply())["candidates"] == shown["candidates"]
    assert CODEC.answer_out(answer, reply(thoughts=False))["candidates"] == hidden["candidates"]


def test_a_state_that_no_call_took_rides_on_the_last_text_of_a_whole_answer() -> None:
    def parts(events: list[Event], *, thoughts: bool = False) -> Json:
        answer = CODEC.answer_out(fold([*events, Finished("end")]), reply(thoughts=thoughts))
        return decode(msgspec.json.encode(answer["candidates"]))

    signed: JsonObject = {"text": "", "thoughtSignature": "ZGdtMS54"}
    assert (
        parts([*thinking(0, STATE), *text(1, "t")])
        == (
            content({"text": "t", "thoughtSignature": "ZGdtMS54"}, finishReason="STOP")[
                "candidates"
            ]
        )
    )
    assert (
        parts(thinking(0, STATE), thoughts=True)
        == (content({"text": "hm", "thought": True}, signed, finishReason="STOP")["candidates"])
    )
    own = ReasoningState("own", "gemini")
    signed_text: list[Event] = [
        PartStarted(2, Text("", state=own)),
        PartEnded(2),
        PartStarted(3, Text("")),
        PartEnded(3),
    ]
    assert (
        parts([*thinking(0, STATE), *thinking(1, STATE), *signed_text, *call(4, "c", own)])
        == (
            content(
                signed,
                {"text": "", "thoughtSignature": "own"},
                called("c", "own"),
                signed,
                finishReason="STOP",
            )["candidates"]
        )
    )


def new_ids() -> Callable[[str], str]:
    numbers = itertools.count()
    return lambda prefix: f"{prefix}{next(numbers)}"


def test_what_is_written_is_read_back_as_the_same_answer() -> None:
    """Our own stream through our own reader: text, calls, states and usage."""
    events = [
        Started(id="r"),
        *thinking(0),
        *text(1, "Hel", "lo"),
        *call(2, "c1", ReasoningState("s", "gemini")),
        UsageSeen(Usage(tokens_in=3, tokens_out=4, reasoning=1, protocol="gemini")),
        Finished("tool-call"),
    ]
    for make in (CODEC.stream_out, array_stream_out):
        stream = make(reply())
        reader = StreamReader(Origin(new_ids()))
        back = reader.feed(stream.encode(events) + stream.finish()) + reader.finish()
        assert fold(back).choices == fold(events).choices
        assert fold(back).usage == fold(events).usage
