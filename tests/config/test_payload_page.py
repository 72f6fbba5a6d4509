"""The examples of docs/payload-rules.md load, and its paths are paths."""

import re
from pathlib import Path

import pytest

from dragoman.config.load import load_text
from dragoman.neutral.paths import parse_path
from dragoman.policy.payload import compiled

PAGE = (Path(__file__).parents[2] / "docs" / "payload-rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
PATHS = re.findall(r"^\| `(.*?)` \|", PAGE.partition("## Paths")[2], re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_loads_and_makes_rules(example: str) -> None:
    loaded = load_text(example, Path("config.yaml"), {})
    assert [str(warning) for warning in loaded.warnings] == []
    assert compiled(loaded.settings.payload) is not None


@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_the_page_is_one(path: str) -> None:
    assert parse_path(path).text == path


def test_the_page_has_examples() -> None:
    assert (len(EXAMPLES), len(PATHS)) == (2, 11)
