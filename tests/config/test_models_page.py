"""The examples of docs/models.md are configurations that load."""

import re
from pathlib import Path

import pytest

from dragoman.config.load import load_text

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_loads_without_a_warning(example: str) -> None:
    loaded = load_text(example, Path("config.yaml"), {"KEY": "sk-example"})
    assert [str(warning) for warning in loaded.warnings] == []
