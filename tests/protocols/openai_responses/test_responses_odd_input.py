"""Whatever comes in, nothing but the proper refusal comes out."""

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.openai_responses.bodies import EVERYTHING

from dragoman.errors import InvalidRequest
from dragoman.neutral.events import Failed, Finished
from dragoman.neutral.json import encode
from dragoman.neutral.losses import Losses
from dragoman.protocols.codec import Origin, Target
from dragoman.protocols.openai_responses.codec import CODEC
from dragoman.protocols.openai_responses.events_in import _READERS
from dragoman.protocols.openai_responses.items_in import _CLOSERS

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "id", "name", "content", "summary", "output", "error"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
ITEMS = st.one_of(
    VALUES,
    st.builds(
        lambda kind, rest: {**(rest if isinstance(rest, dict) else {}), "type": kind},
        st.sampled_from(sorted(_CLOSERS)),
        VALUES,
    ),
)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(sorted(_READERS))},
    optional={
        "item": ITEMS,
        "part": VALUES,
        "response": st.one_of(VALUES, st.builds(lambda i: {"output": i}, st.lists(ITEMS))),
        "annotation": VALUES,
        "logprobs": VALUES,
        "error": VALUES,
        "delta": VALUES,
        "text": VALUES,
        "name": VALUES,
        "arguments": VALUES,
        "output_index": st.integers(0, 2),
    },
)


def decoder_origin() -> Origin:
    return Origin(lambda prefix: prefix + "1")


@given(st.lists(EVENTS, max_size=6))
def test_any_events_end_in_one_regular_end_or_one_failure(events: list[Any]) -> None:
    decoder = CODEC.stream_in(decoder_origin())
    data = b"".join(b"data: " + encode(event) + b"\n\n" for event in events)
    found = decoder.feed(data) + decoder.finish()
    assert isinstance(found[-1], Finished | Failed)
    assert sum(isinstance(event, Finished | Failed) for event in found) == 1


def test_a_kind_that_is_no_text_is_passed_over() -> None:
    decoder = CODEC.stream_in(decoder_origin())
    event: Any = {"type": "response.content_part.done", "part": {"type": []}}
    assert decoder.feed(b"data: " + encode(event) + b"\n\n") == []
    assert len(CODEC.answer_in(b'{"output": [], "status": []}', decoder_origin())) == 2


@given(st.binary(max_size=40))
def test_any_bytes_are_an_answer_or_a_failure(body: bytes) -> None:
    found = CODEC.answer_in(body, decoder_origin())
    assert isinstance(found[-1], Finished | Failed)
    CODEC.error_in(500, body)


@given(st.dictionaries(st.sampled_from(sorted(EVERYTHING)), VALUES | st.lists(ITEMS, max_size=3)))
def test_any_body_is_read_or_refused_with_its_path(fields: Any) -> None:
    with contextlib.suppress(InvalidRequest):
        request = CODEC.request_in({**fields, "model": "m"}, Losses())
        CODEC.request_out(request, Target("m", host="localhost"), Losses())
