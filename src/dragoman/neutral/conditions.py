"""JSON values compared, as conditions in paths and rules do it: types count, 1 is not true and
not "1", and a number is its value however it is written."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from dragoman.neutral.globs import matches
from dragoman.neutral.json import Json, decode

Operand: TypeAlias = Any
"""A JSON value out of a condition."""

OPERATORS = ("==", "!=", "!%", "<=", ">=", "=", "<", ">", "%")
"""Longest first. `%` compares a text with a glob."""


def operand(text: str) -> Operand:
    """What a condition compares with: JSON, or bare text.

    Raises:
        ValueError: there is none, or it begins like JSON text and is none.
    """
    if not text:
        raise ValueError('a value is missing behind the operator; write "" for an empty text')
    try:
        return decode(text)
    except ValueError:
        if text.startswith('"'):
            raise
        return text


def same(left: Json, right: Json) -> bool:
    """Whether two values are the same JSON."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if _is_number(left) and _is_number(right):
        return left == right
    return type(left) is type(right) and left == right


def compares(left: Json, sign: str, right: Operand) -> bool:
    """Whether an operator holds between what is in a body and what a condition says."""
    if sign in _EQUAL:
        return same(left, right) is _EQUAL[sign]
    if sign in _GLOBS:
        both = isinstance(left, str) and isinstance(right, str)
        return both and matches(right, str(left)) is _GLOBS[sign]
    if (_is_number(left) and _is_number(right)) or (
        isinstance(left, str) and isinstance(right, str)
    ):
        return _ORDERS[sign](left, right)
    return False


_EQUAL = {"==": True, "=": True, "!=": False}
_GLOBS = {"%": True, "!%": False}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
