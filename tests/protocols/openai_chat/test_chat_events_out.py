"""Events and answers as a Chat client receives them."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from dragoman.errors import Broken
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
from dragoman.neutral.requests import Request
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Origin, Reply
from dragoman.protocols.openai_chat.codec import CODEC


def reply(*, usage: bool = False, stream: bool = True) -> Reply:
    counter = itertools.count(1)
    request = Request("openai", "alias", (), stream=stream, include_usage=usage)
    return Reply(request, "alias", lambda p: f"{p}{next(counter)}", lambda: 0.0, 1700000000)


def frames(data: bytes) -> list[Any]:
    out: list[Any] = []
    for frame in data.decode().split("\n\n")[:-1]:
        assert frame.startswith("data: ")
        out.append(frame[6:] if frame == "data: [DONE]" else json.loads(frame[6:]))
    return out


def streamed(events: Sequence[Event], *, usage: bool = False) -> list[Any]:
    encoder = CODEC.stream_out(reply(usage=usage))
    return frames(encoder.encode(events) + encoder.finish())


def deltas(events: Sequence[Event]) -> list[Any]:
    found = streamed(events)
    return [c["choices"][0]["delta"] for c in found[1:-1] if c["choices"][0]["delta"]]


def whole(events: Sequence[Event]) -> Any:
    return json.loads(json.dumps(CODEC.answer_out(fold(events), reply())))


def message(events: Sequence[Event]) -> Any:
    return whole(events)["choices"][0]["message"]


def envelope(**choice: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "alias",
        "choices": [{"index": 0, "logprobs": None, "finish_reason": None, **choice}],
    }


TEXT: list[Event] = [
    Started(id="msg_1", model="claude"),
    PartStarted(0, Text("")),
    TextDelta(0, "Grüße "),
    TextDelta(0, ""),
    Ping(),
    TextDelta(0, '"x"\n'),
    PartEnded(0),
    UsageSeen(Usage(tokens_in=5, tokens_out=2, cache_read=3, reasoning=1)),
    Finished("end"),
]


def test_a_text_stream_opens_with_the_role_and_closes_with_the_reason() -> None:
    ids = [{**f, "id": "chatcmpl-1"} if f != "[DONE]" else f for f in streamed(TEXT)]
    assert ids == [
        envelope(delta={"role": "assistant", "content": ""}),
        envelope(delta={"content": "Grüße "}),
        envelope(delta={"content": '"x"\n'}),
        envelope(delta={}, finish_reason="stop"),
        "[DONE]",
    ]
    assert {f["id"] for f in streamed(TEXT)[:-1]} == {"chatcmpl-2"}


def test_an_upstreams_chat_id_and_fingerprint_are_kept() -> None:
    started = Started(id="chatcmpl-up", extras={"system_fingerprint": "fp", "other": 1})
    first = streamed([started, Finished("end")])[0]
    assert (first["id"], first["system_fingerprint"]) == ("chatcmpl-up", "fp")
    assert "other" not in first
    answer = whole([started, Finished("end")])
    assert (answer["id"], answer["system_fingerprint"]) == ("chatcmpl-up", "fp")
    assert "system_fingerprint" not in streamed(TEXT)[0]


def test_a_second_turns_start_changes_nothing_but_the_counts() -> None:
    first, second = Started(usage=Usage(tokens_in=1)), Started(usage=Usage(tokens_in=2))
    found = streamed([first, second, Finished("end")], usage=True)
    assert [c["choices"][0]["delta"] for c in found[:-2]] == [
        {"role": "assistant", "content": ""},
        {},
    ]
    assert len({c["id"] for c in found[:-1]}) == 1
    assert found[-2]["usage"]["prompt_tokens"] == 2


def test_the_usage_chunk_comes_only_to_a_client_that_asked() -> None:
    found = streamed(TEXT, usage=True)
    assert found[-1] == "[DONE]"
    assert found[-2]["choices"] == []
    assert found[-2]["usage"] == {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }
    assert not any("usage" in chunk for chunk in streamed(TEXT)[:-1])


def test_counts_of_the_start_are_part_of_the_usage() -> None:
    started = Started(usage=Usage(tokens_in=5, cache_write=0))
    later = UsageSeen(Usage(tokens_out=1, protocol="openai", extras={"cost": 2}))
    usage = streamed([started, later, Finished("end")], usage=True)[-2]["usage"]
    assert usage == {
        "prompt_tokens": 5,
        "completion_tokens": 1,
        "total_tokens": 6,
        "prompt_tokens_details": {"cache_write_tokens": 0},
        "cost": 2,
    }


def test_own_counters_of_another_protocol_stay_behind() -> None:
    seen = UsageSeen(Usage(tokens_out=1, protocol="ollama", extras={"total_duration": 2}))
    assert whole([seen, Finished("end")])["usage"] == {
        "prompt_tokens": 0,
        "completion_tokens": 1,
        "total_tokens": 1,
    }


PARTS: list[Event] = [
    Started(),
    PartStarted(0, Reasoning()),
    TextDelta(0, "one"),
    StateDelta(0, ReasoningState("sig", "anthropic")),
    PartEnded(0),
    PartStarted(1, Reasoning()),
    TextDelta(1, "two"),
    TextDelta(1, "!"),
    PartEnded(1),
    PartStarted(2, Text("")),
    TextDelta(2, "a"),
    PartEnded(2),
    PartStarted(3, Text("")),
    TextDelta(3, "b"),
    PartEnded(3),
    PartStarted(4, HostedCall("h", "web_search")),
    HostedProgress(4, {}, "responses"),
    PartEnded(4),
    PartStarted(5, HostedResult("h", "code_execution", text="out: 4")),
    PartEnded(5),
    PartStarted(6, HostedResult("h", "web_search")),
    PartEnded(6),
    PartStarted(7, Text("")),
    TextDelta(7, "c"),
    PartEnded(7),
    PartStarted(8, Media("image", data="AA==", mime="image/png")),
    PartEnded(8),
    PartStarted(9, Media("audio", data="AA==", mime="audio/wav")),
    PartEnded(9),
    PartStarted(12, Media("file", file_id="x")),
    PartEnded(12),
    PartStarted(10, Opaque("x", {}, "gemini")),
    PartEnded(10),
    PartStarted(11, Refusal("")),
    TextDelta(11, "no"),
    PartEnded(11),
    Finished("refusal"),
]

AUDIO = {"data": "AA==", "expires_at": 1700000000, "transcript": ""}


def test_every_kind_of_part_has_its_field() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}, "index": 0}
    assert deltas(PARTS) == [
        {"reasoning_content": "one"},
        {"reasoning_content": "\n\ntwo"},
        {"reasoning_content": "!"},
        {"content": "a"},
        {"content": "b"},
        {"content": "\n\nout: 4"},
        {"content": "\n\nc"},
        {"images": [image]},
        {"audio": {**AUDIO, "id": "audio_3"}},
        {"refusal": "no"},
    ]
    assert message(PARTS) == {
        "role": "assistant",
        "content": "ab\n\nout: 4\n\nc",
        "refusal": "no",
        "reasoning_content": "one\n\ntwo!",
        "images": [image],
        "audio": {**AUDIO, "id": "audio_1"},
    }
    assert whole(PARTS)["choices"][0]["finish_reason"] == "content_filter"


CALLS: list[Event] = [
    Started(),
    PartStarted(0, Text("")),
    TextDelta(0, "Let me see."),
    PartEnded(0),
    PartStarted(1, ToolCall("toolu_1", "sh", "")),
    InputDelta(1, '{"cmd":'),
    PartStarted(2, ToolCall("toolu_2", "exec", "", kind="custom")),
    InputDelta(2, "it's"),
    InputDelta(1, "1}"),
    InputDelta(1, ""),
    PartEnded(1),
    PartEnded(2),
    PartStarted(3, ToolCall("toolu_3", "now", "")),
    PartEnded(3),
    PartStarted(4, ToolCall("toolu_4", "raw", "", kind="custom")),
    PartEnded(4),
    Finished("end"),
]


def test_a_call_is_announced_once_with_its_own_number() -> None:
    assert deltas(CALLS) == [
        {"content": "Let me see."},
        {"tool_calls": [{"index": 0, "id": "toolu_1", "type": "function",
                         "function": {"name": "sh", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"cmd":'}}]},
        {"tool_calls": [{"index": 1, "id": "toolu_2", "type": "custom",
                         "custom": {"name": "exec", "input": ""}}]},
        {"tool_calls": [{"index": 1, "custom": {"input": "it's"}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]},
        {"tool_calls": [{"index": 2, "id": "toolu_3", "type": "function",
                         "function": {"name": "now", "arguments": ""}}]},
        {"tool_calls": [{"index": 2, "function": {"arguments": "{}"}}]},
        {"tool_calls": [{"index": 3, "id": "toolu_4", "type": "custom",
                         "custom": {"name": "raw", "input": ""}}]},
    ]  # fmt: skip
    assert streamed(CALLS)[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_whole_answer_holds_the_calls() -> None:
    answer = whole(CALLS)
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    assert answer["choices"][0]["message"] == {
        "role": "assistant",
        "content": "Let me see.",
        "refusal": None,
        "tool_calls": [
            {"id": "toolu_1", "type": "function",
             "function": {"name": "sh", "arguments": '{"cmd":1}'}},
            {"id": "toolu_2", "type": "custom", "custom": {"name": "exec", "input": "it's"}},
            {"id": "toolu_3", "type": "function", "function": {"name": "now", "arguments": "{}"}},
            {"id": "toolu_4", "type": "custom", "custom": {"name": "raw", "input": ""}},
        ],
    }  # fmt: skip


def test_content_is_null_when_there_are_only_calls_and_empty_when_there_is_nothing() -> None:
    call: list[Event] = [PartStarted(0, ToolCall("c", "f", "")), PartEnded(0), Finished("end")]
    assert message(call)["content"] is None
    assert message([Finished("end")])["content"] == ""
    nothing: list[Event] = [PartStarted(0, Reasoning(redacted=True)), Finished("end")]
    assert message(nothing) == {"role": "assistant", "content": "", "refusal": None}
    assert deltas(nothing) == []


def test_choices_open_and_close_each_for_itself() -> None:
    events: list[Event] = [
        PartStarted(0, Text("")),
        TextDelta(0, "a"),
        PartStarted(0, Text(""), choice=1),
        TextDelta(0, "b", choice=1),
        PartEnded(0),
        PartEnded(0, choice=1),
        Finished("end"),
        Finished("length", choice=1),
    ]
    told = [
        (c["choices"][0]["index"], c["choices"][0]["delta"], c["choices"][0]["finish_reason"])
        for c in streamed(events)[:-1]
    ]
    assert told == [
        (0, {"role": "assistant", "content": ""}, None),
        (0, {"content": "a"}, None),
        (1, {"role": "assistant", "content": ""}, None),
        (1, {"content": "b"}, None),
        (0, {}, "stop"),
        (1, {}, "length"),
    ]
    assert [
        (c["index"], c["message"]["content"], c["finish_reason"]) for c in whole(events)["choices"]
    ] == [(0, "a", "stop"), (1, "b", "length")]


def test_citations_count_from_the_messages_start() -> None:
    raw: dict[str, Any] = {"type": "url_citation", "url_citation": {"url": "u", "title": "t"}}
    events: list[Event] = [
        PartStarted(0, Text("")),
        TextDelta(0, "ab"),
        CitationDelta(0, Citation(raw=raw, protocol="openai")),
        CitationDelta(0, Citation(quote="no page")),
        PartEnded(0),
        PartStarted(1, Text("")),
        TextDelta(1, "cde"),
        CitationDelta(1, Citation("https://e.org", "E", start=1, end=2)),
        CitationDelta(1, Citation("https://f.org")),
        PartEnded(1),
        Finished("end"),
    ]

    def cited(url: str, title: str, start: int, end: int) -> dict[str, Any]:
        found = {"start_index": start, "end_index": end, "url": url, "title": title}
        return {"type": "url_citation", "url_citation": found}

    annotations = [raw, cited("https://e.org", "E", 3, 4), cited("https://f.org", "", 2, 5)]
    assert [d["annotations"][0] for d in deltas(events) if "annotations" in d] == annotations
    assert message(events)["annotations"] == annotations


def test_log_probabilities_ride_on_the_choice() -> None:
    token = {"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}
    events: list[Event] = [
        PartStarted(0, Text("")),
        TextDelta(0, "a"),
        LogprobsDelta(0, [token]),  # type: ignore[list-item]  # a JSON object
        PartEnded(0),
        Finished("end"),
    ]
    found = streamed(events)[2]["choices"][0]
    assert found["logprobs"] == {"content": [token], "refusal": None}
    assert whole(events)["choices"][0]["logprobs"] == {"content": [token], "refusal": None}


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        ("end", "stop"),
        ("tool-call", "tool_calls"),
        ("length", "length"),
        ("stop-sequence", "stop"),
        ("refusal", "content_filter"),
        ("context-full", "length"),
        ("pause", "stop"),
    ],
)
def test_stop_reasons_follow_the_table(stop: StopReason, reason: str) -> None:
    assert streamed([Finished(stop)])[-2]["choices"][0]["finish_reason"] == reason
    assert whole([Finished(stop)])["choices"][0]["finish_reason"] == reason


def test_a_failure_is_an_error_chunk_and_no_end() -> None:
    encoder = CODEC.stream_out(reply())
    encoder.encode(TEXT[:3])
    assert encoder.fail(Broken("the upstream's answer was cut")) == (
        b'data: {"error":{"message":"the upstream\'s answer was cut","type":"server_error",'
        b'"param":null,"code":"bad_gateway"}}\n\n'
    )


def test_a_keepalive_is_a_comment() -> None:
    encoder = CODEC.stream_out(reply())
    assert encoder.ping() == b": keepalive\n\n"
    assert encoder.content_type == "text/event-stream; charset=utf-8"


FUNCTIONS = [event for event in CALLS if getattr(event, "index", 0) not in {2, 4}]


@pytest.mark.parametrize("events", [TEXT, PARTS, FUNCTIONS])
def test_the_official_sdks_types_accept_all_of_it(events: list[Event]) -> None:
    for found in streamed(events, usage=True)[:-1]:
        ChatCompletionChunk.model_validate(found)
    ChatCompletion.model_validate(whole(events))


def test_what_is_streamed_reads_back_as_the_same_answer() -> None:
    encoder = CODEC.stream_out(reply(usage=True))
    data = b"".join(encoder.encode([event]) + encoder.ping() for event in CALLS) + encoder.finish()
    decoder = CODEC.stream_in(Origin(new_id=lambda prefix: prefix))
    read = fold(decoder.feed(data) + decoder.finish())
    assert read.choices == fold([*CALLS[:-1], Finished("tool-call")]).choices
