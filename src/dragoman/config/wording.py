"""pydantic's validation errors in this program's words: the place in the file, what was expected.

Values are quoted only where no secret can stand: numbers, switches and choices.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from dragoman.config.problems import Notice, Place

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

EXPECTED = {
    "missing": "is required; add it",
    "int_parsing": "expected a whole number, found {input}",
    "int_type": "expected a whole number, found {input}",
    "int_from_float": "expected a whole number, found {input}",
    "float_parsing": "expected a number, found {input}",
    "float_type": "expected a number, found {input}",
    "finite_number": "expected a finite number",
    "bool_parsing": "expected true or false, found {input}",
    "bool_type": "expected true or false, found {input}",
    "string_type": "expected text, found {kind}",
    "path_type": "expected a path; put the value in quotes",
    "tuple_type": "expected a list; write its entries as `- …` lines or in [ ]",
    "dict_type": "expected a mapping of `key: value` lines",
    "model_type": "expected a mapping of `key: value` lines",
    "greater_than_equal": "must be {ge} or more, found {input}",
    "less_than_equal": "must be {le} or less, found {input}",
    "too_short": "is empty; write at least one entry",
    "string_too_short": "is empty; write a value",
    "literal_error": "expected {expected}, found {input}{nearest}",
}
KINDS = {list: "a list", dict: "a mapping", bool: "a switch; put it in quotes"}
SHOWN = 60


def worded(errors: Iterable[Mapping[str, Any]], written: Container[Place]) -> list[Notice]:
    """One notice a place: the branches of a union are told together."""
    told: dict[Place, list[str]] = {}
    for error in errors:
        messages = told.setdefault(_place(error, written), [])
        message = _message(error)
        if message not in messages:
            messages.append(message)
    return [Notice(place, ", or ".join(messages)) for place, messages in told.items()]


def _place(error: Mapping[str, Any], written: Container[Place]) -> Place:
    """The part of pydantic's path that stands in the file; the rest names its own machinery."""
    place: Place = ()
    for step in error["loc"]:
        if (*place, step) in written:
            place = (*place, step)
    if error["type"] == "missing":
        return (*place, error["loc"][-1])
    return place


def _message(error: Mapping[str, Any]) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    template = EXPECTED.get(error["type"])
    if template is None:
        return str(error["msg"])
    return template.format(
        **{name: _number(value) for name, value in context.items()},
        kind=KINDS.get(type(error["input"]), "a number; put it in quotes"),
        input=_shown(error["input"]),
        nearest=_nearest(error["input"], str(context.get("expected", ""))),
    )


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _nearest(value: Any, expected: str) -> str:
    found = difflib.get_close_matches(str(value), re.findall(r"'([^']+)'", expected), n=1)
    return f"; did you mean {found[0]}?" if found else ""
