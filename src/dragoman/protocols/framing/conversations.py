"""A conversation's messages in their bytes: the prompt that stands first in it, and the user's last
words. Messages that an edit does not mean stay byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import msgspec

from dragoman.neutral.editing import kept_first, last_mark, words_at
from dragoman.neutral.edits import ReplaceSystemText
from dragoman.neutral.json import Json, encode
from dragoman.neutral.parts import CacheMark, Media, Opaque, Part, ToolResult
from dragoman.protocols.framing.contents import Content, Form
from dragoman.protocols.framing.drafts import Draft, Element, Items, decoded

Side: TypeAlias = Literal["system", "user", "result", "beside", "other", "aside", "unknown"]
"""Whose a message is. "result": a tool's; "beside": the user's, and no message; "aside": nobody's,
as if it did not stand there; "unknown": of the same side as the one before it."""


class Head(msgspec.Struct):
    """What tells whose a message is."""

    role: str | None = None
    type: str | None = None


_HEAD = msgspec.json.Decoder(Head)


def head_of(message: bytes) -> Head | None:
    """None for what is no message."""
    try:
        return _HEAD.decode(message)
    except msgspec.ValidationError:
        return None


class Shape(msgspec.Struct, frozen=True):
    """How a protocol writes conversations. `merged`: neighbours of one side are one turn. `mark`:
    reads a message's own cache mark. `media`: where images stand beside the content."""

    path: str
    side: Callable[[Head], Side]
    form: Callable[[], Form]
    content: str = "content"
    merged: bool = False
    mark: Callable[[Json], CacheMark | None] = lambda _: None
    media: str = ""


class Conversation:
    """One body's messages."""

    def __init__(self, raw: bytes, shape: Shape) -> None:
        """
        Raises:
            InvalidRequest: not an array of objects.
        """
        self._shape = shape
        self._items = Items(raw, shape.path)
        self._changed: dict[int, bytes | None] = {}
        self._first = b""
        self._sides = [self._side(item) for item in self._items.raw]

    def body(self) -> bytes:
        elements: list[Element] = [self._first] if self._first else []
        for index, raw in enumerate(self._items.raw):
            message = self._changed.get(index, raw)
            if message is not None:
                elements.append((index, message))
        return self._items.rebuilt(elements)

    # -- the prompt

    def prompt(self) -> list[int]:
        """The messages that stand first and are the system's."""
        out: list[int] = []
        for index, side in enumerate(self._sides):
            if side not in ("system", "aside"):
                break
            if side == "system":
                out.append(index)
        return out

    def add_system(self, text: str) -> None:
        prompt = self.prompt()
        if prompt:
            index = prompt[-1]
            self._put(index, self._content(index).with_text(text))
        else:
            self._first = encode({"role": "system", "content": text})

    def put_system(self, text: str) -> None:
        prompt = self.prompt()
        if not prompt:
            self.add_system(text)
            return
        marks = [mark for index in prompt if (mark := self._mark(index)) is not None]
        first, *others = prompt
        content = self._content(first).put(text, marks[-1] if marks else None)
        message = self._message(first)
        message.put(self._shape.content, content)
        if marks and "cache_control" in message:
            message.put("cache_control", None)
        self._changed[first] = message.body()
        self._changed.update(dict.fromkeys(others))

    def replace_text(self, edit: ReplaceSystemText) -> None:
        for index in self.prompt():
            content = self._content(index)
            new = content.replaced(edit)
            if new is None and content.parts:
                self._changed[index] = None
            elif new is not None:
                self._put(index, new)

    # -- the user's words

    def add_user(self, text: str) -> bool:
        """Whether there are words to put it before."""
        return any(self._add_to(turn, text) for turn in self._user_turns())

    def _user_turns(self) -> Iterator[list[int]]:
        """From the last one."""
        turn: list[int] = []
        for index in range(len(self._sides) - 1, -1, -1):
            side = self._sides[index]
            if side in ("user", "result", "beside"):
                turn.insert(0, index)
                if self._shape.merged:
                    continue
            elif side in ("aside", "unknown"):
                continue
            if turn:
                yield turn
            turn = []
        if turn:
            yield turn

    def _add_to(self, turn: list[int], text: str) -> bool:
        parts: list[Part] = []
        places: list[tuple[int, int]] = []
        contents: dict[int, Content] = {}
        for index in turn:
            beside, own = self._parts(index, contents)
            parts += [*beside, *own]
            places += [(index, block - len(beside)) for block in range(len(beside) + len(own))]
        at = words_at(parts)
        if at is None:
            return False
        if at == len(parts):
            index = max(contents)
            self._put(index, contents[index].with_text(text))
        else:
            index, block = places[at]
            self._put(index, contents[index].with_text(text, block))
        return True

    def _parts(
        self, index: int, contents: dict[int, Content]
    ) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
        """What a message says, and before it what stands beside its content."""
        side = self._sides[index]
        if side == "result":
            return (ToolResult("", ()),), ()
        if side == "beside":
            return (Opaque("", None, ""),), ()
        contents[index] = self._content(index)
        images = self._shape.media and self._message(index).get(self._shape.media)
        return ((Media("image"),) if images else ()), contents[index].parts

    # -- single messages

    def _side(self, item: bytes) -> Side:
        head = head_of(item)
        return "other" if head is None else self._shape.side(head)

    def _message(self, index: int) -> Draft:
        return Draft(self._items.raw[index])

    def _content(self, index: int) -> Content:
        raw = self._message(index).get(self._shape.content)
        path = f"{self._shape.path}[{index}].{self._shape.content}"
        return Content(raw, path, self._shape.form())

    def _put(self, index: int, content: bytes) -> None:
        message = self._message(index)
        message.put(self._shape.content, content)
        self._changed[index] = message.body()

    def _mark(self, index: int) -> CacheMark | None:
        parts = self._content(index).parts
        own = self._message(index).get("cache_control")
        of_message = None if own is None else self._shape.mark(decoded(own, self._shape.path))
        return last_mark(parts[len(kept_first(parts)) :]) or of_message
