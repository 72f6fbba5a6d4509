from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.errors import InvalidRequest
from dragoman.neutral.json import (
    Fields,
    Json,
    JsonObject,
    decode,
    encode,
    encode_text,
    object_of,
    type_name,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_what_is_encoded_decodes_to_the_same(value: Json) -> None:
    assert decode(encode(value)) == value
    assert decode(encode_text(value)) == value


@pytest.mark.parametrize(
    "text", ["0.1000", "1E+400", "123456789012345678901234567890", "-0.0", "1.0", "2.50E-9"]
)
def test_numbers_leave_as_they_came(text: str) -> None:
    assert encode(decode(text)) == text.encode()


def test_text_leaves_unescaped_and_raw_pieces_as_their_bytes() -> None:
    raw = msgspec.Raw(b'{ "a" : 1.0 }')

    assert encode({"x": raw, "y": "é中🚀'"}) == '{"x":{ "a" : 1.0 },"y":"é中🚀\'"}'.encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Input data was truncated"),
        (b"{", "Input data was truncated"),
        (b"{'a':1}", "JSON is malformed"),
        (b"1 2", "JSON is malformed: trailing characters"),
        (b'"\xff"', "not valid JSON: 'utf-8' codec can't decode"),
        (b"[" * 100_000, "not valid JSON: maximum recursion depth exceeded"),
        (b"NaN", "JSON is malformed"),
        (b"[" + b"1" * 5_000 + b"]", "Integer value out of range"),
        (b"1e99999999999999999999", "not valid JSON: a number's exponent is out of range"),
    ],
)
def test_what_is_no_json_is_a_value_error_that_says_where(data: bytes, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        decode(data)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "expected"),
    [('{"a":[1]}', {"a": [1]}), ("{}", {}), ("[1]", None), ("null", None), ("nope", None)],
)
def test_only_an_object_is_an_object(text: str, expected: JsonObject | None) -> None:
    assert object_of(text) == expected


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "an integer"),
        (1.5, "a number"),
        (Decimal("1.5"), "a number"),
        ("", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_types_have_json_names(value: Json, name: str) -> None:
    assert type_name(value) == name


@pytest.mark.parametrize("value", [None, [], "x", 1])
def test_only_an_object_has_fields(value: Json) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Fields(value)

    assert caught.value.message == f"the body: expected an object, got {type_name(value)}"
    assert caught.value.param == "the body"


BODY: JsonObject = {
    "text": "t",
    "flag": False,
    "int": 3,
    "whole": Decimal("4.0"),
    "fraction": Decimal("0.50"),
    "list": [1, "x"],
    "texts": ["a", "b"],
    "object": {"inner": 1},
    "objects": [{"a": 1}, {"b": 2}],
    "null": None,
}


def test_each_getter_gives_its_type() -> None:
    fields = Fields(BODY)

    assert fields.raw("list") == [1, "x"]
    assert fields.text("text") == fields.needed_text("text") == "t"
    assert fields.flag("flag") is False
    assert fields.integer("int") == 3
    assert fields.integer("whole") == 4
    assert fields.number("int") == 3
    assert str(fields.number("fraction")) == "0.50"
    assert fields.items("list") == [1, "x"]
    assert fields.texts("texts") == ["a", "b"]
    assert fields.texts("text") == ["t"]
    assert fields.schema("object") == {"inner": 1}
    inner = fields.object("object")
    assert inner is not None
    assert inner.integer("inner") == 1
    assert [one.path for one in fields.objects("objects")] == ["objects[0]", "objects[1]"]


Getter = Callable[[Fields, str], object]


@pytest.mark.parametrize("key", ["null", "absent"])
@pytest.mark.parametrize(
    "get",
    [
        Fields.text,
        Fields.flag,
        Fields.integer,
        Fields.number,
        Fields.items,
        Fields.texts,
        Fields.object,
        Fields.schema,
    ],
)
def test_null_and_absent_are_none(get: Getter, key: str) -> None:
    assert get(Fields(BODY), key) is None


def test_null_and_absent_lists_of_objects_are_empty() -> None:
    assert Fields(BODY).objects("null") == Fields(BODY).objects("absent") == []


@pytest.mark.parametrize(
    ("get", "value", "message"),
    [
        (Fields.text, 1, "a.k: expected a string, got an integer"),
        (Fields.needed_text, None, "a.k: required field is missing"),
        (Fields.flag, 1, "a.k: expected a boolean, got an integer"),
        (Fields.integer, True, "a.k: expected an integer, got a boolean"),
        (Fields.integer, Decimal("1.5"), "a.k: expected an integer, got a number"),
        (Fields.integer, Decimal("Infinity"), "a.k: expected an integer, got a number"),
        (Fields.integer, "1", "a.k: expected an integer, got a string"),
        (Fields.number, False, "a.k: expected a number, got a boolean"),
        (Fields.number, "1", "a.k: expected a number, got a string"),
        (Fields.items, {}, "a.k: expected an array, got an object"),
        (Fields.texts, 1, "a.k: expected a string or an array of strings, got an integer"),
        (Fields.texts, ["a", 1], "a.k[1]: expected a string, got an integer"),
        (Fields.object, [], "a.k: expected an object, got an array"),
        (Fields.objects, [{}, 1], "a.k[1]: expected an object, got an integer"),
        (Fields.schema, True, "a.k: expected an object, got a boolean"),
    ],
)
def test_a_wrong_type_is_named_by_its_path(get: Getter, value: Json, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        get(Fields({"k": value}, "a"), "k")

    assert caught.value.message == message
    assert caught.value.param == message.partition(":")[0]
    assert caught.value.status == 400


def test_the_rest_is_what_nobody_asked_for_and_every_null() -> None:
    fields = Fields({"a": 1, "b": None, "c": 3, "d": None})
    fields.raw("a")
    fields.text("b")

    assert fields.rest() == {"b": None, "c": 3, "d": None}


@pytest.mark.parametrize("text", ["1e999999999", "0e999999999", "1e-999999999"])
def test_an_integer_of_absurd_size_is_refused_at_once(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Fields(decode(f'{{"k":{text}}}')).integer("k")

    assert caught.value.message == "k: expected an integer, got a number"
