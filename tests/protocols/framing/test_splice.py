import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import InvalidRequest
from dragoman.protocols.framing.splice import Spans, replaced_at

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), inner)
    ),
    max_leaves=12,
)
KEY = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
OBJECT = st.dictionaries(KEY, JSON, max_size=6)
SPACE = st.text(" \t\r\n", max_size=3)


@st.composite
def written(draw: st.DrawFn, pairs: list[tuple[str, object]]) -> bytes:
    """A JSON object as some client writes it: any white space, escapes as it likes."""
    members = []
    for key, value in pairs:
        ascii_only, indent = draw(st.booleans()), draw(st.sampled_from([None, 1]))
        member = draw(SPACE) + json.dumps(key, ensure_ascii=ascii_only) + draw(SPACE) + ":"
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
        members.append(member + draw(SPACE) + text + draw(SPACE))
    inside = ",".join(members) or draw(SPACE)
    return f"{draw(SPACE)}{{{inside}}}{draw(SPACE)}".encode()


@given(st.data(), OBJECT)
def test_each_value_is_found_where_it_stands(data: st.DataObject, value: dict[str, object]) -> None:
    body = data.draw(written(list(value.items())))
    places = Spans(body).positions()
    assert list(places) == list(value)
    assert {key: json.loads(body[start:end]) for key, (start, end) in places.items()} == value


@given(st.data(), OBJECT, st.dictionaries(KEY, JSON, max_size=3))
def test_a_replacement_changes_its_own_values_and_no_other_byte(
    data: st.DataObject, value: dict[str, object], news: dict[str, object]
) -> None:
    body = data.draw(written(list(value.items())))
    changes = {key: msgspec.json.encode(new) for key, new in news.items()}
    out = Spans(body).replaced(changes)
    assert list(json.loads(out).items()) == list({**value, **news}.items())
    old, new = Spans(body).positions(), Spans(out).positions()
    at = there = 0
    for key, (start, end) in old.items():
        assert out[there : new[key][0]] == body[at:start]
        assert key in news or out[slice(*new[key])] == body[start:end]
        at, there = end, new[key][1]
    assert out.endswith(body[at or body.index(b"{") + 1 :])


@given(st.data(), st.dictionaries(KEY, JSON, min_size=1, max_size=5), JSON)
def test_a_key_that_stands_twice_is_refused_and_named(
    data: st.DataObject, value: dict[str, object], other: object
) -> None:
    key = data.draw(st.sampled_from(list(value)))
    pairs = list(value.items())
    pairs.insert(data.draw(st.integers(0, len(pairs))), (key, other))
    spans = Spans(data.draw(written(pairs)))
    with pytest.raises(InvalidRequest) as caught:
        spans.positions()
    assert caught.value.param == key
    assert caught.value.message == f'the key "{key}" stands twice in the body'


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","model":"a"}',
        b'{"model":"a","x":{"model":1},"model":"b"}',
        b'{"model":1,"x":0,"model":12}',
        b'{"model":12,"x":0,"model":1}',
        b'{"model":12,"model":1}',
        b'{"m\\u006fdel":"a","model":"b"}',
        b'{"x":"model","model":"a","y":["model"],"model":"b","z":0}',
    ],
)
def test_a_second_model_is_refused_however_it_is_written(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match='the key "model" stands twice'):
        Spans(body).replaced({"model": b'"c"'})


def test_a_key_written_with_escapes_is_the_same_key() -> None:
    body = b'{"m\\u006fdel":"a"}'
    assert Spans(body).replaced({"model": b'"b"'}) == b'{"m\\u006fdel":"b"}'


@pytest.mark.parametrize(
    ("body", "out"),
    [
        (b"{}", b'{"a":1,"b":2}'),
        (b" { \n} ", b' {"a":1,"b":2 \n} '),
        (b'{"x":0\n}\n', b'{"x":0,"a":1,"b":2\n}\n'),
        (b'{"b" : 5 ,"x":"}" }', b'{"b" : 2 ,"x":"}","a":1 }'),
    ],
)
def test_what_is_not_there_is_added_behind_the_last_value(body: bytes, out: bytes) -> None:
    assert Spans(body).replaced({"a": b"1", "b": b"2"}) == out


@pytest.mark.parametrize(
    ("gone", "out"),
    [
        (["a"], b' {  "b" : 2, "c":3 } '),
        (["b"], b' { "a": 1, "c":3 } '),
        (["c"], b' { "a": 1 , "b" : 2 } '),
        (["a", "b", "c"], b" { } "),
        (["not there"], b' { "a": 1 , "b" : 2, "c":3 } '),
    ],
)
def test_a_key_without_a_new_value_is_gone(gone: list[str], out: bytes) -> None:
    body = b' { "a": 1 , "b" : 2, "c":3 } '
    assert Spans(body).replaced(dict.fromkeys(gone)) == out


def test_a_key_may_take_the_place_of_all_that_are_gone() -> None:
    assert Spans(b'{"a":1,"b":2}').replaced({"a": None, "b": None, "x": b"1"}) == b'{"x":1}'


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^the body must be a JSON object$"):
        Spans(body)


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":}', b'{"a":1,}', b"{'a':1}", b'{"\xff":1}'])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"^the body is not valid JSON: "):
        Spans(body)


def test_a_value_is_decoded_or_absent() -> None:
    spans = Spans(b'{"a": [1, "\\u00e9"]}')
    assert spans.value("a") == [1, "é"]
    assert spans.value("b") is None


def test_a_value_that_is_not_utf_8_is_a_fault_of_the_request() -> None:
    with pytest.raises(InvalidRequest, match=r"^a: not valid JSON: ") as caught:
        Spans(b'{"a":"\xff"}').value("a")
    assert caught.value.param == "a"


@pytest.mark.parametrize(
    ("body", "path", "out"),
    [
        (b'{"model": "a", "x": 1}', ("model",), b'{"model": "b", "x": 1}'),
        (b'{"r":{ "model":"a"}}', ("r", "model"), b'{"r":{ "model":"b"}}'),
        (b'{"r":{"x":1}}', ("r", "model"), b'{"r":{"x":1}}'),
        (b'{"x":1}', ("r", "model"), b'{"x":1}'),
        (b'{"r":"text"}', ("r", "model"), b'{"r":"text"}'),
        (b'{"model":1,"model":2}', ("model",), b'{"model":1,"model":2}'),
        (b"[DONE]", ("model",), b"[DONE]"),
    ],
)
def test_a_value_is_exchanged_at_its_path_and_nowhere_else(
    body: bytes, path: tuple[str, ...], out: bytes
) -> None:
    assert replaced_at(body, path, b'"b"') == out
