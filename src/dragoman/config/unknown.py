"""Keys of the file that no field knows, each with the nearest name that one does."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from dragoman.config.problems import Notice, Place


def unknown_keys(block: type[BaseModel], data: Any, place: Place = ()) -> Iterator[Notice]:
    """Walks the file's values along the fields' types, at every depth."""
    if not isinstance(data, Mapping):
        return
    known = types_of_keys(block)
    for name, value in data.items():
        here = (*place, name)
        if name in known:
            yield from _inside(known[name], value, here)
        else:
            yield Notice(here, f"unknown key, so it is ignored{nearest(name, known)}")


def nearest(name: str, known: Mapping[str, Any]) -> str:
    plain = name.replace("_", "-").lower()
    found = difflib.get_close_matches(plain, known, n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


@cache
def types_of_keys(block: type[BaseModel]) -> dict[str, Any]:
    """The keys of a block as written, with their types."""
    return {field.alias or name: field.annotation for name, field in block.model_fields.items()}


def _inside(kind: Any, value: Any, place: Place) -> Iterator[Notice]:
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from unknown_keys(kind, value, place)
    elif origin is Annotated:
        yield from _inside(get_args(kind)[0], value, place)
    elif origin is tuple and isinstance(value, list):
        for at, entry in enumerate(value):
            yield from _inside(get_args(kind)[0], entry, (*place, at))
    elif origin is dict and isinstance(value, Mapping):
        for name, entry in value.items():
            yield from _inside(get_args(kind)[1], entry, (*place, name))
    elif origin is not None and origin not in {tuple, dict}:
        for part in get_args(kind):
            yield from _inside(part, value, place)
