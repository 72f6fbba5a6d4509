"""A whole answer → the client's body: the same object that ends its stream."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import (
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.responses import Response
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_responses.items_out import (
    Envelope,
    begins_message,
    call_item,
    call_prefix,
    content_of,
    item_id,
    message_item,
    phase_of,
    reasoning_item,
    told_as_text,
    whole_item,
)


def answer_out(response: Response, reply: Reply) -> JsonObject:
    """The body of an answer that is not streamed. Responses has one choice: the first."""
    choice = response.choices[0]
    known = response.id.startswith("resp_")
    response_id = response.id if known else reply.new_id("resp_")
    output = _Output(reply, list(choice.logprobs))
    for part in choice.parts:
        output.add(part)
    return Envelope(reply).ended(response_id, choice.stop, output.items(), response.usage)


class _Output:
    """Parts gathered into items; text parts that follow each other are one message."""

    def __init__(self, reply: Reply, logprobs: list[Json]) -> None:
        self._reply = reply
        self._logprobs = logprobs
        self._items: list[Json] = []
        self._content: list[Json] | None = None

    def items(self) -> list[Json]:
        return self._items

    def add(self, part: Part) -> None:
        if isinstance(part, Text) and (part.text or part.citations):
            logprobs, self._logprobs = self._logprobs, []
            self._text(part, logprobs)
        elif isinstance(part, Refusal) and part.text:
            self._text(part)
        elif isinstance(part, Reasoning):
            if part.text or part.state is not None:
                self._put(reasoning_item(item_id(part, "rs_", self._reply), part))
        elif isinstance(part, ToolCall):
            known = item_id(part, call_prefix(part), self._reply)
            self._put(call_item(known, part, "completed"))
        elif isinstance(part, Media | HostedCall | HostedResult | Opaque):
            self._whole(part)

    def _whole(self, part: Media | HostedCall | HostedResult | Opaque) -> None:
        item = whole_item(part, self._reply)
        if item is not None:
            self._put(item)
        elif text := told_as_text(part):
            self._text(Text(text))

    def _put(self, item: JsonObject) -> None:
        self._content = None
        self._items.append(item)

    def _text(self, part: Text | Refusal, logprobs: Sequence[Json] = ()) -> None:
        if self._content is None or begins_message(part):
            content: list[Json] = []
            known = item_id(part, "msg_", self._reply)
            self._put(message_item(known, phase_of(part), content, "completed"))
            self._content = content
        self._content.append(content_of(part, logprobs))
