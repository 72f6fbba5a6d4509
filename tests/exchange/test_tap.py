"""The tap over passing bytes: what it learns, and what it leaves alone."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exchange.frames import CHAT, CRLF, STREAMS, USAGE_CHUNK, Stream, gemini_chunk, responses

from dragoman.errors import Broken, UpstreamRefused
from dragoman.exchange.direct import BareClient, Direct, Rewrite, model_restorer, without_usage
from dragoman.neutral.requests import Request
from dragoman.protocols.codec import Origin, Reply
from dragoman.protocols.registry import CODECS

ALL = [*STREAMS.values(), *CRLF.values()]
PROTOCOLS = list(STREAMS)
each = pytest.mark.parametrize("stream", ALL, ids=[*STREAMS, *(f"{name}-crlf" for name in CRLF)])


def new_id(prefix: str) -> str:
    return prefix + "1"


def tap(protocol: str, *rewrites: Rewrite, choices: bool = False) -> Direct:
    codec = CODECS[protocol]
    reply = Reply(Request(codec.name, "m", ()), "m", new_id, time.monotonic, 1)
    decoder = codec.stream_in(Origin(new_id, gaps=True))
    client = BareClient(codec, reply)
    return Direct(protocol, decoder, client, "text/event-stream", rewrites, choices=choices)


def passed(channel: Direct, pieces: list[bytes]) -> bytes:
    out = b"".join(channel.feed(piece) for piece in pieces)
    return out + channel.finish()


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@each
def test_bytes_pass_unchanged_and_usage_is_read_at_every_cut_in_two(stream: Stream) -> None:
    data = stream.data
    for at in range(len(data) + 1):
        channel = tap(stream.protocol)
        assert passed(channel, [data[:at], data[at:]]) == data
        assert channel.failed is None
        assert channel.committed
        assert (channel.usage.tokens_in, channel.usage.tokens_out) == (11, 7), at


@each
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 64, 1000])
@pytest.mark.parametrize("choices", [False, True])
def test_bytes_pass_unchanged_in_pieces_of_any_size(
    stream: Stream, size: int, choices: bool
) -> None:
    channel = tap(stream.protocol, choices=choices)
    assert passed(channel, cut(stream.data, size)) == stream.data
    assert channel.failed is None
    assert (channel.usage.tokens_in, channel.usage.tokens_out) == (11, 7)


@each
@pytest.mark.parametrize("size", [1, 3, 11, 100_000])
def test_a_long_answers_usage_is_in_its_last_frames(stream: Stream, size: int) -> None:
    frames = [*stream.preamble, *stream.content * 300, *stream.end]
    data = b"".join(frames)
    channel = tap(stream.protocol)
    assert passed(channel, cut(data, size)) == data
    assert channel.failed is None
    assert (channel.usage.tokens_in, channel.usage.tokens_out) == (11, 7)


@each
def test_nothing_commits_before_the_first_content(stream: Stream) -> None:
    channel = tap(stream.protocol)
    for frame in stream.preamble:
        channel.feed(frame)
        assert not channel.committed
    channel.feed(stream.content[0])
    assert channel.committed


@each
@pytest.mark.parametrize("kept", [1, 2])
def test_a_stream_without_its_end_is_cut(stream: Stream, kept: int) -> None:
    channel = tap(stream.protocol)
    passed(channel, [*stream.preamble, *stream.content[:kept]])
    assert isinstance(channel.failed, Broken)
    assert not channel.told


@each
@pytest.mark.parametrize("choices", [False, True])
@pytest.mark.parametrize("merged", [False, True])
def test_an_error_in_mid_stream_is_seen_and_not_told_twice(
    stream: Stream, choices: bool, merged: bool
) -> None:
    frames = [*stream.preamble, *stream.content, stream.error]
    if stream.protocol == "gemini":
        frames[-1] += b"\n\n"
    channel = tap(stream.protocol, choices=choices)
    pieces = [b"".join(frames)] if merged else frames
    assert passed(channel, pieces) == b"".join(frames)
    assert isinstance(channel.failed, UpstreamRefused)
    assert channel.failed.message == "it broke"
    assert channel.told


@each
def test_an_error_before_any_content_fails_the_attempt(stream: Stream) -> None:
    channel = tap(stream.protocol)
    for piece in (*stream.preamble, stream.error):
        channel.feed(piece)
    channel.finish()
    assert not channel.committed
    assert isinstance(channel.failed, UpstreamRefused)
    assert channel.failed.message == "it broke"


@each
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_the_models_name_is_restored_and_nothing_else_changes(stream: Stream, size: int) -> None:
    channel = tap(stream.protocol, model_restorer(stream.protocol, "mine"))
    out = passed(channel, cut(stream.data, size))
    assert out == stream.data.replace(b'"m-1"', b'"mine"')
    assert (channel.usage.tokens_in, channel.usage.tokens_out) == (11, 7)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_models_name_is_restored_in_a_whole_answer(protocol: str) -> None:
    whole = STREAMS[protocol].whole
    restored = model_restorer(protocol, "mine")(whole)
    assert restored == whole.replace(b'"m-1"', b'"mine"')
    assert restored != whole


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("stream", [STREAMS["openai"], CRLF["openai"]], ids=["lf", "crlf"])
def test_the_usage_chunk_nobody_asked_for_is_taken_out_and_read(stream: Stream, size: int) -> None:
    channel = tap("openai", without_usage)
    out = passed(channel, cut(stream.data, size))
    assert out == stream.data.replace(stream.end[1], b"")
    assert (channel.usage.tokens_in, channel.usage.tokens_out) == (11, 7)


@pytest.mark.parametrize(
    "document",
    [
        b'{"choices":[],"usage":null,"prompt_filter_results":[]}',
        b'{"choices":[{"delta":{}}],"usage":{"prompt_tokens":1}}',
        b'{"choices":[],"usage"',
        b'{"object":"x","usage":{"a":1}}',
        b'["usage"]',
    ],
)
def test_only_a_chunk_that_tells_nothing_but_usage_is_taken_out(document: bytes) -> None:
    assert without_usage(document) == document
    assert without_usage(b'{"choices":[],"usage":{"prompt_tokens":1}}') == b""


@given(st.data())
def test_several_choices_end_when_all_have(data: st.DataObject) -> None:
    frames = [
        json.dumps(gemini_chunk(text, reason, index)).encode()
        for text, reason, index in [
            ("a", None, 0),
            ("b", None, 1),
            ("c", "STOP", 1),
            ("d", None, 0),
            ("e", "STOP", 0),
        ]
    ]
    whole = b"".join(b"data: " + frame + b"\r\n\r\n" for frame in frames)
    at = data.draw(st.lists(st.integers(0, len(whole)), max_size=6).map(sorted))
    pieces = [whole[a:b] for a, b in zip([0, *at], [*at, len(whole)], strict=True)]
    channel = tap("gemini", choices=True)
    assert passed(channel, pieces) == whole
    assert channel.failed is None
    assert channel.usage.tokens_out == 7


@pytest.mark.parametrize("size", [1000, 65_536, 10_000_000])
def test_a_last_event_of_any_size_is_still_read(size: int) -> None:
    stream = responses("x" * 300_000)
    channel = tap("responses")
    assert passed(channel, cut(stream.data, size)) == stream.data
    assert channel.failed is None
    assert channel.usage.tokens_out == 7
    document = channel.document()
    assert document is not None
    assert document["status"] == "completed"


def test_a_last_chunk_with_an_image_is_still_read() -> None:
    last = gemini_chunk("x", "STOP")
    last["candidates"][0]["content"]["parts"] = [  # type: ignore[index]
        {"inlineData": {"mimeType": "image/png", "data": "A" * 400_000}}
    ]
    frames = [*STREAMS["gemini"].content, b"data: " + json.dumps(last).encode() + b"\r\n\r\n"]
    channel = tap("gemini")
    assert passed(channel, cut(b"".join(frames), 5000)) == b"".join(frames)
    assert channel.failed is None
    assert channel.usage.tokens_out == 7


@each
def test_a_keepalive_never_stands_inside_a_frame(stream: Stream) -> None:
    data = stream.data
    ends = {0}
    for frame in stream.frames:
        ends.add(max(ends) + len(frame))
    for at in range(1, len(data)):
        channel = tap(stream.protocol)
        channel.feed(data[:at])
        assert bool(channel.ping()) == (at in ends), at


@each
def test_an_error_behind_a_torn_frame_stands_on_its_own(stream: Stream) -> None:
    broken = Broken("upstream up broke the connection in mid-answer")
    for cut_off in (0, 9):
        channel = tap(stream.protocol)
        data = b"".join([*stream.preamble, *stream.content])
        out = channel.feed(data[: len(data) - cut_off]) + channel.finish()
        told = channel.fail(broken)
        decoder = CODECS[stream.protocol].stream_in(Origin(new_id))
        assert told.lstrip() in out + told
        assert (told[:1] == b"\n") == bool(cut_off)
        if not cut_off:
            decoder.feed(out)
        assert any(
            "broke the connection" in getattr(getattr(event, "error", None), "message", "")
            for event in [*decoder.feed(told.lstrip(b"\n")), *decoder.finish()]
        )


def test_a_document_is_only_found_where_one_is() -> None:
    channel = tap("openai")
    passed(channel, [CHAT.data])
    assert channel.document() is None
    channel = tap("openai")
    passed(channel, [USAGE_CHUNK])
    assert channel.document() is None
