"""Paths into JSON values: what they find, where they put, and what is no path."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.neutral.conditions import compares, operand, same
from dragoman.neutral.json import Json, decode
from dragoman.neutral.paths import found, parse_path, places, put, remove

BODY = """{"model": "m", "n": {"a": 1, "b": [10, 20], "1": "one", "a.b": "dot", "x*": "star"},
"tools": [{"type": "web_search", "name": "w", "cost": 3}, {"type": "function", "name": "f"},
{"type": "function", "name": "g", "tags": ["x", "y"]}, "bare"], "none": null}"""


def body() -> dict[str, Any]:
    value = decode(BODY)
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("model", ["m"]),
        ("none", [None]),
        ("missing", []),
        ("model.deeper", []),
        ("n.b.1", [20]),
        ("n.b.2", []),
        ("n.b.first", []),
        ("n.b.-1", []),
        ("n.1", ["one"]),
        ("n.:1", ["one"]),
        (r"n.a\.b", ["dot"]),
        ("n.a*", [1, "dot"]),
        (r"n.x\*", ["star"]),
        (r"n.?\*", ["star"]),
        ("n.b.*", []),
        ("tools.#.name", ["w", "f", "g"]),
        ("n.#", []),
        ('tools.#(type=="function").name', ["f"]),
        ('tools.#(type=="function")#.name', ["f", "g"]),
        ("tools.#(type==function)#.name", ["f", "g"]),
        ("tools.#(type=function).name", ["f"]),
        ('tools.#(type!="function")#.name', ["w"]),
        ('tools.#(name%"[f]")#.name', []),
        ('tools.#(type%"web_*")#.name', ["w"]),
        ('tools.#(type!%"web_*")#.name', ["f", "g"]),
        ("tools.#(cost)#.name", ["w"]),
        ("tools.#(cost>2)#.name", ["w"]),
        ("tools.#(cost<=2.5)#.name", []),
        ('tools.#(tags.#(=="y"))#.name', ["g"]),
        ('tools.#(tags.#(>="y"))#.name', ["g"]),
        ('tools.#(=="bare")', ["bare"]),
        ('tools.#(type == "a)\\"b.c").name', []),
        (r'tools.#(a\=b=="x").name', []),
    ],
)
def test_a_path_finds(path: str, values: list[Json]) -> None:
    assert found(body(), parse_path(path)) == values


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a", {}, {"a": 9}),
        ("a.b.c", {}, {"a": {"b": {"c": 9}}}),
        ("a.1", {}, {"a": [None, 9]}),
        ("a.:1", {}, {"a": {"1": 9}}),
        ("a.-1", {}, {"a": [9]}),
        ("a.-1.b", {"a": [1]}, {"a": [1, {"b": 9}]}),
        ("a.-1", {"a": {}}, {"a": {}}),
        ("a.2", {"a": [1]}, {"a": [1, None, 9]}),
        ("a.0", {"a": [1]}, {"a": [9]}),
        ("a.0", {"a": {}}, {"a": {"0": 9}}),
        ("a.b", {"a": "text"}, {"a": {"b": 9}}),
        ("a.b", {"a": [1]}, {"a": [1]}),
        ("a.*", {"a": {"x": 1, "y": 2}}, {"a": {"x": 9, "y": 9}}),
        ("a.*", {}, {}),
        ("a.#.b", {"a": [{}, {"b": 1}]}, {"a": [{"b": 9}, {"b": 9}]}),
        ("a.#(b==1).c", {"a": [{}, {"b": 1}]}, {"a": [{}, {"b": 1, "c": 9}]}),
        ("a.#(b==1).c", {}, {}),
    ],
)
def test_a_value_is_put(path: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    for place in places(before, parse_path(path), "put"):
        put(before, place, 9)
    assert before == after


def test_a_place_that_has_meanwhile_become_a_list_is_left_alone() -> None:
    value: dict[str, Json] = {"a": [1]}
    put(value, ("a", "b"), 9)
    assert value == {"a": [1]}


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("a", {"b": {"c": 1}}),
        ("a.0", {"a": [2, 3], "b": {"c": 1}}),
        ("a.-1", {"a": [1, 2], "b": {"c": 1}}),
        ("a.-1.x", {"a": [1, 2, 3], "b": {"c": 1}}),
        ("b.-1", {"a": [1, 2, 3], "b": {"c": 1}}),
        ("a.#(>1)#", {"a": [1], "b": {"c": 1}}),
        ("b.c", {"a": [1, 2, 3], "b": {}}),
        ("b.d", {"a": [1, 2, 3], "b": {"c": 1}}),
        ("*", {}),
    ],
)
def test_what_a_path_finds_is_removed(path: str, after: dict[str, Any]) -> None:
    value: dict[str, Json] = {"a": [1, 2, 3], "b": {"c": 1}}
    for place in reversed(places(value, parse_path(path), "remove")):
        remove(value, place)
    assert value == after


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "write field.field or list.0.field"),
        ("a..b", "write field.field or list.0.field"),
        (".a", "write field.field or list.0.field"),
        ("a.", "write field.field or list.0.field"),
        ("a.#(b", "a bracket, quote or escape is not closed"),
        ('a.#(b=="c)', "a bracket, quote or escape is not closed"),
        ("a\\", "a bracket, quote or escape is not closed"),
        ("a|b", r"'|' means nothing here; write \| for a name's sign"),
        ("a.{b,c}", r"'{' means nothing here; write \{ for a name's sign"),
        ("a[0]", r"'[' means nothing here; write \[ for a name's sign"),
        ("@pretty", r"write \@ where the name begins with @"),
        ("#x", r"write \# where the name begins with #"),
        ("a.#(b==1)x", "a condition ends with ) or )#"),
        ("a.#()", 'a condition is missing; write #(field=="value")'),
        ("a.#(b!1)", "conditions compare with == != !% <= >= = < > %"),
        ("a.#(b==)", 'a value is missing behind the operator; write "" for an empty text'),
        ("a.99999", "lists have at most 10000 items; write :99999 for a name"),
    ],
)
def test_what_is_no_path_says_why(path: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_path(path)
    assert str(caught.value) == f"{path!r} is no path; {why}"


def test_a_conditions_text_that_is_not_closed_is_no_value() -> None:
    with pytest.raises(ValueError, match="malformed"):
        operand('"a" b')


@pytest.mark.parametrize(
    ("path", "head"), [("a.b", "a"), ("0", "0"), ("*.b", None), ("#", None), (r"a\.b.c", "a.b")]
)
def test_the_head_is_the_only_top_level_name_touched(path: str, head: str | None) -> None:
    assert parse_path(path).head == head


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ("1", "1.0", True),
        ("1", "true", False),
        ("1", '"1"', False),
        ("null", "null", True),
        ("null", "false", False),
        ('{"a": [1, 2.50]}', '{"a": [1, 2.5]}', True),
        ('{"a": 1}', '{"b": 1}', False),
        ('{"a": 1}', '{"a": true}', False),
        ("[1]", "[1, 2]", False),
        ("[]", "{}", False),
    ],
)
def test_values_are_the_same_by_their_type_and_value(left: str, right: str, equal: bool) -> None:
    assert same(decode(left), decode(right)) is equal


def test_what_has_no_order_compares_with_nothing() -> None:
    assert not compares(True, "<", 2)
    assert not compares("a", "<", 2)
    assert not compares(None, "%", "*")


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def written(names: list[str]) -> str:
    """A path of these names alone, no sign of them with a meaning."""
    return ".".join("".join("\\" + sign for sign in name) for name in names)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.lists(NAMES, min_size=1, max_size=3), VALUES)
def test_what_was_put_is_found(value: dict[str, Any], names: list[str], new: Any) -> None:
    path = parse_path(written(names))
    where = places(value, path, "put")
    for place in where:
        put(value, place, new)
    assert found(value, path) == [new] * len(where)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.lists(NAMES, min_size=1, max_size=3))
def test_what_was_removed_is_not_found(value: dict[str, Any], names: list[str]) -> None:
    path = parse_path(written(names))
    for place in reversed(places(value, path, "remove")):
        remove(value, place)
    assert found(value, path) == []


@given(st.lists(st.sampled_from([1, 2, "1", None, {"a": 1}]), max_size=6))
def test_no_item_that_was_filtered_is_left(items: list[Any]) -> None:
    value: dict[str, Json] = {"list": items}
    path = parse_path("list.#(==1)#")
    for place in reversed(places(value, path, "remove")):
        remove(value, place)
    assert found(value, path) == []


@given(st.text(max_size=12))
def test_any_text_is_a_path_or_told_why_not(text: str) -> None:
    told = ""
    try:
        found(body(), parse_path(text))
    except ValueError as error:
        told = str(error)
    assert not told or " is no path; " in told
