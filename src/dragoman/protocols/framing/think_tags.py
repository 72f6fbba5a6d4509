"""Reasoning that local models write inline: `<think>…</think>` at the very start of the text.

The tag is a convention of open models' chat templates (DeepSeek-R1, Qwen3), not of a protocol, so
it is read only where it cannot be anything else: as the first text that is not blank. A later
`<think>` is text. Blanks right after either tag belong to nobody.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Piece: TypeAlias = "tuple[Literal['reasoning', 'text'], str]"

_OPEN = "<think>"
_CLOSE = "</think>"


class ThinkTags:
    """One text stream, cut anywhere, split into reasoning and text. `done` = from here on all is
    text, so that the caller may stop asking."""

    __slots__ = ("_held", "_trim", "_where", "done")

    def __init__(self) -> None:
        self.done = False
        self._held = ""
        self._where: Literal["start", "reasoning", "text"] = "start"
        self._trim = False

    def feed(self, text: str) -> list[Piece]:
        if self.done:
            return [("text", text)] if text else []
        text = self._held + text
        self._held = ""
        if self._where == "start":
            blank = text.lstrip()
            if _OPEN.startswith(blank[: len(_OPEN)]) and len(blank) < len(_OPEN):
                self._held = text
                return []
            if not blank.startswith(_OPEN):
                self.done = True
                return [("text", text)]
            self._where, self._trim = "reasoning", True
            text = blank[len(_OPEN) :]
        return self._after_open(text)

    def finish(self) -> list[Piece]:
        """What was held back because it might have become a tag. All that follows is text."""
        held, self._held = self._held, ""
        self.done = True
        if not held:
            return []
        return [("reasoning" if self._where == "reasoning" else "text", held)]

    def _after_open(self, text: str) -> list[Piece]:
        out: list[Piece] = []
        if self._where == "reasoning":
            inside, tag, text = text.partition(_CLOSE)
            if not tag:
                keep = _length_of_partial(inside)
                self._held = inside[len(inside) - keep :]
                inside = inside[: len(inside) - keep]
            if shown := self._trimmed(inside):
                out.append(("reasoning", shown))
            if not tag:
                return out
            self._where, self._trim = "text", True
        if shown := self._trimmed(text):
            self.done = True
            out.append(("text", shown))
        return out

    def _trimmed(self, text: str) -> str:
        """`text` without the blanks that follow a tag."""
        if self._trim:
            text = text.lstrip()
            self._trim = not text
        return text


def _length_of_partial(text: str) -> int:
    """How many characters at the end of `text` may be the beginning of the closing tag."""
    for length in range(min(len(_CLOSE) - 1, len(text)), 0, -1):
        if _CLOSE.startswith(text[-length:]):
            return length
    return 0
