"""The commented `config.yaml` of a first start, written once and never over another file."""

from __future__ import annotations

import json
import os
import tempfile
from importlib.resources import files
from pathlib import Path

PLACE_OF_KEY = '"CLIENT-KEY"'


def template_text() -> str:
    """The template as packaged, with a placeholder for the client key."""
    return (files("dragoman.config") / "template.yaml").read_text(encoding="utf-8")


def default_text(key: str) -> str:
    """The template with the client key in it."""
    return template_text().replace(PLACE_OF_KEY, json.dumps(key))


def write_default(path: Path, key: str) -> None:
    """Readable by the owner alone; whole or not there. FileExistsError when the file exists."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(default_text(key))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(temporary)
    finally:
        temporary.unlink()
