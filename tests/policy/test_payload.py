"""Payload rules: whom they are for, in which order they work, and what they leave alone."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.config.payload import Payload
from dragoman.errors import InvalidRequest
from dragoman.policy.payload import Change, PayloadRules, Sent, compiled

SENT = Sent(("gpt-5", "fast"), "openai", "anthropic", [("user-agent", "claude-cli/2.0")])


def rules(**blocks: Any) -> PayloadRules:
    found = compiled(Payload.model_validate({k.replace("_", "-"): v for k, v in blocks.items()}))
    assert found is not None
    return found


def after(body: str, **blocks: Any) -> str:
    return rules(**blocks).applied(body.encode(), SENT)[0].decode()


def override(model: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"models": [model], "params": {"x": 1}}]


def test_without_rules_there_is_nothing_to_run() -> None:
    assert compiled(Payload()) is None
    assert compiled(Payload.model_validate({"default": [{"params": {}}], "filter": [{}]})) is None


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ({}, True),
        ({"name": "GPT-*"}, True),
        ({"name": "fast"}, True),
        ({"name": "gpt"}, False),
        ({"protocol": "OpenAI"}, True),
        ({"protocol": "codex"}, False),
        ({"protocol": "antigravity"}, False),
        ({"from-protocol": "claude"}, True),
        ({"from-protocol": "openai"}, False),
        ({"headers": {"User-Agent": "claude-*"}}, True),
        ({"headers": {"User-Agent": "codex*"}}, False),
        ({"headers": {"X-Missing": "*"}}, False),
        ({"match": [{"a.b": 1, "t": "x"}]}, True),
        ({"match": [{"a.b": 1}, {"t": "y"}]}, False),
        ({"match": [{"a.b": True}]}, False),
        ({"match": [{"a": {"b": 1.0}}]}, True),
        ({"not-match": [{"t": "y"}]}, True),
        ({"not-match": [{"t": "y"}, {"t": "x"}]}, False),
        ({"exist": ["a.b", "n"]}, True),
        ({"exist": ["a.c"]}, False),
        ({"not-exist": ["a.c"]}, True),
        ({"not-exist": ["n"]}, False),
        ({"exist": ['l.#(k=="v")']}, True),
    ],
)
def test_a_rule_is_for_requests_of_which_everything_written_holds(
    model: dict[str, Any], fits: bool
) -> None:
    body = '{"a": {"b": 1}, "t": "x", "n": null, "l": [{"k": "v"}]}'
    assert after(body, override=override(model)) == (body[:-1] + ',"x":1}' if fits else body)


def test_a_rule_may_name_the_kind_of_host_instead_of_its_protocol() -> None:
    there = msgspec.structs.replace(SENT, kind="antigravity")
    only = rules(override=override({"protocol": "antigravity"}))
    assert only.applied(b"{}", there)[0] == b'{"x":1}'
    assert only.applied(b"{}", SENT)[0] == b"{}"


def test_one_fitting_entry_is_enough() -> None:
    two = [{"models": [{"name": "o3"}, {"name": "gpt-5"}], "params": {"x": 1}}]
    assert after("{}", override=two) == '{"x":1}'


@pytest.mark.parametrize(
    ("body", "blocks", "out"),
    [
        ('{"a":2}', {"default": [{"params": {"a": 1}}]}, '{"a":2}'),
        ('{"a":null}', {"default": [{"params": {"a": 1}}]}, '{"a":null}'),
        ("{}", {"default": [{"params": {"a": 1}}, {"params": {"a": 2}}]}, '{"a":1}'),
        (
            "{}",
            {"default": [{"params": {"a": 1}}], "default_raw": [{"params": {"a": "2"}}]},
            '{"a":1}',
        ),
        (
            "{}",
            {"default": [{"params": {"a": {"x": 1}}}, {"params": {"a.y": 2}}]},
            '{"a":{"x":1,"y":2}}',
        ),
        ("{}", {"override": [{"params": {"a": 1}}, {"params": {"a": 2}}]}, '{"a":2}'),
        (
            '{"a":0}',
            {"override": [{"params": {"a": 1}}], "override_raw": [{"params": {"a": "[2.50]"}}]},
            '{"a":[2.50]}',
        ),
        ("{}", {"default_raw": [{"params": {"a": '{"k": "v"}', "b": 3}}]}, '{"a":{"k":"v"},"b":3}'),
        ('{"a":1}', {"override": [{"params": {"b": 2}}], "filter": [{"params": ["b", "a"]}]}, "{}"),
        ('{"a":1}', {"filter": [{"params": ["b"]}]}, '{"a":1}'),
        (
            '{"tools":[{"type":"w"},{"type":"f"},{"type":"w"}]}',
            {"filter": [{"params": ['tools.#(type=="w")#']}]},
            '{"tools":[{"type":"f"}]}',
        ),
        (
            '{"m":[{"r":"u"}]}',
            {"override": [{"params": {"m.-1": {"r": "s"}}}]},
            '{"m":[{"r":"u"},{"r":"s"}]}',
        ),
    ],
)
def test_what_rules_make_of_a_body(body: str, blocks: dict[str, Any], out: str) -> None:
    assert after(body, **blocks) == out


def test_conditions_look_at_the_body_as_it_was_before_any_rule() -> None:
    blocks = {
        "default": [{"params": {"a": 1}}],
        "override": [{"models": [{"exist": ["a"]}], "params": {"b": 1}}],
    }
    assert after("{}", **blocks) == '{"a":1}'


def test_only_touched_fields_are_written_anew() -> None:
    body = '{ "n" : 1.000,\n "keep": [ 1e2 ], "t": { "x" : 1.0 } ,"u":"\\u0041"}'
    out = after(body, override=[{"params": {"t.y": 2, "u": "A", "n": 1}}])
    assert out == '{ "n" : 1.000,\n "keep": [ 1e2 ], "t": {"x":1.0,"y":2} ,"u":"\\u0041"}'


def test_a_rules_value_is_not_shared_between_requests() -> None:
    both = rules(default=[{"params": {"list": [1]}}], override=[{"params": {"list.-1": {"n": 2}}}])
    for _ in range(2):
        assert both.applied(b"{}", SENT)[0] == b'{"list":[1,{"n":2}]}'


def test_what_was_done_is_told_in_order() -> None:
    some = rules(
        filter=[{"params": ["b", "missing"]}],
        override=[{"models": [{"name": "o3"}], "params": {"z": 1}}, {"params": {"a": 1}}],
    )
    assert some.applied(b'{"b":1}', SENT) == (
        b'{"a":1}',
        (Change("override", 1, "a"), Change("filter", 0, "b")),
    )


def test_the_whole_body_is_opened_for_a_path_that_may_begin_anywhere() -> None:
    assert after('{"a":1,"ab":2,"b":3}', filter=[{"params": ["a*"]}]) == '{"b":3}'


def test_a_body_with_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(InvalidRequest, match='the key "a" stands twice'):
        after('{"a":1,"a":2}', override=[{"params": {"x": 1}}])


KEYS = st.text("abc", min_size=1, max_size=2)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(KEYS, JSON, max_size=4), st.lists(KEYS, min_size=1, max_size=3), JSON)
def test_what_is_overridden_has_the_value_or_could_not_be_reached(
    body: dict[str, Any], names: list[str], value: Any
) -> None:
    data = json.dumps(body).encode()
    out, done = rules(override=[{"params": {".".join(names): value}}]).applied(data, SENT)
    here = json.loads(out)
    if not done:
        assert out == data
        return
    for name in names:
        here = here[name]
    assert here == value


@given(st.dictionaries(KEYS, JSON, max_size=4), st.lists(KEYS, min_size=1, max_size=3))
def test_what_is_filtered_is_gone_and_nothing_else(body: dict[str, Any], names: list[str]) -> None:
    data = json.dumps(body).encode()
    out = rules(filter=[{"params": [".".join(names)]}]).applied(data, SENT)[0]
    here: Any = body
    for name in names[:-1]:
        here = here.get(name) if isinstance(here, dict) else None
    if isinstance(here, dict):
        here.pop(names[-1], None)
    assert json.loads(out) == body
