"""An upstream's stream, or its whole answer → neutral events.

Reads the full sequence of events as OpenAI sends it, servers that send only created, finished
items and completed, and servers whose output stands only in the terminal event.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dragoman.errors import Broken
from dragoman.neutral.events import Event, Failed, Finished, Ping, Started, StopReason, UsageSeen
from dragoman.neutral.json import Json, JsonObject, decode
from dragoman.neutral.usage import NO_USAGE
from dragoman.protocols.codec import Origin
from dragoman.protocols.framing.sse import SseDecoder
from dragoman.protocols.openai_responses.errors import stream_error
from dragoman.protocols.openai_responses.items_in import Items
from dragoman.protocols.openai_responses.told import text_of
from dragoman.protocols.openai_responses.usage import usage_in
from dragoman.protocols.openai_responses.wire import StreamEvent

_DECODER = msgspec.json.Decoder(StreamEvent)
_NONE_LISTED = msgspec.Raw(b"[]")

_INCOMPLETE: dict[str, StopReason] = {
    "max_output_tokens": "length",
    "content_filter": "refusal",
    "max_tokens": "length",
}


class Decoder:
    """One answer's state machine."""

    def __init__(self, origin: Origin) -> None:
        self.ended = False
        self._sse = SseDecoder()
        self._items = Items(origin)
        self._started = False

    def feed(self, data: bytes) -> list[Event]:
        for event in self._sse.feed(data):
            self._message(event.data, event.event)
        return self._taken()

    def finish(self) -> list[Event]:
        for event in self._sse.finish():
            self._message(event.data, event.event)
        if not self.ended:
            self._fail(Broken("the upstream's stream was cut before response.completed"))
        return self._taken()

    def whole(self, body: bytes) -> list[Event]:
        """The events of an answer that was not streamed."""
        if body.lstrip().startswith((b"event:", b"data:")):
            # Some servers stream whatever was asked.
            return [*self.feed(body), *self.finish()]
        try:
            response = decode(body)
        except ValueError as error:
            self._fail(Broken(f"the upstream's answer is not JSON: {error}"))
            return self._taken()
        if isinstance(response, dict) and isinstance(response.get("output"), list):
            self._answer(response)
        elif isinstance(response, dict) and response.get("error"):
            self._failed(response)
        else:
            self._fail(Broken("the upstream's answer is no response object: it has no output"))
        return self._taken()

    def _answer(self, response: JsonObject) -> None:
        self._start(response)
        status = response.get("status")
        if status in ("failed", "cancelled"):
            self._failed(response)
        elif status in ("queued", "in_progress"):
            self._fail(Broken(f"the upstream's answer is not finished: its status is {status}"))
        else:
            self._end(response)

    def _taken(self) -> list[Event]:
        taken, self._items.events = self._items.events, []
        return taken

    def _message(self, data: bytes, name: str) -> None:
        if self.ended or data == b"[DONE]":
            return
        try:
            event = _DECODER.decode(data)
            event.type = event.type or name
            reader = _READERS.get(event.type)
            if reader is not None:
                reader(self, event)
            elif not event.type and event.error:
                self.on_error(event)
        except (msgspec.DecodeError, ValueError) as error:
            self._fail(Broken(f"the upstream sent an event that cannot be read: {error}"))

    def _fail(self, error: Broken) -> None:
        self.ended = True
        self._items.events.append(Failed(error))

    def _start(self, response: JsonObject) -> None:
        if not self._started:
            self._started = True
            started = Started(text_of(response.get("id")), text_of(response.get("model")))
            self._items.events.append(started)

    def on_created(self, event: StreamEvent) -> None:
        self._start(_object(event.response))

    def on_ping(self, _: StreamEvent) -> None:
        self._items.events.append(Ping())

    # -- items ------------------------------------------------------------------------------

    def on_item_added(self, event: StreamEvent) -> None:
        self._items.added(event.output_index or 0, _object(event.item))

    def on_item_done(self, event: StreamEvent) -> None:
        self._items.done(event.output_index or 0, _object(event.item))

    def on_part_added(self, event: StreamEvent) -> None:
        part = _object(event.part)
        if part.get("type") == "output_text":
            item = self._items.at(event.output_index or 0, "message")
            self._items.content(item, event.content_index or 0)

    def on_part_done(self, event: StreamEvent) -> None:
        part = _object(event.part)
        if part.get("type") in ("output_text", "refusal"):
            item = self._items.at(event.output_index or 0, "message")
            self._items.finish_part(item, event.content_index or 0, part)

    def on_text_delta(self, event: StreamEvent) -> None:
        if not event.delta:
            return
        items = self._items
        item = items.at(event.output_index or 0, "message")
        content = items.content(item, event.content_index or 0)
        items.write(content, event.delta)
        if event.logprobs and event.logprobs != _NONE_LISTED:
            items.logprobs(content, decode(event.logprobs))

    def on_text_done(self, event: StreamEvent) -> None:
        item = self._items.at(event.output_index or 0, "message")
        self._items.fill(self._items.content(item, event.content_index or 0), event.text)

    def on_annotation(self, event: StreamEvent) -> None:
        item = self._items.at(event.output_index or 0, "message")
        content = self._items.content(item, event.content_index or 0)
        self._items.cite(content, _object(event.annotation))

    def on_refusal_delta(self, event: StreamEvent) -> None:
        item = self._items.at(event.output_index or 0, "message")
        self._items.write(self._items.refusal(item, event.content_index or 0), event.delta)

    def on_refusal_done(self, event: StreamEvent) -> None:
        item = self._items.at(event.output_index or 0, "message")
        self._items.fill(self._items.refusal(item, event.content_index or 0), event.refusal)

    def on_summary_delta(self, event: StreamEvent) -> None:
        item = self._items.at(event.output_index or 0, "reasoning")
        self._items.think(item, "summary", event.summary_index or 0, event.delta)

    def on_reasoning_delta(self, event: StreamEvent) -> None:
        item = self._items.at(event.output_index or 0, "reasoning")
        self._items.think(item, "content", event.content_index or 0, event.delta)

    def on_input_delta(self, event: StreamEvent) -> None:
        item = self._items.at(event.output_index or 0, _CALL_OF[event.type])
        self._items.call_input(item, event.delta)

    def on_input_done(self, event: StreamEvent) -> None:
        item = self._items.at(event.output_index or 0, _CALL_OF[event.type])
        named: JsonObject = {"name": event.name} if isinstance(event.name, str) else {}
        whole = event.arguments if item.kind == "function_call" else event.input
        self._items.whole_input(item, named, whole)

    # -- the end ----------------------------------------------------------------------------

    def on_completed(self, event: StreamEvent) -> None:
        response = _object(event.response)
        self._start(response)
        if event.type == "response.incomplete":
            response.setdefault("status", "incomplete")
        self._end(response)

    def _end(self, response: JsonObject) -> None:
        items = self._items
        output = response.get("output")
        items.complete(output if isinstance(output, list) else [])
        usage = usage_in(response.get("usage"))
        if usage != NO_USAGE:
            items.events.append(UsageSeen(usage))
        items.events.append(Finished(self._stop(response)))
        self.ended = True

    def _stop(self, response: JsonObject) -> StopReason:
        if response.get("status") == "incomplete":
            details = response.get("incomplete_details")
            reason = text_of(details.get("reason")) if isinstance(details, dict) else ""
            return _INCOMPLETE.get(reason, "length")
        return "tool-call" if self._items.calls else "end"

    def on_response_failed(self, event: StreamEvent) -> None:
        self._failed(_object(event.response))

    def _failed(self, response: JsonObject) -> None:
        error = response.get("error")
        if error is None and response.get("status") == "cancelled":
            error = {"message": "the upstream cancelled the answer"}
        self.ended = True
        self._items.events.append(Failed(stream_error(error)))

    def on_error(self, event: StreamEvent) -> None:
        error: Json = decode(event.error) if event.error else None
        if not isinstance(error, dict):
            error = {"code": text_of(event.code), "message": text_of(event.message) or error}
        self.ended = True
        self._items.events.append(Failed(stream_error(error, event.status)))


def _object(raw: msgspec.Raw) -> JsonObject:
    value = decode(raw) if raw else {}
    return value if isinstance(value, dict) else {}


_CALL_OF = {
    "response.function_call_arguments.delta": "function_call",
    "response.function_call_arguments.done": "function_call",
    "response.custom_tool_call_input.delta": "custom_tool_call",
    "response.custom_tool_call_input.done": "custom_tool_call",
}

_PROGRESS = (
    "response.web_search_call.in_progress",
    "response.web_search_call.searching",
    "response.web_search_call.completed",
    "response.file_search_call.in_progress",
    "response.file_search_call.searching",
    "response.file_search_call.completed",
    "response.code_interpreter_call.in_progress",
    "response.code_interpreter_call.interpreting",
    "response.code_interpreter_call.completed",
    "response.code_interpreter_call_code.delta",
    "response.image_generation_call.in_progress",
    "response.image_generation_call.generating",
    "response.image_generation_call.partial_image",
    "response.mcp_call.in_progress",
    "response.mcp_call_arguments.delta",
    "response.mcp_list_tools.in_progress",
)
"""A hosted call is told when it is done, whole; until then the upstream is merely alive."""

_READERS: dict[str, Callable[[Decoder, StreamEvent], None]] = {
    "response.created": Decoder.on_created,
    "response.queued": Decoder.on_created,
    "response.in_progress": Decoder.on_created,
    "response.output_item.added": Decoder.on_item_added,
    "response.output_item.done": Decoder.on_item_done,
    "response.content_part.added": Decoder.on_part_added,
    "response.content_part.done": Decoder.on_part_done,
    "response.output_text.delta": Decoder.on_text_delta,
    "response.output_text.done": Decoder.on_text_done,
    "response.output_text.annotation.added": Decoder.on_annotation,
    "response.refusal.delta": Decoder.on_refusal_delta,
    "response.refusal.done": Decoder.on_refusal_done,
    "response.reasoning_summary_text.delta": Decoder.on_summary_delta,
    "response.reasoning_text.delta": Decoder.on_reasoning_delta,
    **dict.fromkeys([k for k in _CALL_OF if k.endswith("delta")], Decoder.on_input_delta),
    **dict.fromkeys([k for k in _CALL_OF if k.endswith("done")], Decoder.on_input_done),
    **dict.fromkeys(_PROGRESS, Decoder.on_ping),
    "keepalive": Decoder.on_ping,
    "response.completed": Decoder.on_completed,
    "response.done": Decoder.on_completed,
    "response.incomplete": Decoder.on_completed,
    "response.failed": Decoder.on_response_failed,
    "response.cancelled": Decoder.on_response_failed,
    "error": Decoder.on_error,
}


def answer_in(body: bytes, origin: Origin) -> list[Event]:
    """The events of an answer that was not streamed."""
    return Decoder(origin).whole(body)
