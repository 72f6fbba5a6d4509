"""A fake of Ollama's own API (docs/api.md: /api/chat, /api/generate, /api/tags, /api/show,
/api/embed, /api/version, /api/ps; 2026-11). Ollama ignores unknown fields; here they are noted
in `ignored`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.fakes.fake import Answer, Fake, Recorded, Route, Stream, bearer
from tests.fakes.refusal import JsonObject, Refusal, decoded, fields, objects
from tests.fakes.script import CACHED, FRESH, Play, Seen, embedding, write

CHAT = fields(
    "model messages stream format keep_alive tools options think truncate shift logprobs"
    " top_logprobs"
)
GENERATE = fields(
    "model prompt suffix system template context stream raw format keep_alive images options think"
)
MESSAGE = fields("role content thinking images tool_calls tool_name tool_call_id")
OPTIONS = fields(
    "num_ctx num_keep num_predict num_batch num_gpu num_thread seed temperature top_k top_p min_p"
    " typical_p repeat_last_n repeat_penalty presence_penalty frequency_penalty stop use_mmap"
    " main_gpu penalize_newline numa low_vram vocab_only draft_num_predict"
)
ROLES = {"system", "user", "assistant", "tool"}
MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
DURATIONS = {
    "total_duration": 9_000_000,
    "load_duration": 1_000_000,
    "prompt_eval_duration": 3_000_000,
    "eval_duration": 5_000_000,
}


class OllamaFake(Fake):
    """Models whose name begins with "plain" cannot think."""

    protocol = "ollama"
    default_models = ("qwen3", "plain-llama")
    embedding_models = ("nomic-embed-text",)

    def __init__(
        self,
        *,
        key: str = "up-key",
        models: Sequence[str] | None = None,
        rechunk: int = 0,
        says: Callable[[Seen], Play] = write,
        text_only: bool = False,
    ) -> None:
        super().__init__(key=key, models=models, rechunk=rechunk, says=says, text_only=text_only)
        self.ignored: list[str] = []

    def routes(self) -> list[Route]:
        return [
            ("POST", "/api/chat", self._chat),
            ("POST", "/api/generate", self._prompt),
            ("GET", "/api/tags", self._tags),
            ("POST", "/api/show", self._show),
            ("POST", "/api/embed", self._embed),
            ("GET", "/api/version", lambda _: Answer({"version": "0.31.0"})),
            ("GET", "/api/ps", lambda _: Answer({"models": []})),
        ]

    def keys(self, request: Recorded) -> list[str | None]:
        return [bearer(request)]

    def unauthorized(self, *, missing: bool) -> Refusal:
        return Refusal("unauthorized" if missing else "invalid key", status=401)

    def error(self, refusal: Refusal) -> JsonObject:
        return {"error": refusal.message}

    def _note(self, given: JsonObject, known: frozenset[str], where: str) -> None:
        self.ignored += [where + key for key in given if key not in known]

    def _model(self, name: object) -> str:
        if not name:
            raise Refusal("model is required")
        plain = str(name).removesuffix(":latest")
        if plain not in (*self.models, *self.embedding_models):
            raise Refusal(f"model '{name}' not found", status=404)
        return plain

    def _entry(self, name: str) -> JsonObject:
        details = {"format": "gguf", "family": "fake", "families": ["fake"]}
        details |= {"parameter_size": "8B", "quantization_level": "Q4_K_M", "parent_model": ""}
        head = {"name": f"{name}:latest", "model": f"{name}:latest", "size": 1, "digest": "0" * 64}
        return {**head, "modified_at": "2026-01-01T00:00:00Z", "details": details}

    def _tags(self, _request: Recorded) -> Answer:
        names = (*self.models, *self.embedding_models)
        return Answer({"models": [self._entry(name) for name in names]})

    def _show(self, request: Recorded) -> Answer:
        name = self._model(request.json.get("model") or request.json.get("name"))
        can = ["completion", "tools", "vision", *([] if name.startswith("plain") else ["thinking"])]
        can = ["embedding"] if name in self.embedding_models else can
        info = {"general.architecture": "fake", "fake.context_length": 40_960}
        whole = {"details": self._entry(name)["details"], "model_info": info, "capabilities": can}
        return Answer({**whole, "modelfile": "", "template": "", "parameters": ""})

    def _embed(self, request: Recorded) -> Answer:
        body = request.json
        model = self._model(body.get("model"))
        given = body.get("input")
        texts = given if isinstance(given, list) else [given]
        if not all(isinstance(text, str) for text in texts):
            raise Refusal("invalid input type")
        vectors = [embedding(str(text), body.get("dimensions")) for text in texts]
        timing = {"total_duration": 9, "load_duration": 1, "prompt_eval_count": 8}
        return Answer({"model": model, "embeddings": vectors, **timing})

    def _chat(self, request: Recorded) -> Answer | Stream:
        body = request.json
        model = self._model(body.get("model"))
        self._note(body, CHAT, "")
        self._note(body.get("options") or {}, OPTIONS, "options.")
        for index, message in enumerate(objects(body.get("messages") or [], "messages")):
            self._note(message, MESSAGE, f"messages[{index}].")
            check_message(message)
        _check_settings(body, model)
        play = self.says(seen(body))
        return self._reply(body, model, play, list(_deltas(play)), _whole(play))

    def _prompt(self, request: Recorded) -> Answer | Stream:
        body = request.json
        model = self._model(body.get("model"))
        self._note(body, GENERATE, "")
        _check_settings(body, model)
        turn = {"role": "user", "content": body.get("prompt", "")}
        play = self.says(seen({**body, "messages": [turn], "tools": []}))
        pieces: list[JsonObject] = [{"response": "", "thinking": t} for t in play.thought]
        pieces += [{"response": text} for text in play.words]
        return self._reply(body, model, play, pieces, {"response": play.text})

    def _reply(
        self, body: JsonObject, model: str, play: Play, pieces: list[JsonObject], whole: JsonObject
    ) -> Answer | Stream:
        head = {"model": model, "created_at": "2026-01-01T00:00:00.000000Z"}
        reason = "length" if play.stop == "length" else "stop"
        counts = {"prompt_eval_count": FRESH + CACHED, "eval_count": play.tokens_out}
        end = {"done": True, "done_reason": reason, **DURATIONS, **counts}
        if body.get("stream") is False:
            return Answer({**head, **whole, **end}, fault=play.fault)
        empty: JsonObject = {"message": {"role": "assistant", "content": ""}}
        last = empty if "message" in whole else {"response": ""}
        frames = [_line({**head, **piece, "done": False}) for piece in pieces]
        failed = _line({"error": "failed in the middle"})
        tail = [_line({**head, **last, **end})]
        return Stream("application/x-ndjson", frames, tail, failed, play.fault)


def _line(item: JsonObject) -> bytes:
    return json.dumps(item, ensure_ascii=False).encode() + b"\n"


def _field(where: str, got: object, kind: str) -> Refusal:
    names = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return Refusal(
        f"json: cannot unmarshal {names.get(type(got), 'bool')} into Go struct field "
        f"ChatRequest.{where} of type {kind}"
    )


def check_message(message: JsonObject) -> None:
    """One message, as Go's JSON decoder and the chat handler take it."""
    if message.get("role") not in ROLES:
        raise Refusal(f"invalid role: {message.get('role')}, must be one of: {sorted(ROLES)}")
    content = message.get("content")
    if content is not None and not isinstance(content, str):
        raise _field("messages.content", content, "string")
    for image in message.get("images") or ():
        if decoded(image) is None:
            raise Refusal("illegal base64 data at input byte 4")
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        if not function.get("name"):
            raise Refusal("tool call without a function name")
        if not isinstance(function.get("arguments"), dict):
            kind = "api.ToolCallFunctionArguments"
            raise _field("messages.tool_calls.function.arguments", function.get("arguments"), kind)


def _check_settings(body: JsonObject, model: str) -> None:
    think = body.get("think")
    if think not in {None, True, False, "low", "medium", "high", "max"}:
        raise Refusal(f"invalid think value: {json.dumps(think)}")
    if think and model.startswith("plain"):
        raise Refusal(f'"{model}" does not support thinking')
    wanted = body.get("format")
    if wanted not in (None, "", "json") and not isinstance(wanted, dict):
        raise Refusal(
            f'invalid format: {json.dumps(wanted)}; expected "json" or a valid JSON Schema object'
        )
    for tool in body.get("tools") or ():
        if tool.get("type") != "function" or not (tool.get("function") or {}).get("name"):
            raise Refusal('invalid tool: expected type "function" with a name')
        kind = (tool["function"].get("parameters") or {}).get("type", "object")
        if kind != "object":
            raise _field("tools.function.parameters.type", kind, "object")
    stop = (body.get("options") or {}).get("stop")
    if stop is not None and not isinstance(stop, list):
        raise _field("options.stop", stop, "[]string")


def _whole(play: Play) -> JsonObject:
    message: JsonObject = {"role": "assistant", "content": play.text}
    if play.thought:
        message["thinking"] = play.thinking
    if play.calls:
        message["tool_calls"] = [_call(play, number) for number in range(len(play.calls))]
    return {"message": message}


def _call(play: Play, number: int) -> JsonObject:
    call = play.calls[number]
    return {"function": {"index": number, "name": call.name, "arguments": call.parsed}}


def _deltas(play: Play) -> Iterator[JsonObject]:
    for text in play.thought:
        yield {"message": {"role": "assistant", "content": "", "thinking": text}}
    for text in play.words:
        yield {"message": {"role": "assistant", "content": text}}
    for number in range(len(play.calls)):
        calls = [_call(play, number)]
        yield {"message": {"role": "assistant", "content": "", "tool_calls": calls}}


def seen(body: JsonObject) -> Seen:
    """The script's view of a request."""
    messages: list[JsonObject] = body["messages"]
    last = max((n for n, m in enumerate(messages) if m["role"] == "assistant"), default=-1)
    new = messages[last + 1 :]
    options = body.get("options") or {}
    wanted: Any = body.get("format")
    if wanted == "json":
        wanted = {"type": "object", "properties": {"answer": {"type": "string"}}}
    functions = [tool["function"] for tool in body.get("tools") or ()]
    limit = options.get("num_predict")
    return Seen(
        text="\n".join(m.get("content") or "" for m in new if m["role"] == "user"),
        results=tuple(m.get("content") or "" for m in new if m["role"] == "tool"),
        images=tuple(_sniffed(image) for m in new for image in m.get("images") or ()),
        system="\n".join(m["content"] for m in messages if m["role"] == "system"),
        tools={function["name"]: function.get("parameters") or {} for function in functions},
        schema=wanted or None,
        thinking=bool(body.get("think")),
        max_tokens=limit if limit and limit > 0 else None,
        stops=tuple(options.get("stop") or ()),
    )


def _sniffed(image: str) -> tuple[str, int]:
    data = decoded(image) or b""
    kind = next((kind for magic, kind in MAGIC.items() if data.startswith(magic)), "unknown")
    return kind, len(data)
