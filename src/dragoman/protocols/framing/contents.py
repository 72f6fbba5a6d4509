"""A message's content in its bytes, a string or an array of blocks, and what edits of texts do to
it. Blocks that an edit does not mean stay byte for byte, with their cache marks."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.neutral.editing import kept_first
from dragoman.neutral.edits import ReplaceSystemText
from dragoman.neutral.json import Json, JsonObject, encode
from dragoman.neutral.parts import CacheMark, Part, Text
from dragoman.protocols.framing.drafts import Element, Items, decoded
from dragoman.protocols.framing.splice import Spans

_APART = rb"\n\n"


class Form(msgspec.Struct, frozen=True):
    """How a protocol writes contents. `read`: (block, its path) → part; `write`: a text's block,
    with a cache mark where the protocol has them. `blocks`: a string with a text beside it becomes
    an array of two blocks; else they are one string, for not every server takes arrays."""

    read: Callable[[Json, str], Part]
    write: Callable[[str, CacheMark | None], JsonObject]
    blocks: bool = False


class Content:
    """`raw` None: there is none."""

    def __init__(self, raw: bytes | None, path: str, form: Form) -> None:
        """
        Raises:
            InvalidRequest: it is neither a string nor an array of blocks that can be read.
        """
        self._raw = raw
        self._form = form
        self._items: Items | None = None
        self.parts: tuple[Part, ...] = ()
        if raw is None:
            return
        if raw.startswith(b"["):
            self._items = Items(raw, path)
            blocks = enumerate(self._items.raw)
            self.parts = tuple(
                form.read(decoded(block, f"{path}[{index}]"), f"{path}[{index}]")
                for index, block in blocks
            )
            return
        value = decoded(raw, path)
        if not isinstance(value, str):
            raise InvalidRequest(f"{path}: expected a string or an array", param=path)
        if value:
            self.parts = (Text(value),)

    def with_text(self, text: str, at: int | None = None) -> bytes:
        """A text beside the others, at this place or behind them all."""
        at = len(self.parts) if at is None else at
        block = Text(text)
        if self._items is not None:
            items = self._items
            return items.rebuilt([*items.own(0, at), self._block(block), *items.own(at)])
        texts = [part for part in self.parts if isinstance(part, Text)]
        return self._texts([*texts[:at], block, *texts[at:]])

    def put(self, text: str, mark: CacheMark | None) -> bytes:
        """A text in place of all, but for what stays first."""
        kept = len(kept_first(self.parts))
        block = Text(text, cache=mark)
        if self._items is not None:
            return self._items.rebuilt([*self._items.own(0, kept), self._block(block)])
        texts = [part for part in self.parts[:kept] if isinstance(part, Text)]
        return self._texts([*texts, block])

    def replaced(self, edit: ReplaceSystemText) -> bytes | None:
        """With other texts; None when nothing is left."""
        if self._items is None:
            own, *_ = (*(part.text for part in self.parts if isinstance(part, Text)), "")
            text = edit.applied(own)
            if text == own:
                return self._raw
            return encode(text) if text else None
        blocks = zip(self._items.raw, self.parts, strict=True)
        elements: list[Element] = [
            (index, new)
            for index, (raw, part) in enumerate(blocks)
            if (new := self._replaced(raw, part, edit)) is not None
        ]
        return self._items.rebuilt(elements) if elements or not self.parts else None

    def _replaced(self, raw: bytes, part: Part, edit: ReplaceSystemText) -> bytes | None:
        text = edit.applied(part.text) if isinstance(part, Text) else ""
        if not isinstance(part, Text) or text == part.text:
            return raw
        if not text:
            return None
        return encode(text) if raw.startswith(b'"') else Spans(raw).replaced({"text": encode(text)})

    def _texts(self, texts: list[Text]) -> bytes:
        """What was a string, or nothing; the string's own spelling stays."""
        marked = any(text.cache for text in texts)
        if marked or (self._form.blocks and len(texts) > 1):
            return b"[" + b",".join(map(self._block, texts)) + b"]"
        return b'"' + _APART.join(self._string(text)[1:-1] for text in texts) + b'"'

    def _string(self, text: Text) -> bytes:
        own = self._raw is not None and any(text is part for part in self.parts)
        return self._raw if own and self._raw else encode(text.text)

    def _block(self, text: Text) -> bytes:
        block = self._form.write(text.text, text.cache)
        return encode({**block, "text": msgspec.Raw(self._string(text))})
