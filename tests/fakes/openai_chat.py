"""A fake of OpenAI's Chat Completions (API reference, "Create chat completion" and "The chat
completion chunk object"; 2026-11), with the `reasoning_content` of compatible hosts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.fakes import chat_rules
from tests.fakes.fake import Answer, Recorded, Route, Stream, sse
from tests.fakes.openai_errors import OpenAIFake, error_body
from tests.fakes.refusal import JsonObject, Refusal, data_url
from tests.fakes.script import CACHED, FRESH, Call, Play, Seen

FINISH = {
    "end": "stop",
    "tool": "tool_calls",
    "length": "length",
    "stop-sequence": "stop",
    "refusal": "stop",
}


class ChatFake(OpenAIFake):
    """`picky` refuses `$schema` in tools, as many compatible hosts do. Thinks when
    `reasoning_effort` is given and not none."""

    protocol = "openai"
    picky = False

    def routes(self) -> list[Route]:
        return [("POST", "/v1/chat/completions", self._complete), *self.shared_routes()]

    def _complete(self, request: Recorded) -> Answer | Stream:
        body = request.json
        model = self.served(body.get("model"))
        chat_rules.check(body, picky=self.picky)
        play = self.says(seen(body))
        calls = [(self.new_id("call_"), call) for call in play.calls]
        head = {
            "id": self.new_id("chatcmpl-"),
            "created": 1_700_000_000,
            "model": model,
            "system_fingerprint": "fp_fake",
        }
        count = body.get("n") or 1
        if not body.get("stream"):
            choices = [
                {"index": n, "message": message(play, calls), "logprobs": None}
                | {"finish_reason": FINISH[play.stop]}
                for n in range(count)
            ]
            whole = {**head, "object": "chat.completion", "choices": choices, "usage": usage(play)}
            return Answer(whole, fault=play.fault)
        head["object"] = "chat.completion.chunk"
        asked = bool((body.get("stream_options") or {}).get("include_usage"))
        null_usage: JsonObject = {"usage": None} if asked else {}

        def chunk(index: int, delta: JsonObject, finish: str | None = None) -> bytes:
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
            return sse({**head, "choices": [choice], **null_usage})

        frames = [chunk(n, d) for n in range(count) for d in deltas(play, calls)]
        tail = [chunk(n, {}, FINISH[play.stop]) for n in range(count)]
        if asked:
            tail.append(sse({**head, "choices": [], "usage": usage(play)}))
        failed = sse(error_body(Refusal("failed in the middle", status=500)))
        tail.append(b"data: [DONE]\n\n")
        return Stream("text/event-stream; charset=utf-8", frames, tail, failed, play.fault)


def usage(play: Play) -> JsonObject:
    return {
        "prompt_tokens": FRESH + CACHED,
        "completion_tokens": play.tokens_out,
        "total_tokens": FRESH + CACHED + play.tokens_out,
        "prompt_tokens_details": {"cached_tokens": CACHED, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": play.tokens_thought},
    }


def _annotations(play: Play) -> list[JsonObject]:
    if play.citation is None:
        return []
    cited = {"url": play.citation.url, "title": play.citation.title}
    place = {"start_index": 0, "end_index": len(play.text)}
    return [{"type": "url_citation", "url_citation": cited | place}]


def message(play: Play, calls: list[tuple[str, Call]]) -> JsonObject:
    refused = play.stop == "refusal"
    out: JsonObject = {"role": "assistant", "content": None if refused else play.text or None}
    out["refusal"] = play.text if refused else None
    if play.thought:
        out["reasoning_content"] = play.thinking
    if annotations := _annotations(play):
        out["annotations"] = annotations
    if calls:
        out["tool_calls"] = [
            {
                "id": call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call_id, call in calls
        ]
    return out


def deltas(play: Play, calls: list[tuple[str, Call]]) -> Iterator[JsonObject]:
    """The stream's content; arguments of parallel calls come interleaved."""
    yield {"role": "assistant", "content": "", "refusal": None}
    for text in play.thought:
        yield {"reasoning_content": text}
    field = "refusal" if play.stop == "refusal" else "content"
    for text in play.words:
        yield {field: text}
    if annotations := _annotations(play):
        yield {"annotations": annotations}
    for index, (call_id, call) in enumerate(calls):
        function = {"name": call.name, "arguments": ""}
        entry = {"index": index, "id": call_id, "type": "function", "function": function}
        yield {"tool_calls": [entry]}
    longest = max((len(call.arguments) for _, call in calls), default=0)
    for start in range(0, longest, 7):
        for index, (_, call) in enumerate(calls):
            if piece := call.arguments[start : start + 7]:
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def seen(body: JsonObject) -> Seen:
    """The script's view of a request."""
    messages: list[JsonObject] = body["messages"]
    last = max((n for n, m in enumerate(messages) if m["role"] == "assistant"), default=-1)
    new = messages[last + 1 :]
    asked = body.get("response_format") or {}
    schema = (asked.get("json_schema") or {}).get("schema")
    if asked.get("type") == "json_object":
        schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    stop = body.get("stop") or ()
    tools = {t["function"]["name"]: t["function"] for t in body.get("tools", ()) if "function" in t}
    return Seen(
        text="\n".join(text_of(m) for m in new if m["role"] == "user"),
        results=tuple(text_of(m) for m in new if m["role"] == "tool"),
        images=tuple(_images(new)),
        system="\n".join(text_of(m) for m in messages if m["role"] in {"system", "developer"}),
        tools={name: tool.get("parameters") or {} for name, tool in tools.items()},
        forced=_forced(body.get("tool_choice")),
        schema=schema,
        thinking=body.get("reasoning_effort") not in {None, "none"},
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        stops=(stop,) if isinstance(stop, str) else tuple(stop),
    )


def _forced(choice: Any) -> str | None:
    if isinstance(choice, dict):
        if choice["type"] == "allowed_tools":
            choice = choice["allowed_tools"]["tools"][0]
        return str(choice["function"]["name"])
    return "*" if choice == "required" else None


def text_of(message: JsonObject) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if part["type"] == "text")
    return str(content or "")


def _images(messages: list[JsonObject]) -> Iterator[tuple[str, int]]:
    for item in messages:
        for part in item["content"] if isinstance(item.get("content"), list) else ():
            if part["type"] == "image_url":
                found = data_url(part["image_url"]["url"])
                yield (found[0], len(found[1])) if found else ("url", 0)
