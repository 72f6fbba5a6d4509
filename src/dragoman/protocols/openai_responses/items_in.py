"""The output items of one answer, open and closed: which neutral part each of them is.

The stream says the same thing up to four times (delta, done, part done, item done) and servers
leave any of them out; here each text is emitted once, from whichever came first.
"""

from __future__ import annotations

from collections.abc import Callable

from dragoman.errors import InvalidRequest
from dragoman.neutral.events import (
    CitationDelta,
    Event,
    Head,
    InputDelta,
    LogprobsDelta,
    PartEnded,
    PartStarted,
    StateDelta,
    TextDelta,
)
from dragoman.neutral.json import Fields, Json, JsonObject
from dragoman.neutral.parts import (
    NO_EXTRAS,
    Media,
    Opaque,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolCall,
    ToolKind,
)
from dragoman.protocols.codec import Origin
from dragoman.protocols.openai_responses import parts_in
from dragoman.protocols.openai_responses.told import Content, Item, text_of
from dragoman.protocols.openai_responses.wire import HOSTED_ITEMS, NAME

_CALL_INPUTS: dict[str, tuple[ToolKind, str]] = {
    "function_call": ("function", "arguments"),
    "custom_tool_call": ("custom", "input"),
}


class Items:
    """All items of one answer; `events` collects what they say."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.events: list[Event] = []
        self.calls = False
        self._parts = 0
        self._open: dict[int, Item] = {}
        self._all: list[Item] = []
        self._finished: set[str] = set()

    # -- announcing -------------------------------------------------------------------------

    def added(self, index: int, value: JsonObject) -> Item:
        item = Item(value)
        self._open[index] = item
        self._all.append(item)
        if item.kind in _CALL_INPUTS:
            self._start_call(item, value)
        return item

    def at(self, index: int, kind: str) -> Item:
        """The open item at this place; a delta that was never announced opens one of `kind`."""
        item = self._open.get(index)
        if item is None or item.done or item.kind != kind:
            return self.added(index, {"type": kind})
        return item

    def done(self, index: int, value: JsonObject) -> None:
        item = self._announced(index, value) or self.added(index, value)
        item.done = True
        self._finished.add(item.id or text_of(value.get("id")))
        _CLOSERS.get(item.kind, Items.close_whole)(self, item, value)

    def _announced(self, index: int, value: JsonObject) -> Item | None:
        """The open item that this finished one is: at its place, or of its id where a server
        numbers all items alike."""
        kind = text_of(value.get("type"))
        here = self._open.get(index)
        if here is not None and not here.done and here.kind == kind:
            return here
        item_id = text_of(value.get("id"))
        same = (item for item in self._all if not item.done and item_id and item.id == item_id)
        return next(same, None)

    def complete(self, output: list[Json]) -> None:
        """The terminal event's whole output: what of it was never told, then every open end."""
        if sum(item.done for item in self._all) < len(output):
            for index, value in enumerate(output):
                if isinstance(value, dict) and not self._told(index, value):
                    self.done(index, value)
        for item in self._all:
            for content in item.contents.values():
                self._end(content)

    def _told(self, index: int, value: JsonObject) -> bool:
        item = self._open.get(index)
        if item is not None and item.done and item.kind == text_of(value.get("type")):
            return True
        return text_of(value.get("id")) in self._finished - {""}

    # -- text -------------------------------------------------------------------------------

    def content(self, item: Item, place: int, head: Head | None = None) -> Content:
        content = item.contents.get(place)
        if content is None:
            message: JsonObject = {k: v for k in _MESSAGE_KEYS if (v := item.value.get(k))}
            first = not item.contents and bool(message)
            wire: JsonObject = {"message": message} if first else NO_EXTRAS
            content = item.contents[place] = self._start(head or Text("", wire=wire))
        return content

    def refusal(self, item: Item, place: int) -> Content:
        return self.content(item, place, Refusal(""))

    def write(self, content: Content, text: object) -> None:
        if isinstance(text, str) and text:
            content.written = True
            self.events.append(TextDelta(content.index, text))

    def fill(self, content: Content, text: object) -> None:
        """The whole text, if no delta has told it."""
        if not content.written:
            self.write(content, text)

    def cite(self, content: Content, raw: Json) -> None:
        content.citations += 1
        if citation := parts_in.citation(raw):
            self.events.append(CitationDelta(content.index, citation))

    def logprobs(self, content: Content, items: Json) -> None:
        if isinstance(items, list) and items:
            content.logprobs = True
            self.events.append(LogprobsDelta(content.index, items))

    def think(self, item: Item, kind: str, place: int, text: object) -> None:
        """Summary or reasoning text, whichever came first; its parts a blank line apart."""
        if item.spoke is not None and item.spoke[0] != kind:
            return
        wire: JsonObject = {"item_id": item.id} if item.id else NO_EXTRAS
        content = self.content(item, 0, Reasoning(wire=wire))
        if item.spoke is not None and item.spoke[1] != place and content.written:
            self.write(content, "\n\n")
        item.spoke = (kind, place)
        self.write(content, text)

    def finish_part(self, item: Item, place: int, value: Json) -> None:
        """A finished content part: what of it has not been told, then its end."""
        if not isinstance(value, dict):
            return
        if value.get("type") == "refusal":
            content = self.refusal(item, place)
            text = value.get("refusal")
        else:
            content = self.content(item, place)
            text = value.get("text")
        if content.ended:
            return
        self.fill(content, text)
        listed = value.get("annotations")
        for raw in (listed if isinstance(listed, list) else [])[content.citations :]:
            self.cite(content, raw)
        if not content.logprobs:
            self.logprobs(content, value.get("logprobs"))
        self._end(content)

    # -- calls ------------------------------------------------------------------------------

    def call_input(self, item: Item, text: object) -> None:
        if not isinstance(text, str) or not text:
            return
        if item.contents:
            item.contents[0].written = True
            self.events.append(InputDelta(item.contents[0].index, text))
        else:
            item.held.append(text)

    def whole_input(self, item: Item, value: JsonObject, text: object) -> None:
        """A call whose input is complete; its name may be told only now."""
        self._start_call(item, value)
        if item.contents and not item.contents[0].written and not item.contents[0].ended:
            self.call_input(item, text)

    def _start_call(self, item: Item, value: JsonObject) -> None:
        """Begins the part once the call's name is known; held input follows it."""
        name = text_of(value.get("name")) or text_of(item.value.get("name"))
        if item.contents or not name:
            return
        known = {**item.value, **value}
        call_id = text_of(known.get("call_id")) or item.id or self.origin.new_id("call_")
        wire: JsonObject = {"item_id": item.id} if item.id else NO_EXTRAS
        kind, _ = _CALL_INPUTS[item.kind]
        namespace = text_of(known.get("namespace"))
        self.calls = True
        item.contents[0] = self._start(ToolCall(call_id, name, "", kind, namespace, wire=wire))
        held, item.held = item.held, []
        for text in held:
            self.call_input(item, text)

    # -- closing ----------------------------------------------------------------------------

    def close_message(self, item: Item, value: JsonObject) -> None:
        parts = value.get("content")
        for place, part in enumerate(parts if isinstance(parts, list) else []):
            self.finish_part(item, place, part)
        for content in item.contents.values():
            self._end(content)

    def close_reasoning(self, item: Item, value: JsonObject) -> None:
        if item.spoke is None:
            for kind in ("summary", "content"):
                parts = value.get(kind)
                for place, part in enumerate(parts if isinstance(parts, list) else []):
                    if isinstance(part, dict) and part.get("text"):
                        self.think(item, kind, place, part["text"])
        blob = value.get("encrypted_content")
        if isinstance(blob, str) and blob:
            wire: JsonObject = {"item_id": item.id} if item.id else NO_EXTRAS
            redacted = not item.contents
            content = self.content(item, 0, Reasoning(redacted=redacted, wire=wire))
            state = ReasoningState(blob, NAME, self.origin.upstream, self.origin.credential)
            self.events.append(StateDelta(content.index, state))
        for content in item.contents.values():
            self._end(content)

    def close_call(self, item: Item, value: JsonObject) -> None:
        self.whole_input(item, value, value.get(_CALL_INPUTS[item.kind][1]))
        for content in item.contents.values():
            self._end(content)

    def close_image(self, item: Item, value: JsonObject) -> None:
        data = value.get("result")
        if not isinstance(data, str) or not data:
            self.close_hosted(item, value)
            return
        form = text_of(value.get("output_format")) or "png"
        known: JsonObject = {k: v for k, v in value.items() if k != "result"}
        self._whole(Media("image", data=data, mime=f"image/{form}", wire={"image": known}))

    def close_hosted(self, item: Item, value: JsonObject) -> None:
        try:
            parts = parts_in.hosted_call(Fields(value))
        except InvalidRequest:
            self.close_whole(item, value)
            return
        for part in parts:
            self._whole(part)

    def close_whole(self, item: Item, value: JsonObject) -> None:
        self._whole(Opaque(item.kind, value, NAME))

    # -- parts ------------------------------------------------------------------------------

    def _whole(self, head: Head) -> None:
        self._end(self._start(head))

    def _start(self, head: Head) -> Content:
        content = Content(self._parts)
        self._parts += 1
        self.events.append(PartStarted(content.index, head))
        return content

    def _end(self, content: Content) -> None:
        if not content.ended:
            content.ended = True
            self.events.append(PartEnded(content.index))


_MESSAGE_KEYS = ("id", "phase")
_CLOSERS: dict[str, Callable[[Items, Item, JsonObject], None]] = {
    "message": Items.close_message,
    "reasoning": Items.close_reasoning,
    "function_call": Items.close_call,
    "custom_tool_call": Items.close_call,
    **dict.fromkeys(HOSTED_ITEMS, Items.close_hosted),
    "image_generation_call": Items.close_image,
}
