"""Streams of OpenAI-compatible hosts as events."""

import json
from typing import Any

import pytest
from tests.protocols.openai_chat.upstream_streams import (
    answer,
    call,
    chunk,
    end,
    events,
    origin,
    wire,
)

from dragoman.errors import Broken
from dragoman.neutral.events import (
    CitationDelta,
    Failed,
    Finished,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    Started,
    StateDelta,
    TextDelta,
    UsageSeen,
)
from dragoman.neutral.parts import (
    Citation,
    Media,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import fold
from dragoman.neutral.usage import Usage
from dragoman.protocols.openai_chat.codec import CODEC


def test_a_text_stream_is_its_text_then_usage_then_the_end() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    data = wire(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        end(),
        {"id": "chatcmpl-1", "model": "m", "choices": [], "usage": usage},
    )
    assert events(data) == [
        Started(id="chatcmpl-1", model="m"),
        PartStarted(0, Text("")),
        TextDelta(0, "Hel"),
        TextDelta(0, "lo"),
        PartEnded(0),
        UsageSeen(Usage(tokens_in=9, tokens_out=2, protocol="openai")),
        Finished("end"),
    ]


RECORDED = wire(
    {"id": "", "choices": [], "prompt_filter_results": [], "object": ""},
    chunk({"role": "assistant", "content": "<think>héé "}),
    chunk({"content": "x</think>\n\nIch 中文 "}),
    chunk({"content": "😀"}, logprobs={"content": [{"token": "x"}], "refusal": None}),
    chunk({"tool_calls": [call(0, id="c1", type="function", name="sh", arguments="")]}),
    chunk({"tool_calls": [call(0, arguments='{"a": "it\'s')]}),
    chunk({"tool_calls": [call(0, arguments=' ok"}')]}),
    chunk({}, finish_reason="tool_calls", usage=None),
    {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
)


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_a_stream_means_the_same_at_any_cut(newline: bytes) -> None:
    data = b": OPENROUTER PROCESSING\n\n" + RECORDED
    data = data.replace(b"\n", newline)
    whole = events(data)
    assert fold(whole).choices[0].parts == (
        Reasoning("héé x"),
        Text("Ich 中文 😀"),
        ToolCall("c1", "sh", '{"a": "it\'s ok"}'),
    )
    for cut in range(len(data)):
        decoder = CODEC.stream_in(origin())
        assert decoder.feed(data[:cut]) + decoder.feed(data[cut:]) + decoder.finish() == whole
        assert decoder.ended
    decoder = CODEC.stream_in(origin())
    bytewise = [e for i in range(len(data)) for e in decoder.feed(data[i : i + 1])]
    assert bytewise + decoder.finish() == whole


def test_finished_waits_for_the_usage_and_nothing_follows_it() -> None:
    decoder = CODEC.stream_in(origin())
    assert not [e for e in decoder.feed(wire(end(), done=False)) if isinstance(e, Finished)]
    usage = {"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}}
    after = decoder.feed(wire(usage, chunk({"content": "late"})))
    assert after == [
        UsageSeen(Usage(tokens_in=0, tokens_out=0, protocol="openai")),
        Finished("end"),
    ]
    assert decoder.ended
    assert decoder.finish() == []


def test_usage_before_the_end_or_within_the_last_chunk_is_read() -> None:
    early = {"choices": [], "usage": {"prompt_tokens": 5}}
    last = {**end(), "usage": {"completion_tokens": 7}}
    response = answer(wire(early, chunk({"content": "a"}), last))
    assert response.usage == Usage(tokens_in=5, tokens_out=7, protocol="openai")


def test_a_stream_without_done_is_complete_when_it_had_a_finish_reason() -> None:
    assert events(wire(chunk({"content": "a"}), end(), done=False))[-1] == Finished("end")


@pytest.mark.parametrize("done", [True, False])
def test_a_stream_without_a_finish_reason_was_cut(done: bool) -> None:
    last = events(wire(chunk({"content": "a"}), done=done))[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, Broken)
    assert last.error.message == "the upstream's answer was cut: no finish_reason came"


def test_an_empty_stream_is_a_cut() -> None:
    [last] = events(b"")
    assert isinstance(last, Failed)
    assert last.error.message == "the upstream's answer was cut: it held no choice"


def test_every_choice_must_finish() -> None:
    second = {**chunk({"content": "b"}), "choices": [{"index": 1, "delta": {"content": "b"}}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 1}}
    last = events(wire(chunk({"content": "a"}), second, end(), usage))[-1]
    assert isinstance(last, Failed)
    other_end = {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]}
    response = answer(wire(chunk({"content": "a"}), second, other_end, end(), usage))
    assert [(c.parts, c.stop) for c in response.choices] == [
        ((Text("a"),), "end"),
        ((Text("b"),), "length"),
    ]


@pytest.mark.parametrize(
    "field", ["reasoning_content", "reasoning"], ids=["reasoning_content", "reasoning"]
)
def test_reasoning_comes_before_the_text(field: str) -> None:
    data = wire(
        chunk({field: "", "content": ""}), chunk({field: "hm"}), chunk({"content": "a"}), end()
    )
    assert answer(data).choices[0].parts == (Reasoning("hm"), Text("a"))


def test_reasoning_sent_under_several_names_is_read_once() -> None:
    detail = {"type": "reasoning.text", "text": "hm", "format": "unknown", "index": 0}
    both = {"reasoning": "hm", "reasoning_content": "hm", "reasoning_details": [detail]}
    parts = answer(wire(chunk(both), chunk(both), end())).choices[0].parts
    assert parts == (Reasoning("hmhm"),)


def test_reasoning_details_keep_their_state() -> None:
    text = {"type": "reasoning.text", "text": "hm", "index": 0}
    signed = {"type": "reasoning.text", "signature": "sig", "format": "anthropic-v1", "index": 0}
    secret = {"type": "reasoning.encrypted", "data": "xyz", "id": "rs_1", "index": 1}
    stray: Any = ["no object"]
    data = wire(
        chunk({"reasoning_details": [text]}),
        chunk({"reasoning_details": [signed]}),
        chunk({"reasoning_details": [secret, *stray]}),
        end(),
    )
    blobs = [
        '{"type":"reasoning.text","signature":"sig","format":"anthropic-v1","index":0}',
        '{"type":"reasoning.encrypted","data":"xyz","id":"rs_1","index":1}',
    ]
    states = [ReasoningState(blob, "openai") for blob in blobs]
    assert StateDelta(0, states[0]) in events(data)
    assert answer(data).choices[0].parts == (
        Reasoning("hm", state=states[0]),
        Reasoning(redacted=True, state=states[1]),
    )


def test_content_in_items_is_read() -> None:
    items = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "h"}, {"type": "text"}]},
        {"type": "thinking", "thinking": "m"},
        {"type": "text", "text": "a"},
        {"type": "reference"},
    ]
    parts = answer(wire(chunk({"content": items}), end())).choices[0].parts
    assert parts == (Reasoning("hm"), Text("a"))


def test_a_think_tag_that_was_never_closed_is_reasoning() -> None:
    parts = answer(wire(chunk({"content": "<think>a</th"}), end("length"))).choices[0].parts
    assert parts == (Reasoning("a</th"),)


def test_a_held_beginning_of_a_tag_becomes_text() -> None:
    parts = answer(wire(chunk({"content": "<"}), end())).choices[0].parts
    assert parts == (Text("<"),)


def test_a_refusal_is_a_part() -> None:
    response = answer(wire(chunk({"refusal": "I can"}), chunk({"refusal": "not"}), end()))
    assert response.choices[0].parts == (Refusal("I cannot"),)


def test_citations_pictures_and_log_probabilities_are_read() -> None:
    cited = {"url": "https://e.org", "title": "E", "start_index": 0, "end_index": 1}
    annotation = {"type": "url_citation", "url_citation": cited}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    odd: Any = {"type": "image_url", "image_url": {"url": None}}
    token = {"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}
    data = wire(
        chunk({"content": "a"}, logprobs={"content": [token], "refusal": []}),
        chunk({"annotations": [annotation], "images": None}),
        chunk({"images": [picture, odd, 1], "annotations": None}),
        end(),
    )
    found = events(data)
    citation = Citation(
        "https://e.org", "E", start=0, end=1, raw=json.loads(json.dumps(annotation)),
        protocol="openai",
    )  # fmt: skip
    assert CitationDelta(0, citation) in found
    assert [type(e) for e in found if isinstance(e, LogprobsDelta)] == [LogprobsDelta]
    choice = fold(found).choices[0]
    assert choice.parts == (
        Text("a", citations=(citation,)),
        Media("image", data="AA==", mime="image/png"),
    )
    assert len(choice.logprobs) == 1


@pytest.mark.parametrize(
    ("data", "mime"),
    [(["UklGRg=="], "audio/wav"), (["AA==", "AQI="], "audio/pcm"), (["//uQ"], "audio/mpeg")],
)
def test_speech_is_its_transcript_and_its_sound(data: list[str], mime: str) -> None:
    spoken = [chunk({"audio": {"id": "audio_1", "data": piece}}) for piece in data]
    first = chunk({"content": None, "audio": {"id": "audio_1", "transcript": "Hi"}})
    odd = chunk({"audio": "none"}, logprobs="none")
    sound = Media("audio", data="AAEC" if len(data) == 2 else data[0], mime=mime)
    parts = answer(wire(first, odd, *spoken, end())).choices[0].parts
    assert parts == (Text("Hi"), sound)


def test_sound_that_is_no_base64_is_an_error() -> None:
    last = events(wire(chunk({"audio": {"data": "A"}}), end()))[-1]
    assert isinstance(last, Failed)
    assert last.error.message == "the upstream's audio is no base64"
