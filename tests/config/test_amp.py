"""Amp's settings: both forms, what is refused, and what is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.config.load import load_text
from dragoman.config.problems import ConfigError

BAD = """\
ampcode:
  skip-unreadable-mappings: SKIP
  model-mappings:
    - {from: a, to: b}
    - {from: "(", to: b, regex: true}
    - from: ""
      to: c
amp-model-mappings:
  - {from: x}
"""


def warnings(text: str) -> list[str]:
    return [str(one) for one in load_text(text, Path("config.yaml"), {}).warnings]


def test_an_expression_that_is_none_is_refused_by_its_line() -> None:
    with pytest.raises(ConfigError) as refused:
        load_text(BAD.replace("SKIP", "false"), Path("config.yaml"), {})
    told = [str(one) for one in refused.value.problems]
    assert told[0].startswith("line 5: ampcode.model-mappings[1]: '(' is no regular expression")
    assert told[1:] == [
        "line 6: ampcode.model-mappings[2].from: is empty; write a value or remove the entry",
        "line 9: amp-model-mappings[0].to: is required; add it",
    ]


def test_or_left_out_with_a_warning_as_cliproxyapi_does_where_it_is_said_so() -> None:
    loaded = load_text(BAD.replace("SKIP", "true"), Path("config.yaml"), {})
    settings = loaded.settings
    assert [one.from_ for one in settings.ampcode.model_mappings] == ["a"]
    assert settings.amp_model_mappings == ()
    told = [str(one) for one in loaded.warnings if "is left out" in str(one)]
    assert [line.partition(": is left out")[0] for line in told] == [
        "line 5: ampcode.model-mappings[1]",
        "line 6: ampcode.model-mappings[2]",
        "line 9: amp-model-mappings[0]",
    ]


def test_the_nested_form_holds_before_the_flat_one() -> None:
    text = """\
ampcode: {upstream-url: "https://ampcode.com/"}
amp-upstream-url: https://other.example
amp-upstream-api-key: flat
amp-restrict-management-to-localhost: false
amp-model-mappings: [{from: a, to: [b, c]}]
"""
    amp = load_text(text, Path("config.yaml"), {}).settings.amp
    assert amp.upstream_url == "https://ampcode.com"
    assert amp.upstream_api_key is not None
    assert amp.upstream_api_key.reveal() == "flat"
    assert not amp.restrict_management_to_localhost
    assert [(one.from_, one.to) for one in amp.model_mappings] == [("a", ("b", "c"))]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "ampcode: {control-plane: upstream}",
            "line 1: ampcode.control-plane: is upstream, but there is no upstream-url",
        ),
        (
            "ampcode: {upstream-api-key: k}",
            "line 1: ampcode: has a key of ampcode.com, but no upstream-url",
        ),
        (
            "ampcode:\n  upstream-url: https://ampcode.com\n  upstream-api-keys:\n"
            "    - {upstream-api-key: one, api-keys: [a]}\n"
            "    - {upstream-api-key: two, api-keys: [b, a]}",
            "line 5: ampcode.upstream-api-keys[1].api-keys[1]: is a client of upstream-api-keys[0]",
        ),
        (
            "ampcode:\n  model-mappings:\n  - {from: M, to: x}\n  - {from: m, to: y}",
            "line 3: ampcode.model-mappings[0]: is mapped again by entry 1, which holds",
        ),
        (
            "upstreams: [{name: u, protocol: openai, base-url: 'https://u.example', models: [m]}]\n"
            "ampcode:\n  model-mappings:\n    - {from: a, to: not-there}",
            "line 4: ampcode.model-mappings[0].to: 'not-there' is in no upstream's models",
        ),
    ],
)
def test_what_has_no_effect_is_told(text: str, told: str) -> None:
    assert any(line.startswith(told) for line in warnings(text)), warnings(text)
