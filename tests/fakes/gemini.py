"""A fake of the Gemini API (reference, "models.generateContent", "models.streamGenerateContent",
"models.countTokens", "models.embedContent", "models.list"; v1 and v1beta, 2026-11)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.fakes import gemini_rules, gemini_turns
from tests.fakes.fake import Answer, Fake, Recorded, Route, Stream, sse
from tests.fakes.refusal import JsonObject, Refusal, decoded
from tests.fakes.script import CACHED, FRESH, SPOKEN, Play, Seen, embedding
from tests.fakes.seals import seal

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
FINISH = {
    "end": "STOP",
    "tool": "STOP",
    "length": "MAX_TOKENS",
    "stop-sequence": "STOP",
    "refusal": "SAFETY",
}

Part = dict[str, Any]


class GeminiFake(Fake):
    """Thinks when `thinkingConfig` asks for thoughts; Gemini 3 signs its calls always."""

    protocol = "gemini"
    default_models = ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-3-pro")
    embedding_models = ("gemini-embedding-001",)

    def routes(self) -> list[Route]:
        model = "/v1(?:beta)?/models/(.+)"
        return [
            ("POST", f"{model}:generateContent", self._generate),
            ("POST", f"{model}:streamGenerateContent", self._generate),
            ("POST", f"{model}:countTokens", self._count),
            ("POST", f"{model}:embedContent", self._embed),
            ("POST", f"{model}:batchEmbedContents", self._embed_all),
            ("GET", "/v1(?:beta)?/models", self._list),
            ("GET", model, self._one),
        ]

    def keys(self, request: Recorded) -> list[str | None]:
        return [request.header("x-goog-api-key"), request.query.get("key")]

    def unauthorized(self, *, missing: bool) -> Refusal:
        if missing:
            return Refusal("Method doesn't allow unregistered callers.", status=401)
        return Refusal("API key not valid. Please pass a valid API key.", status=401)

    def error(self, refusal: Refusal) -> JsonObject:
        name = STATUSES.get(refusal.status, "UNKNOWN")
        return {"error": {"code": refusal.status, "message": refusal.message, "status": name}}

    def _model(self, name: str) -> str:
        if name not in (*self.models, *self.embedding_models):
            raise Refusal(
                f"models/{name} is not found for API version v1beta, or is not supported for "
                "generateContent. Call ListModels to see the list of available models.",
                status=404,
            )
        return name

    def _entry(self, name: str) -> JsonObject:
        does = ["embedContent"] if name in self.embedding_models else ["generateContent"]
        limits = {"inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536}
        head = {"name": f"models/{name}", "version": "001", "displayName": name.title()}
        return {**head, **limits, "supportedGenerationMethods": [*does, "countTokens"]}

    def _list(self, _request: Recorded) -> Answer:
        names = (*self.models, *self.embedding_models)
        return Answer({"models": [self._entry(name) for name in names]})

    def _one(self, request: Recorded) -> Answer:
        return Answer(self._entry(self._model(request.name)))

    def _count(self, request: Recorded) -> Answer:
        model = self._model(request.name)
        allowed = frozenset({"contents", "generateContentRequest"})
        body = gemini_rules.camel(request.json, allowed, "")
        inner = gemini_rules.camel(body.get("generateContentRequest") or body, gemini_rules.TOP, "")
        gemini_turns.contents(inner, model)
        return Answer({"totalTokens": FRESH + CACHED})

    def _embed(self, request: Recorded) -> Answer:
        self._model(request.name)
        return Answer({"embedding": _vector(request.json)})

    def _embed_all(self, request: Recorded) -> Answer:
        name = f"models/{self._model(request.name)}"
        body = gemini_rules.camel(request.json, frozenset({"requests"}), "")
        for one in body.get("requests") or ():
            if one.get("model") != name:
                raise Refusal(f"* BatchEmbedContentsRequest.requests[0].model: must be {name}")
        return Answer({"embeddings": [_vector(one) for one in body.get("requests") or ()]})

    def _generate(self, request: Recorded) -> Answer | Stream:
        model = self._model(request.name)
        body = gemini_rules.camel(request.json, gemini_rules.TOP, "")
        play = self.says(seen(body, model))
        head: JsonObject = {"modelVersion": model, "responseId": self.new_id("resp-")}
        pieces = list(self._pieces(play, model))
        end: JsonObject = {"finishReason": FINISH[play.stop], "index": 0}
        if play.citation:
            end["groundingMetadata"] = _grounding(play)
        if not request.path.endswith(":streamGenerateContent"):
            content = {"role": "model", "parts": list(_merged(pieces))}
            whole = {"candidates": [{"content": content, **end}], **head}
            return Answer({**whole, "usageMetadata": usage(play)}, fault=play.fault)

        def chunk(parts: list[Part], extra: JsonObject) -> JsonObject:
            candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **extra}
            return {"candidates": [candidate], "usageMetadata": usage(play), **head}

        chunks = [chunk([piece], {}) for piece in pieces]
        last = chunk([{"text": ""}], end)
        error = self.error(Refusal("failed in the middle", status=500))
        if request.query.get("alt") == "sse":
            frames = [sse(item) for item in chunks]
            return Stream("text/event-stream", frames, [sse(last)], sse(error), play.fault)
        array = [_element(item, first=n == 0) for n, item in enumerate(chunks)]
        closing = [_element(last, first=not chunks), b"]"]
        failed = _element(error, first=False) + b"]"
        return Stream("application/json; charset=UTF-8", array, closing, failed, play.fault)

    def _pieces(self, play: Play, model: str) -> Iterator[Part]:
        for text in play.thought:
            yield {"text": text, "thought": True}
        yield from ({"text": text} for text in play.words)
        for number, call in enumerate(play.calls):
            function: JsonObject = {"name": call.name, "args": call.parsed}
            function |= {"id": self.new_id("fc-")} if gemini_rules.is_three(model) else {}
            part: Part = {"functionCall": function}
            if number == 0 and (gemini_rules.is_three(model) or play.thought or play.redacted):
                bound = gemini_turns.canonical(call.name, call.parsed)
                part["thoughtSignature"] = seal("gemini", bound)
            yield part
        if not play.calls and not play.fault and (play.thought or play.redacted):
            yield {"text": "", "thoughtSignature": seal("gemini", play.text)}


def _element(item: JsonObject, *, first: bool) -> bytes:
    return (b"[" if first else b",\r\n") + json.dumps(item, ensure_ascii=False).encode()


def _merged(pieces: list[Part]) -> Iterator[Part]:
    """The parts of an answer that is not streamed: neighbouring pieces of text are one."""
    held: Part | None = None
    for piece in pieces:
        if held is not None and "text" in piece and piece.get("thought") == held.get("thought"):
            held = {**held, **piece, "text": held["text"] + piece["text"]}
            continue
        if held is not None:
            yield held
        held = piece if "text" in piece else None
        if held is None:
            yield piece
    if held is not None:
        yield held


def _grounding(play: Play) -> JsonObject:
    assert play.citation is not None
    chunk = {"web": {"uri": play.citation.url, "title": play.citation.title}}
    segment = {"startIndex": 0, "endIndex": len(play.text.encode()), "text": play.text}
    support = {"segment": segment, "groundingChunkIndices": [0]}
    queries = {"webSearchQueries": ["examples"]}
    return {**queries, "groundingChunks": [chunk], "groundingSupports": [support]}


def usage(play: Play) -> JsonObject:
    counts = {
        "promptTokenCount": FRESH + CACHED,
        "cachedContentTokenCount": CACHED,
        "candidatesTokenCount": SPOKEN,
        "totalTokenCount": FRESH + CACHED + play.tokens_out,
    }
    thought = play.tokens_thought
    return {**counts, "thoughtsTokenCount": thought} if thought else counts


def seen(body: JsonObject, model: str) -> Seen:
    """The script's view of a request, checked on the way."""
    config = gemini_rules.generation(body, model)
    declared = gemini_rules.tools(body, model)
    turns = gemini_turns.contents(body, model)
    last = max((n for n, turn in enumerate(turns) if turn["role"] == "model"), default=-1)
    new = [part for turn in turns[last + 1 :] for part in turn["parts"]]
    answers = [part["functionResponse"] for part in new if "functionResponse" in part]
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    if schema is None and config.get("responseMimeType") == "application/json":
        schema = {"type": "OBJECT", "properties": {"answer": {"type": "STRING"}}}
    thinking = config["thinkingConfig"]
    return Seen(
        text="\n".join(part["text"] for part in new if "text" in part),
        results=tuple(_result(answer["response"]) for answer in answers),
        images=tuple(_images([*new, *(p for answer in answers for p in answer["parts"])])),
        system=gemini_turns.system(body),
        tools={
            d["name"]: d.get("parametersJsonSchema") or d.get("parameters") or {} for d in declared
        },
        forced=_forced(body),
        schema=schema,
        thinking=bool(thinking.get("includeThoughts")) and thinking.get("thinkingBudget") != 0,
        max_tokens=config.get("maxOutputTokens"),
        stops=tuple(config.get("stopSequences") or ()),
    )


def _forced(body: JsonObject) -> str | None:
    config = body.get("toolConfig") or {}
    calling = config.get("functionCallingConfig") or config.get("function_calling_config") or {}
    if calling.get("mode") != "ANY":
        return None
    names = calling.get("allowedFunctionNames") or calling.get("allowed_function_names")
    return str(names[0]) if names else "*"


def _result(response: JsonObject) -> str:
    """What a tool said: its one text, whatever the key, or the whole object."""
    if len(response) == 1 and isinstance(only := next(iter(response.values())), str):
        return only
    return json.dumps(response, ensure_ascii=False)


def _images(parts: list[Part]) -> Iterator[tuple[str, int]]:
    for part in parts:
        if "inlineData" in part:
            data = decoded(part["inlineData"]["data"], url_safe=True) or b""
            yield part["inlineData"]["mimeType"], len(data)
        elif "fileData" in part:
            yield "url", 0


def _vector(given: JsonObject) -> JsonObject:
    allowed = frozenset({"content", "model", "taskType", "title", "outputDimensionality"})
    body = gemini_rules.camel(given, allowed, "")
    parts = (body.get("content") or {}).get("parts") or ()
    if not parts:
        raise Refusal("* EmbedContentRequest.content: contents is not specified")
    text = "".join(part["text"] for part in parts)
    return {"values": embedding(text, body.get("outputDimensionality"))}
