"""Gemini answers, streamed and whole, as events."""

from __future__ import annotations

import pytest

from dragoman.errors import Broken, ErrorKind, UpstreamRefused
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Failed,
    Finished,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import JsonObject, encode
from dragoman.neutral.parts import (
    Citation,
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Reasoning,
    ReasoningState,
    Text,
    ToolCall,
)
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Origin
from dragoman.protocols.gemini.events_in import StreamReader, answer_in

ORIGIN = Origin(new_id=lambda prefix: f"{prefix}new", upstream="google", credential="k1")


def state(blob: str) -> ReasoningState:
    return ReasoningState(blob, "gemini", "google", "k1")


def sse(*chunks: JsonObject, end: bytes = b"\r\n\r\n") -> bytes:
    return b"".join(b"data: " + encode(chunk) + end for chunk in chunks)


def chunk(*parts: JsonObject, **more: object) -> JsonObject:
    candidate: JsonObject = {"content": {"parts": list(parts), "role": "model"}}
    candidate |= more  # type: ignore[arg-type] # JSON by construction
    return {"candidates": [candidate]}


def stream(data: bytes) -> list[Event]:
    reader = StreamReader(ORIGIN)
    return reader.feed(data) + reader.finish()


def whole(body: JsonObject) -> list[Event]:
    return answer_in(encode(body), ORIGIN)


def failure(events: list[Event]) -> tuple[type, str]:
    last = events[-1]
    assert isinstance(last, Failed)
    return type(last.error), last.error.message


RECORDED = sse(
    {
        **chunk({"text": "Thinking é中", "thought": True}),
        "usageMetadata": {"promptTokenCount": 10, "thoughtsTokenCount": 3},
        "modelVersion": "gemini-3-pro",
        "responseId": "r1",
    },
    {
        **chunk({"text": " more", "thought": True}),
        "usageMetadata": {"promptTokenCount": 10, "thoughtsTokenCount": 3},
    },
    chunk({"text": "Hel"}),
    chunk({"text": "lo 🚀"}),
    chunk(
        {
            "functionCall": {"id": "c1", "name": "f", "args": {"a": "it's"}},
            "thoughtSignature": "S1",
        },
        {"functionCall": {"name": "g"}},
    ),
    {
        **chunk({"text": ""}, finishReason="STOP"),
        "usageMetadata": {
            "promptTokenCount": 10,
            "toolUsePromptTokenCount": 2,
            "cachedContentTokenCount": 4,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 3,
            "totalTokenCount": 20,
        },
    },
)

EVENTS: list[Event] = [
    Started(id="r1", model="gemini-3-pro"),
    UsageSeen(Usage(tokens_in=10, tokens_out=3, reasoning=3, protocol="gemini")),
    PartStarted(0, Reasoning()),
    TextDelta(0, "Thinking é中"),
    TextDelta(0, " more"),
    PartEnded(0),
    PartStarted(1, Text("")),
    TextDelta(1, "Hel"),
    TextDelta(1, "lo 🚀"),
    PartEnded(1),
    PartStarted(2, ToolCall("c1", "f", "", state=state("S1"))),
    InputDelta(2, '{"a":"it\'s"}'),
    PartEnded(2),
    PartStarted(3, ToolCall("call_new", "g", "")),
    InputDelta(3, "{}"),
    PartEnded(3),
    UsageSeen(
        Usage(
            tokens_in=12,
            tokens_out=8,
            cache_read=4,
            reasoning=3,
            protocol="gemini",
            extras={"toolUsePromptTokenCount": 2},
        )
    ),
    Finished("tool-call"),
]


def test_a_recorded_stream_gives_its_events_at_every_cut() -> None:
    for data in (RECORDED, RECORDED.replace(b"\r\n", b"\n")):
        assert stream(data) == EVENTS
        for cut in range(len(data) + 1):
            reader = StreamReader(ORIGIN)
            events = reader.feed(data[:cut]) + reader.feed(data[cut:])
            assert reader.ended
            assert events + reader.finish() == EVENTS


def test_a_json_array_in_place_of_events_is_read_at_every_cut() -> None:
    """Some servers ignore alt=sse, and answer pretty-printed."""
    lines = [line for line in RECORDED.split(b"\r\n\r\n") if line]
    objects = [line.removeprefix(b"data: ") for line in lines]
    pretty = b"[" + b"\n,\r\n".join(o.replace(b',"', b',\n  "') for o in objects) + b"\n]\n"
    single = b"[" + b",".join(objects) + b"]"
    for data in (pretty, single):
        for cut in range(len(data) + 1):
            reader = StreamReader(ORIGIN)
            events = reader.feed(data[:cut]) + reader.feed(data[cut:]) + reader.finish()
            assert events == EVENTS
    assert answer_in(single, ORIGIN) == EVENTS


def test_nothing_is_read_after_the_end() -> None:
    assert stream(RECORDED + sse(chunk({"text": "late"})) + b"data: [DONE]\n\n") == EVENTS
    assert stream(b": hello\n\ndata: [DONE]\n\n" + RECORDED) == EVENTS


def test_a_stream_without_a_finish_reason_was_cut() -> None:
    assert failure(stream(sse(chunk({"text": "a"})))) == (
        Broken,
        "the upstream's stream was cut before a finishReason",
    )
    assert failure(stream(b"<html>")) == (
        Broken,
        "the upstream's stream was cut before its first event",
    )
    assert failure(stream(b'[{"candidates": [')) == (
        Broken,
        "the upstream's stream was cut before its first event",
    )
    assert failure(stream(sse(chunk({"text": "a"}, finishReason="FINISH_REASON_UNSPECIFIED")))) == (
        Broken,
        "the upstream's stream was cut before a finishReason",
    )
    reader = StreamReader(ORIGIN)
    assert [type(event) for event in reader.finish() + reader.finish()] == [Failed]


def test_garbage_is_broken_and_says_where() -> None:
    assert failure(stream(b"data: {oops\n\n"))[1].startswith(
        "the upstream's answer is not readable: "
    )
    assert failure(stream(sse(chunk({"text": 5})))) == (
        Broken,
        "the upstream's answer is not readable: Expected `str | null`, got `int` - at "
        "`$.candidates[0].content.parts[0].text`",
    )
    assert failure(stream(sse(chunk({"executableCode": 5})))) == (
        Broken,
        "the upstream's answer is not readable: part.executableCode: expected an object, "
        "got an integer",
    )
    assert failure(answer_in(b"[oops", ORIGIN))[0] is Broken


def test_an_error_in_the_stream_is_the_upstreams_refusal() -> None:
    error: JsonObject = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}
    begun = sse(chunk({"text": "a"}))
    bare = encode(error) + b"\n"
    spread = b'{\n  "error": {\n    "code": 503,\n    "message": "overloaded",\n "x": {}\n  }\n}'
    for data in (begun + bare, begun + sse(error), spread, begun + spread, b"[" + bare + b"]"):
        last = stream(data)[-1]
        assert isinstance(last, Failed)
        assert isinstance(last.error, UpstreamRefused)
        assert (last.error.status, last.error.kind, last.error.message) == (
            503,
            ErrorKind.OVERLOADED,
            "overloaded",
        )
    assert failure(stream(b'data: {"error": 5}\n\n')) == (
        Broken,
        "the upstream's answer has an empty error",
    )
    assert stream(sse({"error": None, **chunk(finishReason="STOP")}))[-1] == Finished("end")


def test_a_signature_ends_its_part_and_may_stand_on_empty_text() -> None:
    events = stream(
        sse(
            chunk({"text": "a"}, {"text": "", "thoughtSignature": "S"}, {"text": "b"}),
            chunk(
                {"text": "", "thought": True, "thoughtSignature": "T"}, finishReason="MAX_TOKENS"
            ),
        )
    )
    assert events == [
        Started(),
        PartStarted(0, Text("")),
        TextDelta(0, "a"),
        StateDelta(0, state("S")),
        PartEnded(0),
        PartStarted(1, Text("")),
        TextDelta(1, "b"),
        PartEnded(1),
        PartStarted(2, Reasoning()),
        StateDelta(2, state("T")),
        PartEnded(2),
        Finished("length"),
    ]


def test_media_hosted_and_unknown_parts_come_whole() -> None:
    run: JsonObject = {"executableCode": {"language": "PYTHON", "code": "print(1)"}}
    ran: JsonObject = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}
    draft: JsonObject = {"inlineData": {"mimeType": "image/png", "data": "BB=="}, "thought": True}
    events = stream(
        sse(
            chunk({"text": "a"}, run, ran),
            chunk(
                {"inlineData": {"mimeType": "image/png", "data": "AA=="}, "thoughtSignature": "S"},
                draft,
                {"newKind": {"x": 1}},
                {"inlineData": {"data": "AA=="}},
                finishReason="STOP",
            ),
        )
    )
    heads = [event.head for event in events if isinstance(event, PartStarted)]
    assert heads == [
        Text(""),
        HostedCall(
            "code_at_1", "code_execution", '{"language":"python","code":"print(1)"}', run, "gemini"
        ),
        HostedResult(
            "code_at_1",
            "code_execution",
            "```python\nprint(1)\n```\n\n```\n1\n```",
            (),
            ran,
            "gemini",
        ),
        Media("image", data="AA==", mime="image/png", state=state("S")),
        Opaque("inlineData", draft, "gemini"),
        Opaque("newKind", {"newKind": {"x": 1}}, "gemini"),
        Media("file", data="AA=="),
    ]
    assert [event.index for event in events if isinstance(event, PartEnded)] == list(range(7))
    assert events[-1] == Finished("end")


@pytest.mark.parametrize(
    ("reason", "finished"),
    [
        ("STOP", Finished("end")),
        ("MAX_TOKENS", Finished("length")),
        ("SAFETY", Finished("refusal", extras={"finishReason": "SAFETY"})),
        ("RECITATION", Finished("refusal", extras={"finishReason": "RECITATION"})),
        ("SPII", Finished("refusal", extras={"finishReason": "SPII"})),
        ("LANGUAGE", Finished("end", extras={"finishReason": "LANGUAGE"})),
        ("BRAND_NEW", Finished("end", extras={"finishReason": "BRAND_NEW"})),
    ],
)
def test_finish_reasons_are_stops(reason: str, finished: Finished) -> None:
    assert stream(sse(chunk(finishReason=reason)))[-1] == finished


def test_an_unusable_answer_has_failed_in_the_models_words() -> None:
    assert failure(
        stream(sse(chunk(finishReason="MALFORMED_FUNCTION_CALL", finishMessage="call: f(")))
    ) == (Broken, "the model's answer is unusable (MALFORMED_FUNCTION_CALL): call: f(")
    assert failure(stream(sse(chunk(finishReason="UNEXPECTED_TOOL_CALL")))) == (
        Broken,
        "the model's answer is unusable (UNEXPECTED_TOOL_CALL)",
    )


def test_a_blocked_prompt_is_a_refusal() -> None:
    feedback: JsonObject = {"blockReason": "PROHIBITED_CONTENT"}
    refused = [Started(), Finished("refusal", extras={"promptFeedback": feedback})]
    assert stream(sse({"promptFeedback": feedback})) == refused
    assert whole({"promptFeedback": feedback}) == refused


def test_candidates_are_choices_and_the_stream_ends_with_the_last_of_them() -> None:
    def both(first: JsonObject, second: JsonObject) -> JsonObject:
        return {"candidates": [first, {**second, "index": 1}]}

    one: JsonObject = {"content": {"parts": [{"text": "a"}]}}
    two: JsonObject = {"content": {"parts": [{"text": "b"}]}}
    stop: JsonObject = {"finishReason": "STOP"}
    events = stream(
        sse(both(one, two), both(stop, two), both(one, {**stop, "finishMessage": "fine"}))
    )
    assert events == [
        Started(),
        PartStarted(0, Text("")),
        TextDelta(0, "a"),
        PartStarted(0, Text(""), 1),
        TextDelta(0, "b", 1),
        PartEnded(0),
        Finished("end"),
        TextDelta(0, "b", 1),
        PartEnded(0, 1),
        Finished("end", choice=1, extras={"finishMessage": "fine"}),
    ]


def test_grounding_is_citations_in_characters_of_the_open_text() -> None:
    metadata: JsonObject = {
        "groundingChunks": [
            {"web": {"uri": "https://a", "title": "A"}},
            {"retrievedContext": {"uri": "https://b"}},
            {"other": 1},
        ],
        "groundingSupports": [
            {"segment": {"endIndex": 3, "text": "é!"}, "groundingChunkIndices": [0, 9, "x"]},
            {
                "segment": {"startIndex": 3, "endIndex": 99, "text": "far"},
                "groundingChunkIndices": [0],
            },
            {"segment": 5, "groundingChunkIndices": [1]},
            {"segment": {"endIndex": 1}},
        ],
        "webSearchQueries": ["q"],
    }
    events = stream(
        sse(
            chunk({"text": "é! and"}, groundingMetadata=metadata),
            chunk(finishReason="STOP", groundingMetadata=metadata),
        )
    )
    assert events[2:] == [
        TextDelta(0, "é! and"),
        CitationDelta(0, Citation("https://a", "A", "é!", 0, 2, protocol="gemini")),
        CitationDelta(0, Citation("https://a", "A", "far", protocol="gemini")),
        CitationDelta(0, Citation("https://b", "", protocol="gemini")),
        CitationDelta(0, Citation("", "", protocol="gemini")),
        PartEnded(0),
        Finished("end", extras={"groundingMetadata": metadata}),
    ]


def test_grounding_of_text_that_is_closed_opens_a_part_for_its_citations() -> None:
    metadata: JsonObject = {
        "groundingChunks": [{"web": {"uri": "https://a", "title": "A"}}],
        "groundingSupports": [{"segment": {"endIndex": 2}, "groundingChunkIndices": [0]}],
    }
    events = stream(
        sse(
            chunk(
                {"text": "abc"},
                {"functionCall": {"name": "f"}},
                finishReason="STOP",
                groundingMetadata=metadata,
            )
        )
    )
    assert events[-4:-1] == [
        PartStarted(2, Text("")),
        CitationDelta(2, Citation("https://a", "A", protocol="gemini")),
        PartEnded(2),
    ]


def test_log_probabilities_have_chats_item_shape() -> None:
    result: JsonObject = {
        "chosenCandidates": [
            {"token": "é", "tokenId": 5, "logProbability": -1},
            {"token": "b", "logProbability": 0},
        ],
        "topCandidates": [{"candidates": [{"token": "a", "logProbability": -2}]}],
    }
    events = stream(sse(chunk({"text": "é"}, logprobsResult=result, finishReason="STOP")))
    assert events[3] == LogprobsDelta(
        0,
        [
            {
                "token": "é",
                "logprob": -1,
                "bytes": [195, 169],
                "top_logprobs": [{"token": "a", "logprob": -2, "bytes": [97]}],
            },
            {"token": "b", "logprob": 0, "bytes": [98], "top_logprobs": []},
        ],
    )
    assert LogprobsDelta(0, []) in stream(sse(chunk(logprobsResult=None, finishReason="STOP")))


def test_usage_is_told_when_it_changes_and_odd_counts_are_not_known() -> None:
    def counted(usage: JsonObject | None, **more: object) -> JsonObject:
        return {**chunk(**more), "usageMetadata": usage}

    events = stream(
        sse(
            counted({"promptTokenCount": 1, "candidatesTokenCount": {}, "totalTokenCount": True}),
            counted({"promptTokenCount": 1, "candidatesTokenCount": {}, "totalTokenCount": True}),
            counted({"promptTokenCount": 1, "totalTokenCount": 1}),
            counted(
                {
                    "promptTokenCount": 1,
                    "candidatesTokenCount": 0,
                    "promptTokensDetails": [
                        {"modality": "TEXT"},
                        {"modality": "AUDIO", "tokenCount": 1},
                    ],
                    "candidatesTokensDetails": [5],
                },
                finishReason="STOP",
            ),
        )
    )
    details: JsonObject = {
        "promptTokensDetails": [{"modality": "TEXT"}, {"modality": "AUDIO", "tokenCount": 1}],
        "candidatesTokensDetails": [5],
    }
    assert [event for event in events if isinstance(event, UsageSeen)] == [
        UsageSeen(Usage(tokens_in=1, protocol="gemini")),
        UsageSeen(Usage(tokens_in=1, tokens_out=0, audio_in=1, protocol="gemini", extras=details)),
    ]


def test_a_whole_answer_is_read_and_needs_no_finish_reason() -> None:
    body = chunk({"text": "a"}, {"functionCall": {"id": "c", "name": "f", "args": None}})
    assert whole({**body, "responseId": "r"}) == [
        Started(id="r"),
        PartStarted(0, Text("")),
        TextDelta(0, "a"),
        PartEnded(0),
        PartStarted(1, ToolCall("c", "f", "")),
        InputDelta(1, "{}"),
        PartEnded(1),
        Finished("tool-call"),
    ]
    one: JsonObject = {"finishReason": "STOP"}
    two: JsonObject = {"content": {}, "index": 1}
    assert whole({"candidates": [one, two]}) == [
        Started(),
        Finished("end"),
        Finished("end", choice=1),
    ]
    assert failure(whole({"responseId": "r"})) == (
        Broken,
        "the upstream's answer holds no candidate",
    )
    assert (
        failure(answer_in(b'{"candidates":[{"content":{"parts":[{"text":1}]}}]}', ORIGIN))[0]
        is Broken
    )
