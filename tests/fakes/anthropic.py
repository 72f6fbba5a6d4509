"""A fake of Anthropic's Messages API (API reference, "Create a Message", "Streaming messages",
"Count tokens", "List models"; versions 2023-06-01 and 2026-10-21)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fakes import anthropic_rules, anthropic_turns
from tests.fakes.anthropic_turns import Block, blocks
from tests.fakes.fake import Answer, Fake, Recorded, Route, Stream, bearer, sse
from tests.fakes.refusal import JsonObject, Refusal, decoded
from tests.fakes.script import CACHED, FRESH, WRITTEN, Play, Seen, words
from tests.fakes.seals import seal

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

STOPS = {
    "end": "end_turn",
    "tool": "tool_use",
    "length": "max_tokens",
    "stop-sequence": "stop_sequence",
    "refusal": "refusal",
}


class AnthropicFake(Fake):
    protocol = "anthropic"
    default_models = ("claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-5-5")

    def routes(self) -> list[Route]:
        return [
            ("POST", "/v1/messages", self._create),
            ("POST", "/v1/messages/count_tokens", self._count),
            ("GET", "/v1/models", self._list),
            ("GET", "/v1/models/(.+)", self._one),
        ]

    def keys(self, request: Recorded) -> list[str | None]:
        return [request.header("x-api-key"), bearer(request)]

    def unauthorized(self, *, missing: bool) -> Refusal:
        return Refusal(
            "x-api-key header is required" if missing else "invalid x-api-key", status=401
        )

    def error(self, refusal: Refusal) -> JsonObject:
        fallback = "api_error" if refusal.status >= 500 else "invalid_request_error"
        error = {"type": KINDS.get(refusal.status, fallback), "message": refusal.message}
        return {"type": "error", "error": error, "request_id": "req_fake"}

    def _model(self, name: object) -> str:
        if name is None:
            raise Refusal("model: Field required")
        if name not in self.models:
            raise Refusal(f"model: {name}", status=404)
        return str(name)

    def _version(self, request: Recorded) -> str:
        version = request.header("anthropic-version")
        if version is None:
            raise Refusal("anthropic-version: header is required")
        if version not in anthropic_rules.VERSIONS:
            raise Refusal(f'anthropic-version: "{version}" is not a valid version')
        return version

    def _entry(self, name: str) -> JsonObject:
        created = "2025-09-29T00:00:00Z"
        return {"type": "model", "id": name, "display_name": name.title(), "created_at": created}

    def _list(self, request: Recorded) -> Answer:
        self._version(request)
        ends = {"first_id": self.models[0], "last_id": self.models[-1], "has_more": False}
        return Answer({"data": [self._entry(name) for name in self.models], **ends})

    def _one(self, request: Recorded) -> Answer:
        return Answer(self._entry(self._model(request.name)))

    def _count(self, request: Recorded) -> Answer:
        version = self._version(request)
        self._model(request.json.get("model"))
        for name in ("max_tokens", "stream", "temperature"):
            if name in request.json:
                raise anthropic_rules.extra_input(name)
        anthropic_turns.check(request.json, version)
        return Answer({"input_tokens": FRESH + CACHED + WRITTEN})

    def _create(self, request: Recorded) -> Answer | Stream:
        body, version = request.json, self._version(request)
        model = self._model(body.get("model"))
        anthropic_rules.check(body, version, request.header("anthropic-beta") or "")
        anthropic_turns.check(body, version)
        play = self.says(seen(body))
        content = list(self._content(body, play))
        stop: JsonObject = {"stop_reason": STOPS[play.stop], "stop_sequence": play.stop_sequence}
        head: JsonObject = {"id": self.new_id("msg_"), "type": "message", "role": "assistant"}
        head |= {"model": model, "content": content}
        if not body.get("stream"):
            shown = [{k: v for k, v in block.items() if k != "_text"} for block in content]
            whole = {**head, "content": shown, **stop, "usage": usage(play)}
            return Answer(whole, fault=play.fault)
        begun = {**head, "content": [], "stop_reason": None, "stop_sequence": None}
        first = {**usage(play), "output_tokens": 1}
        frames = [_event("message_start", message={**begun, "usage": first}), _event("ping")]
        for index, block in enumerate(content):
            frames += _block_events(index, block)
        if play.fault:
            frames.pop()
        end = {"output_tokens": play.tokens_out}
        tail = [_event("message_delta", delta=stop, usage=end), _event("message_stop")]
        failed = {"type": "api_error", "message": "failed in the middle"}
        error = _event("error", error=failed)
        return Stream("text/event-stream; charset=utf-8", frames, tail, error, play.fault)

    def _content(self, body: JsonObject, play: Play) -> Iterator[Block]:
        if play.redacted:
            yield {"type": "redacted_thinking", "data": seal("anthropic-redacted", "")}
        if play.thought:
            omitted = body["thinking"].get("display") == "omitted"
            text = "" if omitted else play.thinking
            signature = seal("anthropic", text)
            yield {"type": "thinking", "thinking": text, "signature": signature}
        if play.citation:
            call_id = self.new_id("srvtoolu_")
            ask = {"name": "web_search", "input": {"query": "examples"}}
            yield {"type": "server_tool_use", "id": call_id, **ask}
            page = {"url": play.citation.url, "title": play.citation.title, "page_age": None}
            found = {"type": "web_search_result", **page, "encrypted_content": "RW5j"}
            result = {"tool_use_id": call_id, "content": [found]}
            yield {"type": "web_search_tool_result", **result}
            place = {"type": "web_search_result_location", "encrypted_index": "SWR4"}
            cited = {"url": page["url"], "title": page["title"], "cited_text": play.citation.quote}
            yield {"type": "text", "text": play.text, "citations": [{**place, **cited}]}
        elif play.words:
            yield {"type": "text", "text": play.text}
        for call in play.calls:
            name = {"id": self.new_id("toolu_"), "name": call.name}
            yield {"type": "tool_use", **name, "input": call.parsed, "_text": call.arguments}


def _event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, event=kind)


def _block_events(index: int, block: Block) -> list[bytes]:
    empty, deltas = _OPENED[block["type"]](block)
    events = [_event("content_block_start", index=index, content_block=empty)]
    events += [_event("content_block_delta", index=index, delta=delta) for delta in deltas]
    return [*events, _event("content_block_stop", index=index)]


Opened = tuple[Block, list[JsonObject]]


def _thinking(block: Block) -> Opened:
    pieces = [{"type": "thinking_delta", "thinking": t} for t in words(block["thinking"])]
    signature = {"type": "signature_delta", "signature": block["signature"]}
    return {"type": "thinking", "thinking": "", "signature": ""}, [*pieces, signature]


def _text(block: Block) -> Opened:
    pieces = [{"type": "text_delta", "text": t} for t in words(block["text"])]
    cited = [{"type": "citations_delta", "citation": c} for c in block.get("citations", ())]
    empty = {**block, "text": ""}
    return {**empty, "citations": []} if cited else empty, [*cited, *pieces]


def _call(block: Block) -> Opened:
    text = block["_text"]
    pieces = ["", *(text[n : n + 7] for n in range(0, len(text), 7))]
    empty = {k: v for k, v in block.items() if k != "_text"} | {"input": {}}
    return empty, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


def _server_call(block: Block) -> Opened:
    return _call({**block, "_text": '{"query": "examples"}'})


def _whole(block: Block) -> Opened:
    return block, []


_OPENED = {
    "thinking": _thinking,
    "redacted_thinking": _whole,
    "text": _text,
    "tool_use": _call,
    "server_tool_use": _server_call,
    "web_search_tool_result": _whole,
}


def usage(play: Play) -> JsonObject:
    return {
        "input_tokens": FRESH,
        "cache_creation_input_tokens": WRITTEN,
        "cache_read_input_tokens": CACHED,
        "cache_creation": {"ephemeral_5m_input_tokens": WRITTEN, "ephemeral_1h_input_tokens": 0},
        "output_tokens": play.tokens_out,
        "service_tier": "standard",
    }


def seen(body: JsonObject) -> Seen:
    """The script's view of a request."""
    messages: list[JsonObject] = body["messages"]
    last = max((n for n, m in enumerate(messages) if m["role"] == "assistant"), default=-1)
    new = [b for m in messages[last + 1 :] if m["role"] == "user" for b in blocks(m["content"], "")]
    results = [block for block in new if block["type"] == "tool_result"]
    inner = [b for r in results for b in blocks(r.get("content") or [], "")]
    choice = body.get("tool_choice") or {}
    middle = [m["content"] for m in messages if m["role"] == "system"]
    return Seen(
        text=_joined(new),
        results=tuple(_joined(blocks(r.get("content") or [], "")) for r in results),
        images=tuple(_images([*new, *inner])),
        system="\n".join(
            _joined(blocks(s, "")) for s in (body.get("system") or [], *middle)
        ).strip(),
        tools={
            t["name"]: t["input_schema"] for t in body.get("tools") or () if "input_schema" in t
        },
        forced={"any": "*", "tool": choice.get("name")}.get(choice.get("type", "auto")),
        schema=((body.get("output_config") or {}).get("format") or {}).get("schema"),
        thinking=(body.get("thinking") or {}).get("type") in {"enabled", "adaptive"},
        max_tokens=body["max_tokens"],
        stops=tuple(body.get("stop_sequences") or ()),
    )


def _joined(content: list[Block]) -> str:
    return "\n".join(block["text"] for block in content if block["type"] == "text")


def _images(content: list[Block]) -> Iterator[tuple[str, int]]:
    for block in content:
        if block["type"] == "image":
            source = block["source"]
            data = decoded(source.get("data"))
            yield (source["media_type"], len(data)) if data is not None else ("url", 0)
