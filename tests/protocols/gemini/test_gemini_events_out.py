"""Events as a Gemini client's stream, and answers whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import msgspec
import pytest

from dragoman.errors import TimedOut
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Finished,
    HostedProgress,
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
from dragoman.neutral.json import Json, JsonObject, decode
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
from dragoman.neutral.requests import ReasoningSettings, Request, Sampling
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Origin, Reply
from dragoman.protocols.gemini.codec import CODEC, array_stream_out
from dragoman.protocols.gemini.events_in import StreamReader

STATE = ReasoningState("dgm1.x", "anthropic")


def reply(n: int | None = None, *, thoughts: bool = True) -> Reply:
    return Reply(
        request=Request(
            protocol="gemini",
            model="m",
            turns=(),
            sampling=Sampling(n=n),
            reasoning=ReasoningSettings(summary="auto" if thoughts else None),
        ),
        model="my-model",
        new_id=lambda prefix: f"{prefix}id",
        clock=lambda: 0.0,
        created_s=1,
    )


def chunks(events: Sequence[Event], to: Reply) -> list[JsonObject]:
    """The stream's chunks; the frame is Google's, and the same events one by one give the same."""
    stream = CODEC.stream_out(to)
    data = stream.encode(events) + stream.finish()
    single = CODEC.stream_out(to)
    assert b"".join(single.encode([event]) for event in events) + single.finish() == data
    out: list[JsonObject] = []
    for message in data.split(b"\r\n\r\n")[:-1]:
        value = decode(message.removeprefix(b"data: "))
        assert isinstance(value, dict)
        assert value.pop("modelVersion") == "my-model"
        assert value.pop("responseId") == "id"
        out.append(value)
    return out


def content(*parts: Json, **more: Json) -> JsonObject:
    return {"candidates": [{"content": {"parts": list(parts), "role": "model"}, **more}]}


END: JsonObject = content({"text": ""}, finishReason="STOP")


def text(index: int, *pieces: str) -> list[Event]:
    return [
        PartStarted(index, Text("")),
        *(TextDelta(index, piece) for piece in pieces),
        PartEnded(index),
    ]


def call(index: int, call_id: str, state: ReasoningState | None = None) -> list[Event]:
    return [
        PartStarted(index, ToolCall(call_id, "f", "", state=state)),
        InputDelta(index, '{"a":1'),
        InputDelta(index, "}"),
        PartEnded(index),
    ]


def thinking(index: int, state: ReasoningState | None = None) -> list[Event]:
    states: list[Event] = [] if state is None else [StateDelta(index, state)]
    return [PartStarted(index, Reasoning()), TextDelta(index, "hm"), *states, PartEnded(index)]


def called(call_id: str, signature: str | None = None) -> JsonObject:
    part: JsonObject = {"functionCall": {"id": call_id, "name": "f", "args": {"a": 1}}}
    return part if signature is None else {**part, "thoughtSignature": signature}


def test_text_goes_out_as_it_comes_and_the_end_waits_for_the_last_usage() -> None:
    events = [
        Started(id="", model="up", usage=Usage(tokens_in=7)),
        Ping(),
        *text(0, "Hel", "lo é"),
        Finished("end"),
        UsageSeen(Usage(tokens_in=7, tokens_out=9, reasoning=4, cache_read=2)),
    ]
    early: JsonObject = {"promptTokenCount": 7, "totalTokenCount": 7}
    late: JsonObject = {
        "promptTokenCount": 7,
        "candidatesTokenCount": 5,
        "totalTokenCount": 16,
        "cachedContentTokenCount": 2,
        "thoughtsTokenCount": 4,
    }
    assert chunks(events, reply()) == [
        {**content({"text": "Hel"}), "usageMetadata": early},
        {**content({"text": "lo é"}), "usageMetadata": early},
        {**END, "usageMetadata": late},
    ]


def test_the_bytes_of_a_chunk_are_googles_frame() -> None:
    stream = CODEC.stream_out(reply())
    assert stream.content_type == "text/event-stream"
    assert stream.encode([Started(id="r1"), *text(0, "a")]) == (
        b'data: {"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"}}],'
        b'"modelVersion":"my-model","responseId":"r1"}\r\n\r\n'
    )
    assert stream.finish() == (
        b'data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},'
        b'"finishReason":"STOP"}],"modelVersion":"my-model","responseId":"r1"}\r\n\r\n'
    )


def test_calls_go_out_whole_and_in_the_order_they_began() -> None:
    first, second = call(0, "c1"), call(1, "c2", STATE)
    mixed = [first[0], second[0], second[1], first[1], second[2], second[3], *first[2:]]
    assert chunks([*mixed, Finished("tool-call")], reply()) == [
        content(called("c1")),
        content(called("c2", "ZGdtMS54")),
        END,
    ]
    odd: list[Event] = [
        PartStarted(0, ToolCall("c1", "f", "")),
        PartEnded(0),
        PartStarted(1, ToolCall("c2", "f", '{"big":')),
        InputDelta(1, "1.50}"),
        PartEnded(1),
        PartStarted(2, ToolCall("c3", "f", "not json")),
        PartEnded(2),
    ]
    data = CODEC.stream_out(reply()).encode(odd)
    assert b'"args":{}}' in data
    assert b'"args":{"big":1.50}}' in data
    assert b'"args":{"input":"not json"}}' in data


def test_thoughts_are_shown_only_to_who_asked_for_them() -> None:
    events = [*thinking(0), *text(1, "t"), Finished("end")]
    assert chunks(events, reply()) == [
        content({"text": "hm", "thought": True}),
        content({"text": "t"}),
        END,
    ]
    assert chunks(events, reply(thoughts=False)) == [content({"text": "t"}), END]


def test_a_thoughts_state_moves_to_the_next_call_that_has_none() -> None:
    """Gemini CLI drops thoughts, but sends the signatures of calls back."""
    own = ReasoningState("own", "gemini")
    hidden = reply(thoughts=False)
    assert chunks([*thinking(0, STATE), *text(1, "t"), *call(2, "c1"), *call(3, "c2")], hidden) == [
        content({"text": "t"}),
        content(called("c1", "ZGdtMS54")),
        content(called("c2")),
        END,
    ]
    assert chunks([*thinking(0, STATE), *call(1, "c1", own), Finished("end")], hidden) == [
        content(called("c1", "own")),
        content({"text": "", "thoughtSignature": "ZGdtMS54"}, finishReason="STOP"),
    ]
    other = ReasoningState("second", "anthropic")
    assert chunks([*thinking(0, STATE), *thinking(1, other), *call(2, "c1")], hidden) == [
        content({"text": "", "thoughtSignature": "ZGdtMS54"}),
        content(called("c1", "second")),
        END,
    ]
    given_in_head: list[Event] = [PartStarted(0, Reasoning("", STATE)), PartEnded(0)]
    late: list[Event] = [*call(1, "c1")[:-1], StateDelta(1, own), PartEnded(1), Finished("end")]
    assert chunks([*given_in_head, *late], hidden)[0] == content(called("c1", "own"))


def test_a_texts_state_goes_out_on_an_empty_text() -> None:
    events: list[Event] = [
        PartStarted(0, Text("a")),
        StateDelta(0, STATE),
        PartEnded(0),
        Finished("end"),
    ]
    assert chunks(events, reply()) == [
        content({"text": "a"}),
        content({"text": "", "thoughtSignature": "ZGdtMS54"}),
        END,
    ]


def complete(*heads: Media | HostedCall | HostedResult | Opaque | Refusal) -> list[Event]:
    out: list[Event] = []
    for index, head in enumerate(heads):
        out += [PartStarted(index, head), PartEnded(index)]
    return [*out, Finished("end")]


WHOLE_PARTS = complete(
    Media("image", data="AA==", mime="image/webp", state=STATE),
    Media("audio", data="BB=="),
    Media("image", url="https://x/a"),
    Media("file", text="t"),
    Media("file", file_id="f"),
    HostedCall("h", "web_search", raw={"type": "x"}, protocol="anthropic"),
    HostedCall("h", "code_execution", raw={"executableCode": {}}, protocol="gemini"),
    HostedResult("h", "code_execution", "found", raw={"type": "x"}, protocol="anthropic"),
    HostedResult("h", "code_execution", "", protocol="anthropic"),
    HostedResult("h", "code_execution", "t", raw={"codeExecutionResult": {}}, protocol="gemini"),
    Opaque("new", {"new": 1}, "gemini"),
    Opaque("old", {"old": 1}, "anthropic"),
    Refusal("no"),
)
WHOLE_WIRE: list[JsonObject] = [
    {"inlineData": {"mimeType": "image/webp", "data": "AA=="}, "thoughtSignature": "ZGdtMS54"},
    {"inlineData": {"mimeType": "audio/wav", "data": "BB=="}},
    {"fileData": {"mimeType": "image/png", "fileUri": "https://x/a"}},
    {"text": "t"},
    {"executableCode": {}},
    {"text": "found"},
    {"codeExecutionResult": {}},
    {"new": 1},
    {"text": "no"},
]


def test_whole_parts_are_inline_own_or_readable_text() -> None:
    assert chunks(WHOLE_PARTS, reply()) == [*(content(part) for part in WHOLE_WIRE), END]
    answer = CODEC.answer_out(fold(WHOLE_PARTS), reply())
    assert answer["candidates"] == content(*WHOLE_WIRE, finishReason="STOP")["candidates"]


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


def test_several_candidates_carry_their_index_and_end_together() -> None:
    events: list[Event] = [
        PartStarted(0, Text(""), 1),
        TextDelta(0, "b", 1),
        PartStarted(0, Text("")),
        TextDelta(0, "a"),
        PartEnded(0),
        PartEnded(0, 1),
        Finished("length", choice=1),
        Finished("end"),
    ]
    assert chunks(events, reply(2)) == [
        content({"text": "b"}, index=1),
        content({"text": "a"}, index=0),
        content({"text": ""}, finishReason="STOP", index=0),
        content({"text": ""}, finishReason="MAX_TOKENS", index=1),
    ]
    assert CODEC.answer_out(fold(events), reply(2))["candidates"] == [
        {
            "content": {"parts": [{"text": "a"}], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        },
        {
            "content": {"parts": [{"text": "b"}], "role": "model"},
            "finishReason": "MAX_TOKENS",
            "index": 1,
        },
    ]


def test_the_array_stream_is_one_json_document_with_white_space_keepalives() -> None:
    events = [Started(id="r"), *text(0, "a", "b"), Finished("end")]
    stream = array_stream_out(reply())
    assert stream.content_type == "application/json"
    pieces = [stream.ping(), stream.encode(events[:2]), stream.encode(events[2:4]), stream.ping()]
    pieces += [stream.encode(events[4:]), stream.finish()]
    array = decode(b"".join(pieces))
    sse = CODEC.stream_out(reply())
    data = sse.encode(events) + sse.finish()
    assert array == [decode(m.removeprefix(b"data: ")) for m in data.split(b"\r\n\r\n")[:-1]]
    assert array_stream_out(reply()).finish() == b"[]"


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


def test_a_keepalive_is_blank_lines() -> None:
    assert CODEC.stream_out(reply()).ping() == b"\n\n"


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
