"""The end of a Gemini client's stream: citations, finish reasons, failures."""

from __future__ import annotations

import pytest
from tests.protocols.gemini.client_streams import chunks, content, reply, text

from dragoman.errors import TimedOut
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    HostedProgress,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    StopReason,
    TextDelta,
)
from dragoman.neutral.json import JsonObject, decode
from dragoman.neutral.parts import (
    Citation,
    Text,
)
from dragoman.neutral.responses import fold
from dragoman.protocols.gemini.codec import CODEC, array_stream_out

CITED: list[Event] = [
    PartStarted(0, Text("")),
    TextDelta(0, "é "),
    PartEnded(0),
    PartStarted(1, Text("")),
    TextDelta(1, "x中y"),
    CitationDelta(1, Citation("https://a", "A", start=1, end=2)),
    CitationDelta(1, Citation("https://b", "B")),
    CitationDelta(1, Citation("https://a", "A", start=2, end=3)),
    PartEnded(1),
    LogprobsDelta(1, [{"token": "x", "logprob": -1, "bytes": None, "top_logprobs": []}, 5]),
    HostedProgress(1, {}, "responses"),
    Finished("end"),
]


def test_citations_are_grounding_in_bytes_and_log_probabilities_come_at_the_end() -> None:
    end: JsonObject = {
        "groundingMetadata": {
            "groundingChunks": [
                {"web": {"uri": "https://a", "title": "A"}},
                {"web": {"uri": "https://b", "title": "B"}},
            ],
            "groundingSupports": [
                {
                    "segment": {"startIndex": 4, "endIndex": 7, "text": "中"},
                    "groundingChunkIndices": [0],
                },
                {
                    "segment": {"startIndex": 7, "endIndex": 8, "text": "y"},
                    "groundingChunkIndices": [0],
                },
            ],
        },
        "logprobsResult": {
            "chosenCandidates": [{"token": "x", "logProbability": -1}],
            "topCandidates": [{"candidates": []}],
        },
    }
    assert chunks(CITED, reply())[-1] == content({"text": ""}, finishReason="STOP", **end)
    answer = CODEC.answer_out(fold(CITED), reply())
    assert (
        answer["candidates"]
        == (content({"text": "é "}, {"text": "x中y"}, finishReason="STOP", **end)["candidates"])
    )


def test_a_gemini_upstreams_own_end_is_kept() -> None:
    extras: JsonObject = {
        "finishReason": "RECITATION",
        "groundingMetadata": {"webSearchQueries": ["q"]},
        "promptFeedback": {"blockReason": "OTHER"},
        "native_finish_reason": "x",
    }
    events = [*CITED[:6], PartEnded(1), Finished("refusal", extras=extras)]
    wanted = content(
        {"text": ""}, finishReason="RECITATION", groundingMetadata={"webSearchQueries": ["q"]}
    )
    assert chunks(events, reply())[-1] == {"promptFeedback": {"blockReason": "OTHER"}, **wanted}
    answer = CODEC.answer_out(fold(events), reply())
    assert answer["promptFeedback"] == {"blockReason": "OTHER"}


def test_citations_without_a_place_are_sources_only() -> None:
    events: list[Event] = [
        PartStarted(0, Text("")),
        CitationDelta(0, Citation("https://b", "B")),
        PartEnded(0),
        Finished("end"),
    ]
    sources: JsonObject = {"groundingChunks": [{"web": {"uri": "https://b", "title": "B"}}]}
    assert chunks(events, reply()) == [
        content({"text": ""}, finishReason="STOP", groundingMetadata=sources)
    ]


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        ("end", "STOP"),
        ("tool-call", "STOP"),
        ("stop-sequence", "STOP"),
        ("pause", "STOP"),
        ("length", "MAX_TOKENS"),
        ("context-full", "MAX_TOKENS"),
        ("refusal", "SAFETY"),
    ],
)
def test_stops_are_finish_reasons(stop: StopReason, reason: str) -> None:
    assert chunks([Finished(stop)], reply()) == [content({"text": ""}, finishReason=reason)]


ERROR: JsonObject = {
    "error": {"code": 504, "message": "too late", "status": "DEADLINE_EXCEEDED", "details": []}
}


def test_a_failure_is_the_bare_error_object_or_the_arrays_last_element() -> None:
    """Google's SDKs look for it outside the events."""
    late = TimedOut("too late")
    assert CODEC.stream_out(reply()).fail(late) == (
        b'{"error":{"code":504,"message":"too late","status":"DEADLINE_EXCEEDED","details":[]}}\n'
    )
    assert decode(array_stream_out(reply()).fail(late)) == [ERROR]
    stream = array_stream_out(reply())
    begun = decode(stream.encode(text(0, "a")) + stream.fail(late))
    assert isinstance(begun, list)
    assert len(begun) == 2
    assert begun[1] == ERROR
