"""What the two OpenAI APIs share: error bodies, keys, model lists, embeddings, and limits of names
(API reference, "Errors", "Models", "Embeddings"; 2026-11)."""

from __future__ import annotations

import base64
import struct

from tests.fakes.fake import Answer, Fake, Recorded, Route, bearer
from tests.fakes.refusal import JsonObject, Refusal, fits
from tests.fakes.script import embedding

_TYPES = {401: "invalid_request_error", 403: "permission_error", 404: "invalid_request_error"}
EFFORTS = {"none", "minimal", "low", "medium", "high", "xhigh", "max"}


def error_body(refusal: Refusal) -> JsonObject:
    kind = _TYPES.get(refusal.status, "invalid_request_error")
    if refusal.status == 429:
        kind = "rate_limit_error"
    elif refusal.status >= 500:
        kind = "server_error"
    error = {
        "message": refusal.message,
        "type": kind,
        "param": refusal.param,
        "code": refusal.code,
    }
    return {"error": error}


class OpenAIFake(Fake):
    """Keys, model list and embeddings; the answers are the subclasses'."""

    default_models = ("gpt-5", "gpt-4o")
    embedding_models = ("text-embedding-3-small",)

    def keys(self, request: Recorded) -> list[str | None]:
        return [bearer(request)]

    def error(self, refusal: Refusal) -> JsonObject:
        return error_body(refusal)

    def unauthorized(self, *, missing: bool) -> Refusal:
        if missing:
            return Refusal("You didn't provide an API key.", status=401)
        return Refusal("Incorrect API key provided: up-***.", status=401, code="invalid_api_key")

    def shared_routes(self) -> list[Route]:
        return [
            ("GET", "/v1/models", self._list),
            ("GET", "/v1/models/(.+)", self._one),
            ("POST", "/v1/embeddings", self._embed),
        ]

    def served(self, name: object) -> str:
        """The model's name, or the API's 404."""
        if name is None:
            raise Refusal(
                "Missing required parameter: 'model'.",
                param="model",
                code="missing_required_parameter",
            )
        if not isinstance(name, str) or name not in (*self.models, *self.embedding_models):
            raise Refusal(
                f"The model `{name}` does not exist or you do not have access to it.",
                status=404,
                code="model_not_found",
            )
        return name

    def _entry(self, name: str) -> JsonObject:
        return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "fake"}

    def _list(self, _request: Recorded) -> Answer:
        names = (*self.models, *self.embedding_models)
        return Answer({"object": "list", "data": [self._entry(name) for name in names]})

    def _one(self, request: Recorded) -> Answer:
        return Answer(self._entry(self.served(request.name)))

    def _embed(self, request: Recorded) -> Answer:
        body = request.json
        unrecognized(body, {"model", "input", "dimensions", "encoding_format", "user"})
        model = self.served(body.get("model"))
        given = body.get("input")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not texts or not all(texts):
            raise Refusal("'$.input' is invalid.", param="input")
        as_base64 = body.get("encoding_format") == "base64"
        data = []
        for index, text in enumerate(texts):
            vector = embedding(str(text), body.get("dimensions"))
            packed = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
            value = packed if as_base64 else vector
            data.append({"object": "embedding", "index": index, "embedding": value})
        usage = {"prompt_tokens": 8, "total_tokens": 8}
        return Answer({"object": "list", "data": data, "model": model, "usage": usage})


def unrecognized(body: JsonObject, allowed: set[str] | frozenset[str]) -> None:
    for key in body:
        if key not in allowed:
            raise Refusal(f"Unrecognized request argument supplied: {key}")


def check_name(name: object, where: str) -> None:
    """A tool's name."""
    if isinstance(name, str) and len(name) > 64:
        raise Refusal(
            f"Invalid '{where}': string too long. Expected a string with maximum length 64, "
            f"but got a string with length {len(name)} instead.",
            param=where,
            code="string_above_max_length",
        )
    if not fits("[a-zA-Z0-9_-]+", name):
        raise Refusal(
            f"Invalid '{where}': string does not match pattern. Expected a string that matches "
            "the pattern '^[a-zA-Z0-9_-]+$'.",
            param=where,
            code="invalid_value",
        )


def check_length(value: object, where: str, limit: int) -> None:
    """A text that is there and not too long."""
    if not isinstance(value, str) or not value:
        raise Refusal(f"Missing required parameter: '{where}'.", param=where)
    if len(value) > limit:
        raise Refusal(
            f"Invalid '{where}': string too long. Expected a string with maximum length {limit}, "
            f"but got a string with length {len(value)} instead.",
            param=where,
            code="string_above_max_length",
        )


def check_parameters(schema: object, name: object, where: str, *, picky: bool) -> None:
    """A function's schema: an object at its root; `picky` hosts know no `$schema`."""
    if schema is None:
        return
    kind = schema.get("type") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or kind != "object":
        raise Refusal(
            f"Invalid schema for function '{name}': schema must be a JSON Schema of "
            f"'type: \"object\"', got 'type: \"{kind}\"'.",
            param=where,
            code="invalid_function_parameters",
        )
    if picky and "$schema" in schema:
        raise Refusal(f"Invalid schema for function '{name}': '$schema' is not permitted.")


def check_range(body: JsonObject, name: str, low: float, high: float) -> None:
    value = body.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(f"Invalid type for '{name}': expected a number.", param=name)
    if not low <= value <= high:
        side = "maximum" if value > high else "minimum"
        bound = high if value > high else low
        raise Refusal(
            f"Invalid '{name}': decimal out of range. {side} value is {bound}, got {value}.",
            param=name,
            code=f"decimal_{'above_max' if value > high else 'below_min'}_value",
        )


def check_effort(value: object, where: str) -> None:
    if value is not None and value not in EFFORTS:
        raise Refusal(
            f"Invalid value: '{value}'. Supported values are: 'none', 'minimal', 'low', "
            "'medium', 'high', 'xhigh' and 'max'.",
            param=where,
            code="invalid_value",
        )
