"""Aliases, chains and the default as the file writes them: what is refused, what is warned of."""

from pathlib import Path

import pytest

from dragoman.config.load import load_text
from dragoman.config.problems import ConfigError

FILE = Path("config.yaml")
LISTED = """\
upstreams:
  - {name: a, protocol: openai, base-url: "http://h/v1", keys: [k], prefix: team,
     models: [kimi-k2, {name: own, alias: shown}, "llama3:latest"]}
"""
ASKED = 'upstreams: [{name: a, protocol: openai, base-url: "http://h/v1", keys: [k]}]\n'


def refused(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_text(text, FILE, {})
    return [str(problem) for problem in caught.value.problems]


def warned(text: str) -> list[str]:
    return [str(problem) for problem in load_text(text, FILE, {}).warnings]


def test_aliases_in_a_ring_are_refused_with_the_ring_and_its_line() -> None:
    text = "port: 1\naliases:\n  c: [x, a]\n  a: b(high)\n  b: [kimi-k2, c]\n"
    assert refused(text) == [
        "line 3: aliases.c: leads back to itself: c → a → b → c; let one of them name a model"
    ]


def test_a_ring_through_wildcards_is_refused_where_all_lists_are_written() -> None:
    ring = 'aliases:\n  "a-*": b-1\n  "b-*": a-1\n'
    assert refused(LISTED + ring) == [
        "line 5: aliases.a-*: leads back to itself: a-* → b-* → a-*; let one of them name a model"
    ]
    assert warned(ASKED + ring) == []


def test_aliases_that_end_are_taken() -> None:
    names = 'aliases: {m: [m, n], n: shown, "claude-*": [kimi-k2, claude-5], "*": claude-4}\n'
    assert warned(LISTED + names) == []
    assert warned(LISTED + "aliases: {a: [b, c], b: d, c: d, d: kimi-k2}\n") == []


def test_a_target_in_no_list_is_warned_of_where_every_upstream_has_a_list() -> None:
    text = """\
aliases: {m: [gone(high), kimi-k2], n: [a/own, team/shown, llama3, auto, m]}
fallbacks: [{for: "*", to: [lost, a/shown]}]
default-model: nobody
"""
    groups = 'groups: {q: {models: {"*": ["*", missing(low)], x: kimi-k2}}}\n'
    assert warned(LISTED + groups) == [
        "line 4: groups.q.models.*: 'missing' is in no upstream's models; it is passed over",
    ]
    assert warned(LISTED + text) == [
        "line 4: aliases.m: 'gone' is in no upstream's models; it is passed over",
        "line 5: fallbacks[0].to: 'lost' is in no upstream's models; it is passed over",
        "line 6: default-model: 'nobody' is in no upstream's models; it is passed over",
    ]
    assert warned(ASKED + text) == warned(text) == []


def test_the_names_of_a_disabled_upstream_are_not_served() -> None:
    off = LISTED + '  - {name: b, disabled: true, protocol: openai, base-url: "http://h/v1"}\n'
    assert warned(off + "default-model: kimi-k2\n") == []
    assert warned(off + "default-model: b/x\n") == [
        "line 5: default-model: 'b/x' is in no upstream's models; it is passed over"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            'aliases: {"gpt-5(high)": kimi-k2}',
            "'gpt-5(high)' never fits: a suffix in brackets is taken off before; write 'gpt-5'",
        ),
        ('aliases: {m: ["kimi-*"]}', "'kimi-*' holds a wildcard; a target is one model's name"),
        ('aliases: {m: ["kimi k2"]}', "'kimi k2' is no model name; it must not hold blanks"),
        ("aliases: {m: []}", "is empty; write at least one entry"),
        ("default-model: '*'", "'*' holds a wildcard; a target is one model's name"),
        (
            'fallbacks: [{for: "m(high)", to: x}]',
            "'m(high)' never fits: a suffix in brackets is taken off before; write 'm'",
        ),
        ('fallbacks: [{for: m, to: "x?"}]', "'x?' holds a wildcard; a target is one model's name"),
    ],
)
def test_a_name_that_could_never_work_is_refused(text: str, problem: str) -> None:
    (told,) = refused(text)
    assert told.startswith("line 1: ")
    assert told.endswith(problem)
