"""A fake of OpenAI's Responses API (API reference, "Create a model response" and "Streaming
events"; 2026-11). `own=False` makes it a third-party host that knows the plain types only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.fakes import responses_rules
from tests.fakes.fake import Answer, Recorded, Route, Stream
from tests.fakes.openai_errors import OpenAIFake
from tests.fakes.refusal import JsonObject, Refusal, data_url, objects
from tests.fakes.responses_events import Emitter
from tests.fakes.script import CACHED, FRESH, Play, Seen, write
from tests.fakes.seals import seal


class ResponsesFake(OpenAIFake):
    """Stores answers unless `store` is false. Thinks when `reasoning` is given and not none."""

    protocol = "responses"

    def __init__(
        self,
        *,
        key: str = "up-key",
        models: Sequence[str] | None = None,
        rechunk: int = 0,
        own: bool = False,
        says: Callable[[Seen], Play] = write,
        text_only: bool = False,
    ) -> None:
        super().__init__(key=key, models=models, rechunk=rechunk, says=says, text_only=text_only)
        self.own = own
        self.stored: dict[str, tuple[JsonObject, list[JsonObject]]] = {}

    def routes(self) -> list[Route]:
        return [
            ("POST", "/v1/responses", self._create),
            ("GET", "/v1/responses/([^/]+)", self._fetch),
            ("DELETE", "/v1/responses/([^/]+)", self._delete),
            *self.shared_routes(),
        ]

    def _fetch(self, request: Recorded) -> Answer:
        return Answer(self._find(request.name, 404)[0])

    def _delete(self, request: Recorded) -> Answer:
        self._find(request.name, 404)
        del self.stored[request.name]
        return Answer({"id": request.name, "object": "response", "deleted": True})

    def _find(self, response_id: str, status: int) -> tuple[JsonObject, list[JsonObject]]:
        if response_id not in self.stored:
            raise Refusal(
                f"Previous response with id '{response_id}' not found.",
                status=status,
                param="previous_response_id",
                code="previous_response_not_found",
            )
        return self.stored[response_id]

    def _input(self, body: JsonObject) -> list[JsonObject]:
        given = body.get("input", [])
        new = [{"role": "user", "content": given}] if isinstance(given, str) else given
        before: list[JsonObject] = []
        if (previous := body.get("previous_response_id")) is not None:
            answer, asked = self._find(previous, 400)
            before = [*asked, *answer["output"]]
        return [*before, *objects(new, "input")]

    def _create(self, request: Recorded) -> Answer | Stream:
        body = request.json
        model = self.served(body.get("model"))
        responses_rules.check_fields(body, own=self.own)
        items = self._input(body)
        kept = {item["id"] for answer, _ in self.stored.values() for item in answer["output"]}
        responses_rules.check_items(_without_extras(items), kept, own=self.own)
        play = self.says(seen(body, items))
        response = self._response(body, model, play)
        if body.get("store") is not False:
            self.stored[response["id"]] = (response, items)
        if not body.get("stream"):
            return Answer(response, fault=play.fault)
        emitter = Emitter(response)
        head, tail = emitter.start() + emitter.items(play), emitter.end()
        failed = emitter.error("failed in the middle")
        return Stream("text/event-stream; charset=utf-8", head, tail, failed, play.fault)

    def _response(self, body: JsonObject, model: str, play: Play) -> JsonObject:
        cut = play.stop == "length"
        reasoning = body.get("reasoning") or {}
        return {
            "id": self.new_id("resp_"),
            "object": "response",
            "created_at": 1_700_000_000,
            "status": "incomplete" if cut else "completed",
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": model,
            "output": list(self._output(body, play)),
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "previous_response_id": body.get("previous_response_id"),
            "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools") or [],
            "top_p": body.get("top_p", 1.0),
            "truncation": "disabled",
            "usage": usage(play),
            "metadata": body.get("metadata") or {},
        }

    def _output(self, body: JsonObject, play: Play) -> Iterator[JsonObject]:
        if play.thought or play.redacted:
            shown = play.thought and (body.get("reasoning") or {}).get("summary")
            item: JsonObject = {"id": self.new_id("rs_"), "type": "reasoning", "summary": []}
            if shown:
                item["summary"] = [{"type": "summary_text", "text": play.thinking}]
            if "reasoning.encrypted_content" in (body.get("include") or ()):
                item["encrypted_content"] = seal("responses", item["id"])
            yield item
        if play.citation:
            action = {"type": "search", "query": "examples"}
            search = {"id": self.new_id("ws_"), "type": "web_search_call"}
            yield {**search, "status": "completed", "action": action}
        if play.words:
            yield self._message(play)
        for call in play.calls:
            ids = {"id": self.new_id("fc_"), "call_id": self.new_id("call_")}
            said = {"name": call.name, "arguments": call.arguments, "status": "completed"}
            yield {"type": "function_call", **ids, **said}

    def _message(self, play: Play) -> JsonObject:
        part: JsonObject = {"type": "output_text", "text": play.text, "annotations": []}
        part["logprobs"] = []
        if play.stop == "refusal":
            part = {"type": "refusal", "refusal": play.text}
        if play.citation:
            cited = {"url": play.citation.url, "title": play.citation.title}
            place = {"start_index": 0, "end_index": len(play.text)}
            part["annotations"] = [{"type": "url_citation", **cited, **place}]
        status = "incomplete" if play.stop == "length" else "completed"
        head = {"id": self.new_id("msg_"), "type": "message", "status": status}
        return {**head, "role": "assistant", "content": [part]}


def _without_extras(items: list[JsonObject]) -> list[JsonObject]:
    """Stored items as an input may hold them (an answer's message carries nothing more)."""
    return [{k: v for k, v in item.items() if v is not None} for item in items]


def usage(play: Play) -> JsonObject:
    return {
        "input_tokens": FRESH + CACHED,
        "input_tokens_details": {"cached_tokens": CACHED, "cache_write_tokens": 0},
        "output_tokens": play.tokens_out,
        "output_tokens_details": {"reasoning_tokens": play.tokens_thought},
        "total_tokens": FRESH + CACHED + play.tokens_out,
    }


def seen(body: JsonObject, items: list[JsonObject]) -> Seen:
    """The script's view of a request."""
    spoken = {"function_call", "custom_tool_call", "reasoning"}
    said = [
        n for n, i in enumerate(items) if i.get("role") == "assistant" or i.get("type") in spoken
    ]
    new = items[said[-1] + 1 if said else 0 :]
    wanted = (body.get("text") or {}).get("format") or {}
    schema = wanted.get("schema")
    if wanted.get("type") == "json_object":
        schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    roles = {"system", "developer"}
    system = [i["content"] for i in items if i.get("role") in roles and "content" in i]
    functions = [t for t in body.get("tools") or () if t["type"] == "function"]
    return Seen(
        text="\n".join(_text(i["content"]) for i in new if i.get("role") == "user"),
        results=tuple(_text(i["output"]) for i in new if "output" in i),
        images=tuple(found for i in new for found in _images(i.get("content", i.get("output")))),
        system="\n".join([body.get("instructions") or "", *map(_text, system)]).strip(),
        tools={t["name"]: t.get("parameters") or {} for t in functions},
        forced=_forced(body.get("tool_choice")),
        schema=schema,
        thinking=(body.get("reasoning") or {}).get("effort", "none") not in {"none", None},
        max_tokens=body.get("max_output_tokens"),
    )


def _forced(choice: Any) -> str | None:
    if isinstance(choice, dict):
        return choice.get("name")
    return "*" if choice == "required" else None


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if "text" in part)
    return str(content)


def _images(content: Any) -> Iterator[tuple[str, int]]:
    for part in content if isinstance(content, list) else ():
        if part["type"] == "input_image":
            found = data_url(part.get("image_url"))
            yield (found[0], len(found[1])) if found else ("url", 0)
