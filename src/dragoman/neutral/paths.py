"""Paths into JSON values, in the language of gjson and sjson (github.com/tidwall/gjson, SYNTAX.md,
v1.18), as far as it names places.

`a.b` goes into objects, `a.0` into lists, `a.-1` stands behind a list's end; `*` and `?` in a name
fit any signs, `#` every item, `#(type=="x")` the first item that fits and `#(…)#` all of them. `\\`
takes a sign's meaning away, and `:1` is the name "1". Pipes, modifiers and multipaths name no place
and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

from dragoman.neutral.conditions import OPERATORS, Operand, compares, operand
from dragoman.neutral.json import Json, JsonObject

Place: TypeAlias = tuple[str | int, ...]
"""One place: names of objects, indices of lists; -1 stands behind a list's end."""
Purpose: TypeAlias = Literal["find", "put", "remove"]

_BEHIND = -1
_MOST_ITEMS = 10_000
_RESERVED = re.compile(r'[()\[\]{}|"]')
_MISSING = object()


class Member(msgspec.Struct, frozen=True):
    """A name, or an index where the value is a list; any fitting name where there is a pattern."""

    name: str
    index: int | None = None
    pattern: re.Pattern[str] | None = None


class Behind(msgspec.Struct, frozen=True):
    """Behind the last item; the last one itself when something is removed."""


class Items(msgspec.Struct, frozen=True):
    """A list's items: all of them, or those of which `operator` holds between what is at `of` and
    `value`. Without an operator something has to be there. `every`: not only the first."""

    every: bool = True
    of: Path | None = None
    operator: str = ""
    value: Operand = None


Step: TypeAlias = Member | Behind | Items


class Path(msgspec.Struct, frozen=True):
    text: str
    steps: tuple[Step, ...]

    @property
    def head(self) -> str | None:
        """The only top-level name it may touch; None when that depends on the value."""
        first = self.steps[0]
        return first.name if isinstance(first, Member) and first.pattern is None else None


def parse_path(text: str) -> Path:
    """
    Raises:
        ValueError: it is no path; the text says why.
    """
    return Path(text, tuple(_step(piece, text) for piece in _pieces(text)))


def places(value: JsonObject, path: Path, purpose: Purpose) -> list[Place]:
    """Where a path leads: what is there (`find`), where a value may be put, what may be removed."""
    return list(_places(value, path.steps, purpose))


def put(value: JsonObject, place: Place, new: Json) -> None:
    """Puts a value where `places` said that one may be; what is missing on the way is made."""
    here: Json = value
    for key, following in zip(place, (*place[1:], None), strict=True):
        old = _at(here, key)
        child = new if following is None else old
        if following is not None and not isinstance(old, dict | list):
            child = {} if isinstance(following, str) else []
        if isinstance(here, dict) and isinstance(key, str):
            here[key] = child
        elif isinstance(here, list) and isinstance(key, int):
            if key == _BEHIND:
                here.append(child)
            else:
                here += [None] * (key + 1 - len(here))
                here[key] = child
        else:
            return
        here = child


def remove(value: JsonObject, place: Place) -> None:
    """Removes what `places` found; with several in one list, go from its end."""
    here: Json = value
    for key in place[:-1]:
        here = _at(here, key)
    key = place[-1]
    if isinstance(here, dict):
        del here[str(key)]
    else:
        assert isinstance(here, list)
        del here[int(key)]


def _at(value: Json, key: str | int) -> Json:
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    return None


# -- reading a path


def _pieces(text: str) -> Iterator[str]:
    """The text between dots that are not escaped and stand in no condition."""
    start = at = depth = 0
    quoted = False
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 1
        elif quoted:
            quoted = sign != '"'
        elif sign == '"' and depth:
            quoted = True
        elif sign == "(" and (depth or text[start:at] == "#"):
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
        elif sign == "." and not depth:
            yield text[start:at]
            start = at + 1
        at += 1
    if depth or at > len(text):
        raise _wrong(text, "a bracket, quote or escape is not closed")
    yield text[start:]


def _wrong(text: str, why: str) -> ValueError:
    return ValueError(f"{text!r} is no path; {why}")


def _step(piece: str, text: str) -> Step:
    if not piece:
        raise _wrong(text, "write field.field or list.0.field")
    if piece == "-1":
        return Behind()
    if piece == "#":
        return Items()
    if piece.startswith("#("):
        every = piece.endswith(")#")
        if not every and not piece.endswith(")"):
            raise _wrong(text, "a condition ends with ) or )#")
        return _items(piece[2 : -2 if every else -1], text, every=every)
    if piece[0] in "@!#":
        raise _wrong(text, f"write \\{piece[0]} where the name begins with {piece[0]}")
    return _member(piece, text)


def _member(piece: str, text: str) -> Member:
    if re.fullmatch(r":\d+", piece):
        return Member(piece[1:])
    name = re.sub(r"\\(.)", r"\1", piece)
    bare = re.sub(r"\\.", "", piece)
    found = _RESERVED.search(bare)
    if found:
        raise _wrong(text, f"{found[0]!r} means nothing here; write \\{found[0]} for a name's sign")
    if "*" in bare or "?" in bare:
        return Member(name, None, _pattern(piece))
    index = int(piece) if re.fullmatch(r"[0-9]{1,9}", piece) else None
    if index is not None and index > _MOST_ITEMS:
        raise _wrong(text, f"lists have at most {_MOST_ITEMS} items; write :{piece} for a name")
    return Member(name, index)


def _pattern(piece: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile(
        "".join(
            signs.get(sign) or re.escape(sign[-1])
            for sign in re.findall(r"\\.|.", piece, re.DOTALL)
        ),
        re.DOTALL,
    )


def _items(condition: str, text: str, *, every: bool) -> Items:
    at = _operator_at(condition)
    operator = next((sign for sign in OPERATORS if condition.startswith(sign, at)), "")
    left = condition[:at].strip()
    if at < len(condition) and not operator:
        raise _wrong(text, f"conditions compare with {' '.join(OPERATORS)}")
    if not left and not operator:
        raise _wrong(text, 'a condition is missing; write #(field=="value")')
    value: Operand = None
    if operator:
        try:
            value = operand(condition[at + len(operator) :].strip())
        except ValueError as error:
            raise _wrong(text, str(error)) from None
    return Items(every, parse_path(left) if left else None, operator, value)


def _operator_at(condition: str) -> int:
    """Where the operator begins; the condition's length where it has none."""
    depth = at = 0
    while at < len(condition):
        sign = condition[at]
        if sign == "\\":
            at += 1
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif not depth and sign in "=!<>%":
            return at
        at += 1
    return at


# -- following a path


def _places(value: object, steps: tuple[Step, ...], purpose: Purpose) -> Iterator[Place]:
    if not steps:
        yield ()
        return
    for key, child in _children(value, steps[0], purpose, last=len(steps) == 1):
        for tail in _places(child, steps[1:], purpose):
            yield (key, *tail)


def _children(
    value: object, step: Step, purpose: Purpose, *, last: bool
) -> list[tuple[str | int, object]]:
    if isinstance(step, Items):
        return list(_fitting(value, step)) if isinstance(value, list) else []
    if isinstance(step, Behind):
        return _behind(value, purpose, last=last)
    if isinstance(value, dict):
        if step.pattern is not None:
            return [(key, value[key]) for key in value if step.pattern.fullmatch(key)]
        if step.name in value:
            return [(step.name, value[step.name])]
        return [(step.name, _MISSING)] if purpose == "put" else []
    if step.pattern is not None:
        return []
    if isinstance(value, list):
        if step.index is None:
            return []
        if step.index < len(value):
            return [(step.index, value[step.index])]
        return [(step.index, _MISSING)] if purpose == "put" else []
    key = step.name if step.index is None else step.index
    return [(key, _MISSING)] if purpose == "put" else []


def _behind(value: object, purpose: Purpose, *, last: bool) -> list[tuple[str | int, object]]:
    if purpose == "put" and not isinstance(value, dict):
        return [(_BEHIND, _MISSING)]
    if purpose == "remove" and last and isinstance(value, list) and value:
        return [(len(value) - 1, value[-1])]
    return []


def _fitting(value: list[Json], step: Items) -> Iterator[tuple[int, Json]]:
    for index, item in enumerate(value):
        if _fits(item, step):
            yield index, item
            if not step.every:
                return


def _fits(item: Json, step: Items) -> bool:
    there: list[Json] = [item] if step.of is None else found(item, step.of)
    if not step.operator:
        return bool(there) or step.of is None
    return any(compares(value, step.operator, step.value) for value in there)


def found(value: Json, path: Path) -> list[Json]:
    """The values that a path finds."""
    out: list[Json] = []
    for place in _places(value, path.steps, "find"):
        here = value
        for key in place:
            here = _at(here, key)
        out.append(here)
    return out
