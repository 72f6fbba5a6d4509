"""Objects and arrays changed in their bytes."""

from __future__ import annotations

import pytest

from dragoman.errors import InvalidRequest
from dragoman.protocols.framing.drafts import Draft, Items, decoded


def test_a_value_that_nobody_changed_stays_as_it_is_written() -> None:
    draft = Draft(b'{ "a" : 1.0 ,"b":[ ] }')
    draft.put("b", b"2")
    draft.put("c", b"3")
    assert draft.body() == b'{ "a" : 1.0 ,"b":2,"c":3 }'


def test_a_null_is_absent_and_none_takes_a_key_out() -> None:
    draft = Draft(b'{"a":null,"b":1}')
    assert ("a" in draft, "b" in draft, draft.get("c")) == (False, True, None)
    draft.put("b", None)
    assert draft.body() == b'{"a":null}'


def test_an_unchanged_body_is_the_same_object() -> None:
    body = b'{"a":1}'
    assert Draft(body).body() is body


def test_spellings_of_a_key_are_one() -> None:
    draft = Draft(b'{"top_p":1}', lambda key: "topP" if key == "top_p" else key)
    assert (draft.names(), draft.get("topP")) == (["topP"], b"1")
    draft.put("topP", b"0.5")
    draft.put("topK", b"2")
    assert draft.body() == b'{"top_p":0.5,"topK":2}'


def test_an_array_keeps_the_space_around_its_own_elements() -> None:
    items = Items(b"[ 1 ,\n2,3 ]", "x")
    assert items.rebuilt(items.own()) == b"[ 1 ,\n2,3 ]"
    assert items.rebuilt([b"0", (0, b"one"), *items.own(1)]) == b"[0, one ,\n2,3 ]"
    assert items.rebuilt([]) == b"[]"


def test_what_is_no_array_is_refused_by_its_path() -> None:
    with pytest.raises(InvalidRequest, match="tools: expected an array"):
        Items(b'{"a":1}', "tools")


def test_what_cannot_be_read_is_refused_by_its_path() -> None:
    with pytest.raises(InvalidRequest, match="stop: not valid JSON"):
        decoded(b"1e9999999999999999999", "stop")


@pytest.mark.parametrize(
    ("body", "empty"), [(b"{}", True), (b'{"a":null}', True), (b'{"a":1}', False)]
)
def test_an_object_of_nulls_is_empty(body: bytes, empty: bool) -> None:
    assert Draft(body).empty is empty
