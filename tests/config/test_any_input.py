"""Whatever stands in the file, loading it succeeds or tells what is wrong, by line."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.config import blocks
from dragoman.config.load import load_text
from dragoman.config.problems import ConfigError, Problem

DEEPER = list(blocks.Block.__subclasses__())
for block in DEEPER:
    DEEPER += block.__subclasses__()
KEYS = sorted({field.alias or name for one in DEEPER for name, field in one.model_fields.items()})
ROOT_KEYS: list[str] = sorted(
    field.alias or name
    for one in DEEPER
    if one.__name__ == "Settings"
    for name, field in one.model_fields.items()
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 2_000_000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [
            "",
            "auto",
            "a/b",
            "https://h/v1",
            "direct",
            "echo",
            "openai",
            "1h",
            "(",
            "/(/",
            "${NO}",
            "${A:-x}",
            "{",
            "gpt-*",
            "your-api-key-1",
            "on",
            "a..b",
        ]
    ),
    st.text(max_size=8),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(ROOT_KEYS), values, max_size=4))
def test_any_values_under_known_keys_load_or_are_told_of(data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=1)
    lines = text.count("\n") + 1
    try:
        loaded = load_text(text, Path("c.yaml"), {})
    except ConfigError as error:
        told = [*error.problems, *error.warnings]
        told += [Problem(0, "", "")] * (not error.problems)
    else:
        told = list(loaded.warnings)
        assert len({one.name for one in loaded.settings.all_upstreams}) == len(
            loaded.settings.all_upstreams
        )
    assert all(0 < one.line <= lines and one.message for one in told)


@settings(max_examples=150)
@given(st.text(alphabet=" \n\t:-[]{}&*!|>'\"%@`#?,ab1~<.$", max_size=30))
def test_any_text_loads_or_is_told_of(text: str) -> None:
    told = ""
    try:
        load_text(text, Path("c.yaml"), {})
    except ConfigError as error:
        told = str(error)
    assert told == "" or told.startswith("c.yaml")
