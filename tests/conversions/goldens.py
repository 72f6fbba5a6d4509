"""Golden files: JSON that breaks only where a line would grow too long, so that a difference is
read as easily as the file."""

from __future__ import annotations

import json
from pathlib import Path

from dragoman.neutral.json import Json

HERE = Path(__file__).parent
INPUTS = HERE / "inputs"
GOLDENS = HERE / "goldens"
STREAMS = HERE / "streams"
STREAM_GOLDENS = HERE / "stream_goldens"

_WIDTH = 100


def laid_out(value: Json, indent: int = 0) -> str:
    """The value as JSON text."""
    one = json.dumps(value, ensure_ascii=False)
    if len(one) + indent <= _WIDTH or not isinstance(value, dict | list) or not value:
        return one
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        lines = [
            f"{json.dumps(key, ensure_ascii=False)}: {laid_out(inner, indent + 2)}"
            for key, inner in value.items()
        ]
        return "{\n" + pad + f",\n{pad}".join(lines) + f"\n{' ' * indent}}}"
    items = [laid_out(inner, indent + 2) for inner in value]
    return "[\n" + pad + f",\n{pad}".join(items) + f"\n{' ' * indent}]"


def check(path: Path, value: Json, *, update: bool) -> None:
    """Holds the value to the golden file, or makes it the golden file."""
    if update:
        path.write_text(laid_out(value) + "\n", encoding="utf-8")
    assert path.is_file(), f"{path.name} is missing: run with --update-goldens, then look at it"
    assert value == json.loads(path.read_text(encoding="utf-8"))
