"""What of an upstream's output item has been told as events so far."""

from __future__ import annotations

from dragoman.neutral.json import JsonObject


def text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


class Content:
    """One content part of a message, or the one text of a reasoning item."""

    __slots__ = ("citations", "ended", "index", "logprobs", "written")

    def __init__(self, index: int) -> None:
        self.index = index
        self.written = False
        self.ended = False
        self.citations = 0
        self.logprobs = False


class Item:
    """One output item: what of it has been emitted."""

    __slots__ = ("contents", "done", "held", "id", "kind", "spoke", "value")

    def __init__(self, value: JsonObject) -> None:
        self.kind = text_of(value.get("type"))
        self.id = text_of(value.get("id"))
        self.value = value
        self.contents: dict[int, Content] = {}
        self.held: list[str] = []
        self.spoke: tuple[str, int] | None = None
        self.done = False
