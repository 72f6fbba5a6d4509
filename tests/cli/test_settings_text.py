"""Values put into a client's JSON with comments or TOML: nothing else has moved."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.cli.jsonc import plain, with_value
from dragoman.cli.toml_text import with_values
from dragoman.neutral.json import Json

ZED = """// Zed settings
{
  "theme": "One Dark", // dark, "quoted" // twice
  /* a block, with { and , */
  "language_models": {
    "openai": {"api_url": "https://api.openai.com/v1"},
  },
  "scale": 1.50,
}
"""


def test_comments_numbers_and_last_commas_stay_as_they_are() -> None:
    text = with_value(ZED, ("language_models", "openai_compatible", "dragoman"), {"a": 1})
    assert text == ZED.replace(
        'api.openai.com/v1"},\n',
        'api.openai.com/v1"},\n    "openai_compatible": {\n      "dragoman": {\n        "a": 1\n'
        "      }\n    }\n",
    )
    assert plain(text)["language_models"]["openai_compatible"] == {"dragoman": {"a": 1}}
    assert with_value(text, ("language_models", "openai_compatible", "dragoman"), {"a": 1}) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "a": {\n    "b": 2\n  }\n}\n'),
        ("{}", '{\n  "a": {\n    "b": 2\n  }\n}'),
        ('{"a": {"b": 1}}', '{"a": {"b": 2}}'),
        ('{"a": {"b": "}\\""}, "c": [1, {"d": 2}]}', '{"a": {"b": 2}, "c": [1, {"d": 2}]}'),
        ('{"a": {"c": -1e3}}', '{"a": {"c": -1e3,\n    "b": 2}}'),
        ('{"a": {"b": [1, "]"], "c": null}}', '{"a": {"b": 2, "c": null}}'),
        ('{"x": 1 // last\n}', '{"x": 1,\n  "a": {\n    "b": 2\n  } // last\n}'),
    ],
)
def test_a_value_is_put_where_it_belongs(before: str, after: str) -> None:
    assert with_value(before, ("a", "b"), 2) == after


@pytest.mark.parametrize(
    "broken", ["[]", "{", '{"a": 1', '{"a": "x}', '{"a": 1 /* }', '{"a": 7}', "nothing", '{"a" 1}']
)
def test_what_is_broken_or_in_the_way_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        with_value(broken, ("a", "b"), 2)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4), st.text(max_size=5), values)
def test_any_object_gets_its_value_and_keeps_the_rest(
    document: dict[str, Any], key: str, value: Any
) -> None:
    for text in (json.dumps(document), json.dumps(document, indent=2, ensure_ascii=False)):
        assert plain(with_value(text, (key,), value)) == {**document, key: value}


CODEX = """# mine
model = "gpt-5" # the usual
approval_policy = "never"

[model_providers.dragoman]
name = "old"
stale = true
# about files

[mcp_servers.files]
command = "x" # keep
"""


def test_a_table_is_replaced_and_all_else_in_the_toml_stays() -> None:
    provider: dict[str, Json] = {
        "name": "dragoman",
        "base_url": "http://x/v1",
        "supports_websockets": True,
    }
    text = with_values(
        CODEX, {"model": "kimi", "model_provider": "dragoman"}, "model_providers.dragoman", provider
    )
    assert text == (
        'model_provider = "dragoman"\n# mine\nmodel = "kimi" # the usual\n'
        'approval_policy = "never"\n\n[model_providers.dragoman]\nname = "dragoman"\n'
        'base_url = "http://x/v1"\nsupports_websockets = true\n# about files\n\n'
        '[mcp_servers.files]\ncommand = "x" # keep\n'
    )
    again = with_values(
        text, {"model": "kimi", "model_provider": "dragoman"}, "model_providers.dragoman", provider
    )
    assert again == text


def test_a_toml_without_tables_or_none_at_all_is_fine() -> None:
    for before in ("", 'model = "x"\n', "# nothing\n"):
        text = with_values(before, {"model": "m"}, "a.b", {"c": 'a "b" \\'})
        assert tomllib.loads(text) == {"model": "m", "a": {"b": {"c": 'a "b" \\'}}}
        assert ("# nothing" in text) is before.startswith("#")


@pytest.mark.parametrize(
    "hard",
    [
        "model = [",
        "a = 3\n",
        'model = """x\ny"""\n',
        'a = {b = {c = "1"}}\n',
        '[a]\nb = {c = "1"}\n',
    ],
)
def test_a_toml_that_cannot_be_changed_safely_is_refused(hard: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        with_values(hard, {"model": "m"}, "a.b", {"c": "2"})
