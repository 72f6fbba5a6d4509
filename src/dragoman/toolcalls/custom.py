"""Custom (freeform) tools for targets that only know functions: a function with one string, and its
JSON arguments read back into the free text, cut anywhere.

OpenAI Responses, "Custom tools" and "Context-free grammars" (2026-11).
"""

from __future__ import annotations

import re

from dragoman.neutral.json import Json, JsonObject, encode_text, object_of
from dragoman.neutral.requests import CustomTool, FunctionTool

_PARAMETERS: JsonObject = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input, as plain text."}},
    "required": ["input"],
    "additionalProperties": False,
}


def as_function(tool: CustomTool, name: str) -> FunctionTool:
    """The tool as a function `name` of one string, its grammar told in the description."""
    told = [text for text in (tool.description, _grammar_told(tool.grammar)) if text]
    return FunctionTool(name, "\n\n".join(told), _PARAMETERS, cache=tool.cache)


def _grammar_told(grammar: JsonObject | None) -> str:
    definition = (grammar or {}).get("definition")
    if grammar is None or not isinstance(definition, str):
        return ""
    syntax = grammar.get("syntax")
    kind = f"this {syntax} grammar" if isinstance(syntax, str) else "this grammar"
    return f"The input must match {kind}:\n{definition}"


def input_as_arguments(text: str) -> str:
    """A custom call's free text as the function's arguments."""
    return encode_text({"input": text})


_HEAD = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_SPECIAL = re.compile(r'["\\]')
_LONGEST_HEAD = 256
_HEX = frozenset("0123456789abcdefABCDEF")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}
_REPLACEMENT = "\ufffd"


class InputReader:
    """The text inside {"input": "…"}, as it comes. What has another form is read whole at its end.

    Lenient, for models write it: raw line breaks stand for themselves, unknown escapes too.
    """

    __slots__ = ("_closed", "_held", "_inside", "_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self._inside = False
        self._closed = False
        self._held = ""

    def feed(self, text: str) -> str:
        """What these characters add to the input; may be empty."""
        if self._closed:
            return ""
        if self._inside:
            return self._unescaped(self._held + text)
        first = self._size == 0
        self._pieces.append(text)
        self._size += len(text)
        if not first and self._size - len(text) > _LONGEST_HEAD:
            return ""
        whole = "".join(self._pieces)
        head = _HEAD.match(whole)
        if head is None:
            return ""
        self._inside = True
        return self._unescaped(whole[head.end() :])

    def finish(self) -> str:
        """What was still held when the arguments ended."""
        return "" if self._inside else _odd_input("".join(self._pieces))

    def _unescaped(self, text: str) -> str:
        out: list[str] = []
        at = 0
        self._held = ""
        while found := _SPECIAL.search(text, at):
            stop = found.start()
            out.append(text[at:stop])
            if text[stop] == '"':
                self._closed = True
                return "".join(out)
            escape = _escape(text, stop)
            if escape is None:
                self._held = text[stop:]
                return "".join(out)
            out.append(escape[0])
            at = stop + escape[1]
        out.append(text[at:])
        return "".join(out)


def _escape(text: str, at: int) -> tuple[str, int] | None:
    """The escape at `at` and its length; None while it is not whole."""
    letter = text[at + 1 : at + 2]
    if not letter:
        return None
    if letter != "u":
        return _ESCAPES.get(letter, f"\\{letter}"), 2
    code = _code(text, at)
    if code is None:
        return None if len(text) < at + 6 and _HEX.issuperset(text[at + 2 :]) else ("\\u", 2)
    if not 0xD800 <= code < 0xE000:
        return chr(code), 6
    if code >= 0xDC00:
        return _REPLACEMENT, 6
    low = _code(text, at + 6)
    if low is not None and 0xDC00 <= low < 0xE000:
        return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)), 12
    rest = text[at + 6 : at + 12]
    if len(rest) < 6 and "\\u".startswith(rest[:2]) and _HEX.issuperset(rest[2:]):
        return None
    return _REPLACEMENT, 6


def _code(text: str, at: int) -> int | None:
    digits = text[at + 2 : at + 6]
    if text[at : at + 2] != "\\u" or len(digits) < 4 or not _HEX.issuperset(digits):
        return None
    return int(digits, 16)


def _odd_input(arguments: str) -> str:
    """Arguments that did not begin with "input": that key's text wherever it stands, nothing when
    they are empty, else the arguments themselves."""
    given = object_of(arguments)
    if given is None:
        return arguments
    text: Json = given.get("input", "" if not given else None)
    return text if isinstance(text, str) else arguments
