"""Calls as JSON, in the many shapes models give it."""

from __future__ import annotations

import re

from dragoman.neutral.json import Json
from dragoman.toolcalls.text.lenient import Bad, Found, json_in
from dragoman.toolcalls.text.steps import UNFINISHED, Asked, Ending, Read, Step, Unread, Wait

_NAMES = ("name", "tool", "tool_name", "function", "function_name", "action")
_ARGUMENTS = ("arguments", "parameters", "args", "input", "tool_input", "action_input", "params")
_SPARE = " \t\r\n}],;"
_MORE = re.compile(r"[\s;,]*(?=\{)")
NOT_JSON = "its JSON is not valid"
NO_CALLS = "it does not say which tool, with which arguments"


def json_body(
    text: str,
    at: int,
    close: re.Pattern[str],
    ending: Ending | None,
    name: str = "",
    signs: str = ">",
) -> Step:
    """JSON from `at` to the first `close` that is not inside one of its strings, or without one to
    the end. `name` is the tool's where it stood in the head; else the JSON has it. `signs`: with
    what `close` ends."""
    start = at
    while found := close.search(text, start):
        body = text[at : found.start()]
        read = json_in(body)
        if isinstance(read, Found):
            return _json_read(read, body, at, found.end(), name)
        if not read.inside:
            return Unread(found.end(), NOT_JSON)
        start = found.end() + (found.end() == found.start())
    if ending is None:
        return Wait(close, start, signs)
    read = json_in(text[at:])
    cut_off = ending != "end" or not text.rstrip().endswith(("}", "]", '"'))
    if isinstance(read, Bad) or (not read.closed and cut_off):
        return Unread(len(text), UNFINISHED)
    values, end = _values(read, text[at:])
    calls = calls_of(values, name)
    return Read(calls, at + end) if calls else Unread(at + end, NO_CALLS)


def _json_read(read: Found, body: str, at: int, end: int, name: str) -> Read | Unread:
    """The calls of a body that was ended; the end of a call in it may have been forgotten, so that
    the next one's head follows."""
    values, inner = _values(read, body)
    calls = calls_of(values, name)
    rest = body[inner:].strip(_SPARE)
    if rest.startswith("<tool_call>"):
        rest, end = "", at + body.rindex(rest)
    if rest or not calls:
        return Unread(end, NOT_JSON if rest else NO_CALLS)
    return Read(calls, end)


def _values(read: Found, body: str) -> tuple[list[Json], int]:
    """The value a body begins with and the objects that follow it, and where the last ends."""
    values, end = [read.value], read.end
    while more := _MORE.match(body, end):
        found = json_in(body[more.end() :])
        if isinstance(found, Bad) or not found.closed:
            break
        values.append(found.value)
        end = more.end() + found.end
    return values, end


def calls_of(value: Json, name: str = "") -> tuple[Asked, ...]:
    """The calls a JSON value spells out; none when it is anything else."""
    if isinstance(value, list):
        each = [calls_of(one, name) for one in value]
        return tuple(call for one in each for call in one) if all(each) else ()
    if not isinstance(value, dict):
        return ()
    if name:
        return (Asked(name, value),)
    if isinstance(value.get("tool_calls"), list):
        return calls_of(value["tool_calls"])
    if isinstance(value.get("function"), dict):
        return calls_of(value["function"])
    called = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    given = next((value[key] for key in _ARGUMENTS if key in value), {})
    if isinstance(given, str):
        inner = json_in(given)
        if isinstance(inner, Bad) or not isinstance(inner.value, dict):
            return (Asked(str(called), {}, free=given),) if called else ()
        given = inner.value
    if not isinstance(called, str) or not isinstance(given, dict):
        return ()
    return (Asked(called, given),)
