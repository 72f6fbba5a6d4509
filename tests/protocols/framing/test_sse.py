import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.protocols.framing.sse import SseDecoder, SseEvent, sse_data, sse_event


def read(*chunks: bytes) -> list[tuple[str, bytes]]:
    decoder = SseDecoder()
    events: list[SseEvent] = []
    for chunk in chunks:
        events += decoder.feed(chunk)
    return [(event.event, event.data) for event in events + decoder.finish()]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [("", b"a")]),
        (b"data: a\r\n\r\n", [("", b"a")]),
        (b"data: a\r\r", [("", b"a")]),
        (b"data: a\r\n\n", [("", b"a")]),
        (b"data:a\n\n", [("", b"a")]),
        (b"data:  a\n\n", [("", b" a")]),
        (b"data: a:b\n\n", [("", b"a:b")]),
        (b"data: one\ndata: two\r\ndata\n\n", [("", b"one\ntwo\n")]),
        (b"event: ping\ndata: {}\n\n", [("ping", b"{}")]),
        (b"data: {}\nevent: late\n\n", [("late", b"{}")]),
        (b"event: a\nevent: b\ndata: 1\n\n", [("b", b"1")]),
        (b"event: gone\n\ndata: a\n\n", [("", b"a")]),
        (b"event: a\ndata: 1\n\ndata: 2\n\n", [("a", b"1"), ("", b"2")]),
        (b": comment\n\n:\ndata: a\n\n", [("", b"a")]),
        (b"id: 7\nretry: 10\nfield\nother: x\ndata: a\n\n", [("", b"a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("", b"a")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", []),
        (b"data: \xef\xbb\xbf\n\n", [("", b"\xef\xbb\xbf")]),
        (b"data: a\n\n\n\n\n", [("", b"a")]),
        (b"data:\n\n", [("", b"")]),
        (b"", []),
        (b"\xef\xbb", []),
    ],
)
def test_events_are_read_as_the_standard_says(
    stream: bytes, events: list[tuple[str, bytes]]
) -> None:
    assert read(stream) == events


@pytest.mark.parametrize("stream", [b"data: end", b"data: end\n", b"data: end\r", b"data: end\r\n"])
def test_the_last_event_may_lack_its_blank_line(stream: bytes) -> None:
    assert read(b"data: a\n\n", stream) == [("", b"a"), ("", b"end")]


RECORDED = (
    b"\xef\xbb\xbf: hello\r\nevent: m\xc3\xa9\r\ndata: \xe4\xb8\xad\r\ndata: \xf0\x9f\x9a\x80\r\n"
    b"\r\ndata: x\r\rdata: y\n\nid: 1\ndata: [DONE]\r\n\r\n"
)
EVENTS = [("mé", "中\n🚀".encode()), ("", b"x"), ("", b"y"), ("", b"[DONE]")]


def test_a_stream_cut_anywhere_gives_the_same_events() -> None:
    assert read(RECORDED) == EVENTS
    for first in range(len(RECORDED) + 1):
        assert read(RECORDED[:first], RECORDED[first:]) == EVENTS
        for second in range(first, len(RECORDED) + 1):
            assert read(RECORDED[:first], RECORDED[first:second], RECORDED[second:]) == EVENTS
    assert read(*(RECORDED[at : at + 1] for at in range(len(RECORDED)))) == EVENTS


def test_an_event_comes_out_as_soon_as_its_blank_line_is_there() -> None:
    decoder = SseDecoder()

    assert decoder.feed(b"data: a\r\n") == []
    assert decoder.feed(b"\r") == [SseEvent("", b"a")]
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\ndata: b\n\n") == [SseEvent("", b"b")]
    assert decoder.finish() == []


def test_an_event_name_that_is_no_utf8_does_not_stop_the_stream() -> None:
    assert read(b"event: \xff\ndata: a\n\n") == [("�", b"a")]


lines = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))


@given(
    st.lists(st.tuples(lines, st.lists(lines, min_size=1, max_size=3))),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.data(),
)
def test_what_is_written_with_any_line_end_is_read_at_any_cut(
    events: list[tuple[str, list[str]]], end: str, data: st.DataObject
) -> None:
    text = "".join(
        f"event: {name}{end}" + "".join(f"data: {line}{end}" for line in body) + end
        for name, body in events
    )
    stream = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    bounds = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(bounds)]

    assert read(*chunks) == [(name, "\n".join(body).encode()) for name, body in events]


def test_what_we_write_is_what_we_read() -> None:
    assert sse_data(b"{}") == b"data: {}\n\n"
    assert sse_event("ping", b"{}") == b"event: ping\ndata: {}\n\n"
    assert read(sse_data(b"1") + sse_event("x", b"2")) == [("", b"1"), ("x", b"2")]
