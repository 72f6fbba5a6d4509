"""Values between tags, and free text. The reader looks at the text in order and decides on what it
has seen alone, so that it decides the same wherever the text was cut."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from dragoman.neutral.json import JsonObject
from dragoman.toolcalls.text.json_body import json_body
from dragoman.toolcalls.text.markup import attributes, trimmed, unescaped, without_cdata
from dragoman.toolcalls.text.steps import UNFINISHED, Asked, Ending, Read, Step, Unread, Wait

_ANYTHING = re.compile(r"\S")
_SKIPPED = re.compile(r"</[^<>\s]{1,60}>|<(?:args|arguments|parameters|input)>")
_TAG = re.compile(r"<[^<>]{0,600}>")
_LONGEST_TAG = 600
_WRONG_CLOSE = re.compile(r"</(?:arg|argument|parameter|param|value)>\s*\Z")


class Tags(msgspec.Struct, frozen=True):
    """A form of tagged values. `value` opens one: its key is the group `key`, or the attribute
    `name` in `attributes`, or the tag itself where `tag` is a declared argument; it ends with
    `close`, a pattern in which TAG stands for that tag. `end` ends the call, `again` begins
    another, `follows` is what may stand behind a value or a call. `unclosed` opens the next value
    where the end of one was forgotten. `sure`: its tags stand in no text by chance, so that the
    first of them ends a value. `entities`: values are escaped."""

    value: re.Pattern[str]
    close: str
    end: re.Pattern[str]
    again: re.Pattern[str]
    follows: re.Pattern[str]
    unclosed: re.Pattern[str]
    sure: bool = False
    entities: bool = False


def tagged_body(
    text: str, at: int, tags: Tags, ending: Ending | None, name: str, known: Sequence[str]
) -> Step:
    """Tagged values, or JSON in their place, to the call's end. `known`: the tool's arguments."""
    return _Tagged(text, tags, ending, name, known).read(at)


class _Tagged:
    def __init__(
        self, text: str, tags: Tags, ending: Ending | None, name: str, known: Sequence[str]
    ) -> None:
        self._text = text
        self._tags = tags
        self._ending = ending
        self._name = name
        self._known = frozenset(known)
        self._given: JsonObject = {}

    def read(self, at: int) -> Step:
        while True:
            blank = _ANYTHING.search(self._text, at)
            if blank is None:
                return self._over(at, at)
            at = blank.start()
            step = self._tag(at) if self._text[at] == "<" else self._no_tag(at)
            if not isinstance(step, int):
                return step
            at = step

    def _tag(self, at: int) -> Step | int:
        text, tags = self._text, self._tags
        if end := tags.end.match(text, at):
            return self._called(end.end())
        if self._given and tags.again.match(text, at):
            return self._called(at)
        if (value := tags.value.match(text, at)) and (key := self._key(value)):
            if key in self._given:
                return self._stray(at, f"the argument {key} stands in it twice")
            return self._value(key, value)
        if skipped := _SKIPPED.match(text, at):
            return skipped.end()
        if _TAG.match(text, at) is None and len(text) - at < _LONGEST_TAG:
            return self._over(at, at, re.compile(r">"))
        return self._stray(at, "there is text between its arguments")

    def _key(self, value: re.Match[str]) -> str:
        groups = value.groupdict()
        if groups.get("key"):
            return value["key"].strip()
        given = attributes(groups.get("attributes") or "").get("name")
        tag = groups.get("tag") or ""
        return given or (tag if tag in self._known else "")

    def _value(self, key: str, opened: re.Match[str]) -> Step | int:
        """Where the value ends; what stands in it is text, whatever it looks like."""
        text, tags = self._text, self._tags
        start = opened.end()
        groups = opened.groupdict()
        if (groups.get("attributes") or "").rstrip().endswith("/"):
            self._given[key] = self._plain(attributes(groups["attributes"]).get("value", ""))
            return start
        close = tags.close.replace("TAG", re.escape(groups.get("tag") or ""))
        stops = re.compile(f"(?P<close>{close})|{tags.end.pattern}|{tags.unclosed.pattern}")
        at = start
        while stop := stops.search(text, at):
            closed = stop["close"] is not None
            decided = tags.sure or self._ends(stop, closed=closed)
            if decided is None:
                return Wait(re.compile(r"\S[^<>]*>|\S[\s\S]{60}"), stop.end())
            if decided:
                self._given[key] = self._plain(text[start : stop.start()], closed=closed)
                return stop.end() if closed else stop.start()
            at = stop.end() if closed else stop.start() + 1
        if self._ending is None:
            return Wait(stops, at, ">")
        return Unread(len(text), f"the argument {key} was not finished")

    def _ends(self, stop: re.Match[str], *, closed: bool) -> bool | None:
        """Whether a tag that other text may hold as well ends the value; None: not known yet."""
        text, tags = self._text, self._tags
        if not closed and tags.end.match(stop[0]) is None:
            key = self._key(stop)
            before = text[: stop.start()].rstrip(" \t")
            return key in self._known and key not in self._given and before.endswith("\n")
        at = stop.end()
        follow = _ANYTHING.search(text, at)
        if follow is None:
            return None if self._ending is None else True
        begun = text[follow.start() : follow.start() + 60]
        if tags.follows.match(begun):
            return True
        if self._ending is None and begun[0] == "<" and ">" not in begun and len(begun) < 60:
            return None
        return False

    def _plain(self, value: str, *, closed: bool = True) -> str:
        if not closed:
            value = _WRONG_CLOSE.sub("", value).rstrip()
        value = trimmed(value)
        if not self._tags.sure and (data := without_cdata(value)) is not None:
            return data
        return unescaped(value) if self._tags.entities else value

    def _no_tag(self, at: int) -> Step | int:
        if self._text[at] == "{" and not self._given:
            return json_body(self._text, at, self._tags.end, self._ending, self._name)
        return self._stray(at, "there is text between its arguments")

    def _stray(self, at: int, why: str) -> Step:
        end = self._tags.end.search(self._text, at)
        if end is not None:
            return Unread(end.end(), why)
        return (
            Wait(self._tags.end, at, ">") if self._ending is None else Unread(len(self._text), why)
        )

    def _over(self, at: int, end: int, need: re.Pattern[str] = _ANYTHING) -> Step:
        """The text is over between two values."""
        if self._ending is None:
            return Wait(need, at)
        if self._ending == "end" and self._given:
            return self._called(end)
        return Unread(len(self._text), UNFINISHED)

    def _called(self, end: int) -> Read:
        return Read((Asked(self._name, self._given, texts=True),), end)


def free_body(
    text: str,
    at: int,
    close: re.Pattern[str],
    wrapped: re.Pattern[str],
    ending: Ending | None,
    name: str,
) -> Step:
    """Free text up to `close`; or what is `wrapped` like an argument, where it is all there is."""
    found = close.search(text, at)
    if found is not None:
        inner = text[at : found.start()]
        argument = wrapped.fullmatch(inner.strip())
        free = trimmed(inner if argument is None else argument["value"])
        return Read((Asked(name, {}, free=free),), found.end())
    return Wait(close, at, ">") if ending is None else Unread(len(text), UNFINISHED)


def no_body(text: str, at: int, end: re.Pattern[str], ending: Ending | None, why: str) -> Step:
    """What is none, up to its end: it is not searched for calls, for it may quote some."""
    found = end.search(text, at)
    if found is not None:
        return Unread(found.end(), why)
    return Wait(end, at, ">") if ending is None else Unread(len(text), why)
