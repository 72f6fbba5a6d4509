"""What the numbered cases are made of: items, calls and results in short."""

from __future__ import annotations

import json
from typing import Any

from tests.conversions.pipeline import body_for

from dragoman.neutral.json import Json, JsonObject

SCHEMA: JsonObject = {"type": "object", "properties": {"id": {"type": "string"}}}
GET: JsonObject = {"type": "function", "name": "get", "parameters": SCHEMA}
PATCH: JsonObject = {"type": "custom", "name": "apply_patch", "description": "Edits."}
PNG = "iVBORw0KGgo="


def user(text: str) -> JsonObject:
    return {"role": "user", "content": text}


def call(call_id: str, name: str = "get", arguments: str = "{}") -> JsonObject:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def output(call_id: str, text: Json) -> JsonObject:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def asked(*items: Json, **more: Json) -> JsonObject:
    """A Responses client's request."""
    return {"model": "m", "input": list(items), "tools": [GET], **more}


def to_anthropic(*items: Json, **more: Json) -> list[Any]:
    """The messages Anthropic gets of a Responses client's items, without cache marks."""
    body = json.dumps(body_for(asked(*items, **more), "responses", "anthropic"))
    plain = json.loads(body.replace(', "cache_control": {"type": "ephemeral"}', ""))
    messages: list[Any] = plain["messages"]
    return messages


def result_ids(message: Any) -> list[str]:
    return [part["tool_use_id"] for part in message["content"] if part["type"] == "tool_result"]


def fitted(schema: JsonObject, target: str) -> JsonObject:
    """A Chat client's schema as the target gets it."""
    function: JsonObject = {"name": "f", "parameters": schema}
    body: JsonObject = {
        "model": "m",
        "messages": [user("Go.")],
        "tools": [{"type": "function", "function": function}],
    }
    sent: Any = body_for(body, "openai", target)["tools"]
    if target == "gemini":
        found: JsonObject = sent[0]["functionDeclarations"][0]["parametersJsonSchema"]
        return found
    return dict(sent[0]["input_schema" if target == "anthropic" else "parameters"])
