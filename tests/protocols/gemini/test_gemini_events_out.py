"""Events as a Gemini client's stream."""

from __future__ import annotations

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
    InputDelta,
    PartEnded,
    PartStarted,
    Ping,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.json import JsonObject, decode
from dragoman.neutral.parts import (
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
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.gemini.codec import CODEC, array_stream_out


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


def test_a_keepalive_is_blank_lines() -> None:
    assert CODEC.stream_out(reply()).ping() == b"\n\n"
