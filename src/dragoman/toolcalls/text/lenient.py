"""JSON as models write it: trailing commas, single quotes, raw line breaks, Python's words, bare
keys, quotes inside strings, closing brackets forgotten at the end. Numbers stay exact."""

from __future__ import annotations

import re

import msgspec

from dragoman.neutral.json import Json, JsonObject, decode

_BLANK = re.compile(r"(?:\s|//[^\n]*(?=\n))*")
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
_WORD = re.compile(r"[A-Za-z_$][\w$-]*")
_WORDS: dict[str, Json] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_BEHIND_STRING = re.compile(r"\s*(?:[,:}\]]|\Z)")
_DEEPEST = 64


class Found(msgspec.Struct, frozen=True):
    """A value and where it ends. `closed`: nothing had to be added at the text's end."""

    value: Json
    end: int
    closed: bool = True


class Bad(msgspec.Struct, frozen=True):
    """No value. `inside`: the text ended within a string."""

    inside: bool = False


class _Fault(Exception):
    def __init__(self, inside: bool = False) -> None:
        super().__init__()
        self.inside = inside


def json_in(text: str) -> Found | Bad:
    """The JSON value `text` begins with."""
    try:
        return Found(decode(text), len(text))
    except ValueError:
        pass
    reading = _Reading(text)
    try:
        value = reading.value(0)
    except _Fault as fault:
        return Bad(fault.inside)
    return Found(value, reading.at, reading.closed)


class _Reading:
    __slots__ = ("at", "closed", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.closed = True

    def value(self, depth: int) -> Json:
        sign = self._next()
        if depth > _DEEPEST or not sign:
            raise _Fault
        if sign == "{":
            return self._object(depth)
        if sign == "[":
            return self._array(depth)
        if sign in "\"'":
            return self._string(sign)
        if number := _NUMBER.match(self.text, self.at):
            return self._number(number)
        word = _WORD.match(self.text, self.at)
        if word is None or word[0] not in _WORDS:
            raise _Fault
        self.at = word.end()
        return _WORDS[word[0]]

    def _number(self, number: re.Match[str]) -> Json:
        try:
            value = decode(number[0].lstrip("+").replace("_", ""))
        except ValueError:
            raise _Fault from None
        self.at = number.end()
        return value

    def _next(self) -> str:
        """The next sign that is not blank, "" at the end."""
        blank = _BLANK.match(self.text, self.at)
        assert blank is not None
        self.at = blank.end()
        return self.text[self.at : self.at + 1]

    def _object(self, depth: int) -> JsonObject:
        out: JsonObject = {}
        self.at += 1
        while not self._closes("}"):
            key = self._key()
            if key in out or self._next() != ":":
                raise _Fault
            self.at += 1
            out[key] = self.value(depth + 1)
            self._comma("}")
        return out

    def _array(self, depth: int) -> list[Json]:
        out: list[Json] = []
        self.at += 1
        while not self._closes("]"):
            out.append(self.value(depth + 1))
            self._comma("]")
        return out

    def _closes(self, bracket: str) -> bool:
        sign = self._next()
        if sign == bracket:
            self.at += 1
            return True
        if not sign:
            self.closed = False
            return True
        return False

    def _comma(self, bracket: str) -> None:
        sign = self._next()
        if sign == ",":
            self.at += 1
        elif sign and sign != bracket:
            raise _Fault

    def _key(self) -> str:
        sign = self._next()
        if sign in "\"'":
            return self._string(sign)
        word = _WORD.match(self.text, self.at)
        if word is None:
            raise _Fault
        self.at = word.end()
        return word[0]

    def _string(self, quote: str) -> str:
        """Up to a quote that something follows which can stand behind a string."""
        out: list[str] = []
        at = self.at + 1
        special = re.compile(rf"[{quote}\\]")
        while found := special.search(self.text, at):
            out.append(self.text[at : found.start()])
            at = found.end()
            if found[0] == "\\":
                sign, at = self._escape(at)
                out.append(sign)
            elif _BEHIND_STRING.match(self.text, at):
                self.at = at
                return "".join(out)
            else:
                out.append(quote)
        raise _Fault(inside=True)

    def _escape(self, at: int) -> tuple[str, int]:
        sign = self.text[at : at + 1]
        if sign == "u" and (digits := _HEX.match(self.text, at + 1)):
            code = int(digits[0], 16)
            low = _HEX.match(self.text, at + 7) if self.text[at + 5 : at + 7] == "\\u" else None
            if 0xD800 <= code < 0xDC00 and low and 0xDC00 <= int(low[0], 16) < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + int(low[0], 16) - 0xDC00), at + 11
            return ("\ufffd" if 0xD800 <= code < 0xE000 else chr(code)), at + 5
        if sign in _ESCAPES:
            return _ESCAPES[sign], at + 1
        return (sign if sign in "\"'\\/" else f"\\{sign}"), at + len(sign)
