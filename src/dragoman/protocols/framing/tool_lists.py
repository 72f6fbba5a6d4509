"""Lists of tools in their bytes, and what a filter leaves of them."""

from __future__ import annotations

from collections.abc import Callable

from dragoman.neutral.editing import choice_after, keeps
from dragoman.neutral.edits import DropTools, KeepTools
from dragoman.neutral.json import Fields
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import Tool, ToolChoice
from dragoman.protocols.framing.drafts import Element, Items, decoded


class Filter:
    """One edit at work on one body: what it has kept and dropped so far."""

    def __init__(self, edit: DropTools | KeepTools) -> None:
        self._edit = edit
        self.kept: list[Tool] = []
        self.dropped: list[Tool] = []

    def keeps(self, tool: Tool) -> bool:
        kept = keeps(self._edit, tool)
        (self.kept if kept else self.dropped).append(tool)
        return kept

    def left(self, raw: bytes, path: str, read: Callable[[Fields], Tool]) -> bytes | None:
        """A list without the dropped ones; None when none is left.

        Raises:
            InvalidRequest: it is no list of tools.
        """

        def element(raw: bytes, path: str) -> bytes | None:
            return raw if self.keeps(read(Fields(decoded(raw, path), path))) else None

        return rebuilt(raw, path, element)

    def choice(self, choice: ToolChoice, losses: Losses) -> ToolChoice:
        return choice_after(choice, self.kept, self.dropped, losses)


def rebuilt(raw: bytes, path: str, change: Callable[[bytes, str], bytes | None]) -> bytes | None:
    """A list with every element as `change` leaves it; None when none is left.

    Raises:
        InvalidRequest: it is no list.
    """
    items = Items(raw, path)
    elements: list[Element] = [
        (index, new)
        for index, own in enumerate(items.raw)
        if (new := change(own, f"{path}[{index}]")) is not None
    ]
    return items.rebuilt(elements) if elements or not items.raw else None
