"""The configuration for showing: every key as in the file, every secret masked."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from dragoman.config.blocks import kebab
from dragoman.config.secrets import Secret
from dragoman.neutral.json import Json


def masked(block: BaseModel) -> dict[str, Json]:
    """Also what stands in fields that may hold secrets among other things (headers, proxies)."""
    return {
        field.alias or kebab(name): _shown(getattr(block, name), hidden=not field.repr)
        for name, field in type(block).model_fields.items()
    }


def _shown(value: object, *, hidden: bool) -> Json:
    match value:
        case Secret():
            return value.masked
        case str():
            return Secret(value).masked if hidden else value
        case None | bool() | int() | float():
            return value
        case BaseModel():
            return masked(value)
        case dict():
            return {str(name): _shown(entry, hidden=hidden) for name, entry in value.items()}
        case tuple() | list() | frozenset() | set():
            return [_shown(entry, hidden=hidden) for entry in value]
        case Path():
            return str(value)
        case _:
            return Secret(str(value)).masked if hidden else str(value)
