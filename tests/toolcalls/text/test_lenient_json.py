"""JSON as models write it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dragoman.neutral.json import Json
from dragoman.toolcalls.text.lenient import Bad, Found, json_in


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("{'a': 'it\\'s', b: [1, 2,],}", {"a": "it's", "b": [1, 2]}),
        ('{"a": True, "b": False, "c": None, "d": null,}', {"a": True, "b": False, "c": None,
                                                            "d": None}),
        ('{"a": "line\nbreak\tand tab",}', {"a": "line\nbreak\tand tab"}),
        ('{"a": "say "hi" to all", "b": ""}', {"a": 'say "hi" to all', "b": ""}),
        ('[9007199254740993, 18446744073709551615, 1_000, +3, 0.10,]',
         [9007199254740993, 18446744073709551615, 1000, 3, Decimal("0.10")]),
        ('{"a": "\\u00e9\\ud83d\\ude80\\ud83d \\n\\/\\q\\u12 \\"",}',
         {"a": "é🚀\ufffd \n/\\q\\u12 \""}),
        ('{ // why\n "a": 1 // so\n}', {"a": 1}),
    ],
)  # fmt: skip
def test_what_models_get_wrong_is_read(text: str, value: Json) -> None:
    assert json_in(text) == Found(value, len(text))


def test_a_value_may_be_followed_by_something() -> None:
    assert json_in('{"a": 1,} and more') == Found({"a": 1}, 9)


@pytest.mark.parametrize(
    ("text", "value"), [('{"a": [1, {"b": 2', {"a": [1, {"b": 2}]}), ('["x",', ["x"])]
)
def test_forgotten_brackets_are_told(text: str, value: Json) -> None:
    assert json_in(text) == Found(value, len(text), closed=False)


@pytest.mark.parametrize(
    "text",
    [
        *("", "so", "{a 1}", "007 ", '{"a": 1 "b": 2}', '{"a": 1, "a": 2,}', "{1: 2}", "[" * 200),
        *("1.2.3", '{"a":', "truely", '{"a": 1e9999999999999999999,}'),
    ],
)
def test_what_is_no_json_is_bad(text: str) -> None:
    assert json_in(text) == Bad()


@pytest.mark.parametrize("text", ['{"a": "b', '{"a" 1}', '{"a": "b\\', '{"a": "b", "c'])
def test_a_text_that_ends_within_a_string_says_so(text: str) -> None:
    assert json_in(text) == Bad(inside=True)
