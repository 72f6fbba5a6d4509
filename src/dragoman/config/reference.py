"""`docs/configuration.md`, made from the fields: `python -m dragoman.config.reference`."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dragoman.config.ampcode import AmpKeys
from dragoman.config.cliproxy_blocks import KeyBlocks
from dragoman.config.cliproxy_server import ServerKeys
from dragoman.config.groups import GroupKeys
from dragoman.config.routing import RoutingKeys
from dragoman.config.secrets import Secret
from dragoman.config.settings import Gateway

HEAD = """# Configuration

Made from the source by `python -m dragoman.config.reference > docs/configuration.md`;
a test compares the two.

The file is the one named by `--config`, else `./config.yaml`, else
`~/.config/dragoman/config.yaml`. It is YAML. `dragoman config check` reads it and tells every error
with its line; `dragoman config schema` prints a JSON Schema for editors. An unknown key is ignored
with a warning that names the nearest known one. A key without a value has its default. Relative
paths are relative to the file's folder, and `~` is the home folder.

`${NAME}` in a text is the environment variable NAME, which must be set; `${NAME:-text}` has a
default for when it is unset or empty; `$${NAME}` stands for the characters `${NAME}`.

A configuration file of CLIProxyAPI is accepted as it is.
"""
SECTIONS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("The gateway and its upstreams", "", Gateway),
    ("Names, credentials and retries", "", RoutingKeys),
    ("Groups", "", GroupKeys),
    ("Amp", "", AmpKeys),
    (
        "CLIProxyAPI: keys",
        "Entries become upstreams: `gemini-api-key-1` …, or the name their block has.",
        KeyBlocks,
    ),
    ("CLIProxyAPI: server", "", ServerKeys),
)
TABLE = "| key | type | default | meaning |\n| --- | --- | --- | --- |\n"
KINDS = {
    str: "text", Secret: "secret", int: "whole number", float: "number", bool: "true/false",
    Path: "path", Any: "anything", type(None): "",
}  # fmt: skip


def reference_markdown() -> str:
    """Every key of the file: path, type, default, description."""
    parts = [HEAD]
    for title, text, block in SECTIONS:
        rows = "".join(_row(*row) for row in _rows(block, ""))
        lead = f"{text}\n\n" if text else ""
        parts.append(f"## {title}\n\n{lead}{TABLE}{rows}")
    return "\n".join(parts)


def _row(path: str, kind: str, default: str, description: str) -> str:
    cells = (f"`{path}`", kind, default, description)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _rows(block: type[BaseModel], before: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in block.model_fields.items():
        path = before + (field.alias or name)
        yield path, _kind(field.annotation), _default(field), field.description or ""
        inner, step = _inner(field.annotation)
        if inner is not None:
            yield from _rows(inner, f"{path}{step}.")


def _inner(kind: Any) -> tuple[type[BaseModel] | None, str]:
    """The block inside a type, and the step that leads to it: `[]` for lists, `.NAME` for maps."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind, ""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _inner(parts[0])
    if origin is tuple:
        inner, step = _inner(parts[0])
        return inner, f"[]{step}"
    if origin is dict:
        inner, step = _inner(parts[1])
        return inner, f".NAME{step}"
    for part in parts if origin in {Union, types.UnionType} else ():
        inner, step = _inner(part)
        if inner is not None:
            return inner, step
    return None, ""


def _kind(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if kind in KINDS:
        return KINDS[kind]
    if origin is Annotated:
        return _kind(parts[0])
    if origin is Literal:
        return ", ".join(str(part) if part != "" else "(empty)" for part in parts)
    if origin is tuple:
        return f"list of {_plural(_kind(parts[0]))}"
    if origin is dict:
        return f"mapping to {_kind(parts[1])}"
    if origin in {Union, types.UnionType}:
        return " or ".join(filter(None, map(_kind, parts)))
    return "block"


def _plural(kind: str) -> str:
    plurals = {"text": "texts", "block": "blocks", "secret": "secrets"}
    return plurals.get(kind, kind)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if value is PydanticUndefined or value is None:
        return ""
    if isinstance(value, Path | str | Secret):
        text = value.reveal() if isinstance(value, Secret) else str(value)
        return f"`{text}`" if text else ""
    if value == ():
        return ""
    return f"`{json.dumps(value)}`"


if __name__ == "__main__":
    sys.stdout.write(reference_markdown())
