"""A finished Responses object as the stream of events that leads to it (API reference, "Streaming
events"; 2026-11)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fakes.fake import sse
from tests.fakes.refusal import JsonObject
from tests.fakes.script import Play, words


class Emitter:
    """Events with their rising sequence number."""

    def __init__(self, response: JsonObject) -> None:
        self._response = response
        self._sequence = -1

    def _event(self, kind: str, **fields: Any) -> bytes:
        self._sequence += 1
        return sse({"type": kind, "sequence_number": self._sequence, **fields}, event=kind)

    def start(self) -> list[bytes]:
        empty: JsonObject = {"status": "in_progress", "output": [], "usage": None}
        begun = {**self._response, **empty, "incomplete_details": None}
        kinds = ("response.created", "response.in_progress")
        return [self._event(kind, response=begun) for kind in kinds]

    def end(self) -> list[bytes]:
        return [self._event(f"response.{self._response['status']}", response=self._response)]

    def error(self, message: str) -> bytes:
        error = {"code": "server_error", "message": message}
        failed = {**self._response, "status": "failed", "error": error, "output": []}
        return self._event("response.failed", response=failed)

    def items(self, play: Play) -> list[bytes]:
        """Each output item; when the play breaks off, the last one is left open."""
        output = self._response["output"]
        frames: list[bytes] = []
        for index, item in enumerate(output):
            whole = list(self._item(index, item))
            broken = play.fault is not None and index == len(output) - 1
            frames += whole[:-3] if broken else whole
        return frames

    def _item(self, index: int, item: JsonObject) -> Iterator[bytes]:
        kind = item["type"]
        begun = {**item, **_EMPTY[kind]}
        yield self._event("response.output_item.added", output_index=index, item=begun)
        place = {"item_id": item["id"], "output_index": index}
        if kind == "message":
            yield from self._message(place, item["content"][0])
        elif kind == "reasoning":
            yield from self._reasoning(place, item["summary"])
        elif kind == "function_call":
            name = "response.function_call_arguments"
            text = item["arguments"]
            for start in range(0, len(text), 7):
                yield self._event(f"{name}.delta", **place, delta=text[start : start + 7])
            yield self._event(f"{name}.done", **place, arguments=text, name=item["name"])
        elif kind == "web_search_call":
            for state in ("in_progress", "searching", "completed"):
                yield self._event(f"response.web_search_call.{state}", **place)
        yield self._event("response.output_item.done", output_index=index, item=item)

    def _message(self, place: JsonObject, part: JsonObject) -> Iterator[bytes]:
        at = {**place, "content_index": 0}
        field = "refusal" if part["type"] == "refusal" else "text"
        name = "response.refusal" if field == "refusal" else "response.output_text"
        extra: JsonObject = {} if field == "refusal" else {"logprobs": []}
        empty = {**part, field: "", **({} if field == "refusal" else {"annotations": []})}
        yield self._event("response.content_part.added", **at, part=empty)
        for text in words(part[field]):
            yield self._event(f"{name}.delta", **at, delta=text, **extra)
        for number, annotation in enumerate(part.get("annotations", ())):
            kind = "response.output_text.annotation.added"
            yield self._event(kind, **at, annotation_index=number, annotation=annotation)
        yield self._event(f"{name}.done", **at, **{field: part[field]}, **extra)
        yield self._event("response.content_part.done", **at, part=part)

    def _reasoning(self, place: JsonObject, summary: list[JsonObject]) -> Iterator[bytes]:
        name = "response.reasoning_summary"
        for number, part in enumerate(summary):
            at = {**place, "summary_index": number}
            yield self._event(f"{name}_part.added", **at, part={**part, "text": ""})
            for text in words(part["text"]):
                yield self._event(f"{name}_text.delta", **at, delta=text)
            yield self._event(f"{name}_text.done", **at, text=part["text"])
            yield self._event(f"{name}_part.done", **at, part=part)


_EMPTY: dict[str, JsonObject] = {
    "message": {"status": "in_progress", "content": []},
    "reasoning": {"summary": []},
    "function_call": {"status": "in_progress", "arguments": ""},
    "web_search_call": {"status": "in_progress"},
}
