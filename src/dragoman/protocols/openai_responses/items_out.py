"""Neutral parts → output items, and the response object around them, as clients receive them."""

from __future__ import annotations

from collections.abc import Iterable

from dragoman.neutral.events import StopReason
from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import (
    HostedCall,
    HostedResult,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from dragoman.neutral.requests import Request
from dragoman.neutral.usage import Usage
from dragoman.protocols.codec import Reply
from dragoman.protocols.openai_responses.content_out import annotations_of
from dragoman.protocols.openai_responses.tools_out import choice_out, tools_out
from dragoman.protocols.openai_responses.usage import usage_out
from dragoman.protocols.openai_responses.wire import NAME

_INCOMPLETE: dict[StopReason, str] = {
    "length": "max_output_tokens",
    "refusal": "content_filter",
    "context-full": "max_output_tokens",
}


def item_id(part: Part, prefix: str, reply: Reply) -> str:
    """The id the item had upstream, when that spoke Responses; else a new one."""
    wire = getattr(part, "wire", {})
    message = wire.get("message")
    known = message.get("id") if isinstance(message, dict) else wire.get("item_id")
    return known if isinstance(known, str) else reply.new_id(prefix)


def content_of(part: Text | Refusal, logprobs: Iterable[Json] = ()) -> JsonObject:
    """A finished content part."""
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    return {
        "type": "output_text",
        "text": part.text,
        "annotations": annotations_of(part),
        "logprobs": list(logprobs),
    }


def message_item(item: str, phase: Json, content: list[Json], status: str) -> JsonObject:
    out: JsonObject = {
        "id": item,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }
    return out if phase is None else {**out, "phase": phase}


def phase_of(part: Text | Refusal) -> Json:
    message = part.wire.get("message")
    return message.get("phase") if isinstance(message, dict) else None


def begins_message(part: Text | Refusal) -> bool:
    """Whether upstream this part opened a message of its own."""
    return "message" in part.wire


def reasoning_item(item: str, part: Reasoning) -> JsonObject:
    summary: list[Json] = [{"type": "summary_text", "text": part.text}] if part.text else []
    out: JsonObject = {"id": item, "type": "reasoning", "summary": summary}
    if part.state is not None:
        out["encrypted_content"] = part.state.blob
    return out


def call_item(item: str, part: ToolCall, status: str) -> JsonObject:
    custom = part.kind == "custom"
    out: JsonObject = {
        "id": item,
        "type": "custom_tool_call" if custom else "function_call",
        "status": status,
        "call_id": part.id,
        "name": part.name,
        "input" if custom else "arguments": part.input,
    }
    return {**out, "namespace": part.namespace} if part.namespace else out


def call_prefix(part: ToolCall) -> str:
    return "ctc_" if part.kind == "custom" else "fc_"


def whole_item(part: Media | HostedCall | HostedResult | Opaque, reply: Reply) -> JsonObject | None:
    """An item that has no deltas; None when the part is not for this protocol's clients."""
    if isinstance(part, Media):
        return _image_item(part, reply) if part.kind == "image" and part.data else None
    if part.protocol == NAME and isinstance(part.raw, dict):
        return part.raw
    return None


def _image_item(part: Media, reply: Reply) -> JsonObject:
    known = part.wire.get("image")
    if isinstance(known, dict):
        return {**known, "result": part.data}
    out: JsonObject = {
        "id": reply.new_id("ig_"),
        "type": "image_generation_call",
        "status": "completed",
        "result": part.data,
    }
    if part.mime.startswith("image/"):
        out["output_format"] = part.mime.removeprefix("image/")
    return out


def told_as_text(part: Part) -> str:
    """What a foreign hosted tool found, or an image that is only a link, as ordinary text."""
    if isinstance(part, HostedResult) and part.protocol != NAME:
        return part.text
    if isinstance(part, Media) and part.kind == "image" and part.url and not part.data:
        return f"![image]({part.url})"
    return ""


class Envelope:
    """The response object of one answer: what it echoes of the request is read once."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._echo = _echo(reply.request)

    def at(self, response_id: str, status: str, output: list[Json]) -> JsonObject:
        return {
            "id": response_id,
            "object": "response",
            "created_at": self._reply.created_s,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "model": self._reply.model,
            "output": output,
            **self._echo,
            "usage": None,
        }

    def ended(
        self, response_id: str, stop: StopReason, output: list[Json], usage: Usage
    ) -> JsonObject:
        reason = _INCOMPLETE.get(stop)
        out = self.at(response_id, "incomplete" if reason else "completed", output)
        if reason:
            out["incomplete_details"] = {"reason": reason}
        out["usage"] = usage_out(usage)
        return out


def _echo(request: Request) -> JsonObject:
    """The request's settings, as the response object repeats them."""
    losses = Losses()
    choice = choice_out(request, losses)
    sampling, hints, reasoning = request.sampling, request.hints, request.reasoning
    top = [t for turn in request.turns if turn.author == "top" for t in turn.parts]
    texts = [part.text for part in top if isinstance(part, Text)]
    effort = "none" if reasoning.mode == "off" else reasoning.effort
    metadata = request.extras.get("metadata")
    return {
        "instructions": "\n\n".join(texts) if texts else None,
        "max_output_tokens": sampling.max_tokens,
        "metadata": metadata if isinstance(metadata, dict) else {},
        "parallel_tool_calls": choice.get("parallel_tool_calls", True),
        "previous_response_id": hints.previous_response_id,
        "reasoning": {"effort": effort, "summary": reasoning.summary},
        "service_tier": hints.service_tier or "default",
        "store": True if hints.store is None else hints.store,
        "temperature": 1 if sampling.temperature is None else sampling.temperature,
        "text": _text_echo(request),
        "tool_choice": choice.get("tool_choice", "auto"),
        "tools": tools_out(request, losses, whole=True),
        "top_p": 1 if sampling.top_p is None else sampling.top_p,
        "truncation": request.extras.get("truncation", "disabled"),
    }


def _text_echo(request: Request) -> JsonObject:
    output = request.output
    form: JsonObject = {"type": "text"}
    if output is not None and output.kind == "json":
        form = {"type": "json_object"}
    elif output is not None and output.kind == "schema":
        form = {"type": "json_schema", "name": output.name, "schema": output.schema}
        form["strict"] = bool(output.strict)
    return {"format": form, "verbosity": request.hints.verbosity or "medium"}
