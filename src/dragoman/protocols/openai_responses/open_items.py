"""The output item that is open in a client's stream: its events from added to done.

An item is announced with its first content, so that an empty part leaves no trace.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.parts import Citation, Reasoning, ReasoningState, Refusal, Text, ToolCall
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_responses.content_out import annotation
from dragoman.protocols.openai_responses.items_out import (
    call_item,
    call_prefix,
    content_of,
    item_id,
    message_item,
    phase_of,
    reasoning_item,
)


class Stream(Protocol):
    """What an open item needs of the stream it stands in."""

    def send(self, kind: str, fields: JsonObject) -> None: ...
    def place(self) -> int: ...
    def completed(self, item: JsonObject) -> None: ...
    def message(self, part: Text | Refusal) -> OpenMessage: ...
    def end_message(self) -> None: ...


class OpenPart:
    """One neutral part on its way out. What a kind of part cannot hold is passed over."""

    def text(self, text: str) -> None:
        """More text, thinking or call input; never empty."""

    def state(self, state: ReasoningState) -> None:
        """The part's reasoning state."""

    def cite(self, citation: Citation) -> None:
        """A source of the text so far."""

    def logprobs(self, items: list[Json]) -> None:
        """Token log probabilities."""

    def end(self) -> None:
        """The part is complete."""


class OpenMessage:
    """A message item; text parts join it until something else comes."""

    def __init__(self, stream: Stream, reply: Reply, first: Text | Refusal) -> None:
        self.id = item_id(first, "msg_", reply)
        self.parts: list[Json] = []
        self._stream = stream
        self._phase = phase_of(first)
        item = message_item(self.id, self._phase, [], "in_progress")
        stream.send("response.output_item.added", {"output_index": stream.place(), "item": item})

    def at(self) -> JsonObject:
        """Where the content part that is open stands."""
        return {
            "item_id": self.id,
            "output_index": self._stream.place(),
            "content_index": len(self.parts),
        }

    def end(self) -> None:
        self._stream.completed(message_item(self.id, self._phase, self.parts, "completed"))


class _OpenContent(OpenPart):
    """A content part of a message: text or refusal."""

    def __init__(self, stream: Stream, head: Text | Refusal) -> None:
        self._stream = stream
        self._head = head
        self._message: OpenMessage | None = None
        self._at: JsonObject = {}
        self._texts: list[str] = []
        self._length = 0
        self._citations: list[Citation] = []
        self._notes = 0
        self._logprobs: list[Json] = []
        kind = "refusal" if isinstance(head, Refusal) else "output_text"
        self._kind = f"response.{kind}"

    def _announced(self) -> OpenMessage:
        if self._message is None:
            self._message = self._stream.message(self._head)
            self._at = self._message.at()
            part = content_of(msgspec.structs.replace(self._head, text=""))
            self._stream.send("response.content_part.added", {**self._at, "part": part})
        return self._message

    def text(self, text: str) -> None:
        self._announced()
        self._texts.append(text)
        self._length += len(text)
        fields: JsonObject = {**self._at, "delta": text}
        if isinstance(self._head, Text):
            fields["logprobs"] = []
        self._stream.send(f"{self._kind}.delta", fields)

    def cite(self, citation: Citation) -> None:
        note = annotation(citation, self._length)
        if note is None:
            return
        self._announced()
        self._citations.append(citation)
        place: JsonObject = {"annotation_index": self._notes, "annotation": note}
        self._notes += 1
        self._stream.send("response.output_text.annotation.added", {**self._at, **place})

    def logprobs(self, items: list[Json]) -> None:
        self._logprobs.extend(items)

    def end(self) -> None:
        if self._message is None:
            return
        head, text = self._head, "".join(self._texts)
        if isinstance(head, Refusal):
            part = content_of(msgspec.structs.replace(head, text=text))
            self._stream.send("response.refusal.done", {**self._at, "refusal": text})
        else:
            cited = (*head.citations, *self._citations)
            whole = msgspec.structs.replace(head, text=text, citations=cited)
            part = content_of(whole, self._logprobs)
            told: JsonObject = {"text": text, "logprobs": self._logprobs}
            self._stream.send("response.output_text.done", {**self._at, **told})
        self._stream.send("response.content_part.done", {**self._at, "part": part})
        self._message.parts.append(part)


class _OpenReasoning(OpenPart):
    """A reasoning item. Its encrypted content comes with its end, after all of its text."""

    def __init__(self, stream: Stream, reply: Reply, head: Reasoning) -> None:
        self._stream = stream
        self._head = head
        self._reply = reply
        self._id = ""
        self._texts: list[str] = []
        self._state = head.state

    def _announce(self) -> None:
        self._stream.end_message()
        self._id = item_id(self._head, "rs_", self._reply)
        item: JsonObject = {"id": self._id, "type": "reasoning", "summary": []}
        place = self._stream.place()
        self._stream.send("response.output_item.added", {"output_index": place, "item": item})

    def _at(self) -> JsonObject:
        return {"item_id": self._id, "output_index": self._stream.place(), "summary_index": 0}

    def text(self, text: str) -> None:
        if not self._texts:
            self._announce()
            part: JsonObject = {"type": "summary_text", "text": ""}
            self._stream.send("response.reasoning_summary_part.added", {**self._at(), "part": part})
        self._texts.append(text)
        self._stream.send("response.reasoning_summary_text.delta", {**self._at(), "delta": text})

    def state(self, state: ReasoningState) -> None:
        self._state = state

    def end(self) -> None:
        text = "".join(self._texts)
        if text:
            at = self._at()
            part: JsonObject = {"type": "summary_text", "text": text}
            self._stream.send("response.reasoning_summary_text.done", {**at, "text": text})
            self._stream.send("response.reasoning_summary_part.done", {**at, "part": part})
        elif self._state is None:
            return
        else:
            self._announce()
        whole = msgspec.structs.replace(self._head, text=text, state=self._state)
        self._stream.completed(reasoning_item(self._id, whole))


class _OpenCall(OpenPart):
    """A function or custom tool call."""

    def __init__(self, stream: Stream, reply: Reply, head: ToolCall) -> None:
        self._stream = stream
        self._head = head
        self._id = item_id(head, call_prefix(head), reply)
        self._texts: list[str] = []
        custom = head.kind == "custom"
        name = "custom_tool_call_input" if custom else "function_call_arguments"
        self._kind = f"response.{name}"
        self._key = "input" if custom else "arguments"
        stream.end_message()
        item = call_item(self._id, head, "in_progress")
        stream.send("response.output_item.added", {"output_index": stream.place(), "item": item})

    def _at(self) -> JsonObject:
        return {"item_id": self._id, "output_index": self._stream.place()}

    def text(self, text: str) -> None:
        self._texts.append(text)
        self._stream.send(f"{self._kind}.delta", {**self._at(), "delta": text})

    def end(self) -> None:
        if not self._texts and self._head.kind == "function":
            self.text("{}")
        text = "".join(self._texts)
        whole = msgspec.structs.replace(self._head, input=text)
        done: JsonObject = {**self._at(), self._key: text}
        if self._head.kind == "function":
            done["name"] = self._head.name
        self._stream.send(f"{self._kind}.done", done)
        self._stream.completed(call_item(self._id, whole, "completed"))


def opened(stream: Stream, reply: Reply, head: Text | Refusal | Reasoning | ToolCall) -> OpenPart:
    if isinstance(head, Text | Refusal):
        return _OpenContent(stream, head)
    if isinstance(head, Reasoning):
        return _OpenReasoning(stream, reply, head)
    return _OpenCall(stream, reply, head)
