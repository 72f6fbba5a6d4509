"""A neutral request as the body for any OpenAI-compatible host.

https://platform.openai.com/docs/api-reference/chat/create (November 2026). What differs by host
(the name of the token limit, what is refused) hangs on `Target.host` and the tables in `wire`.
"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import OutputFormat, Request
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_chat.messages_out import messages_out
from dragoman.protocols.openai_chat.reasoning_fields import reasoning_out
from dragoman.protocols.openai_chat.tools import choice_out, tools_out
from dragoman.protocols.openai_chat.wire import (
    MAX_STOPS,
    MAX_USER_CHARS,
    NAME,
    STOP_WORD,
    is_openai,
    refuses_unknown,
    takes_more,
    wants_completion_tokens,
)

_PLAIN = (
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "n",
    "logprobs",
    "top_logprobs",
    "logit_bias",
)
_NOT_OPENAI = (("top_k", "top_k"), ("min_p", "min_p"), ("repeat_penalty", "repetition_penalty"))

_TIERS = frozenset({"auto", "default", "flex", "scale", "priority"})

_USER_WORD = {"anthropic": "metadata.user_id"}


def request_out(request: Request, target: Target, losses: Losses) -> JsonObject:
    """The body to send. For a Chat client nothing is lost but what OpenAI's own hosts refuse."""
    own = request.protocol == NAME
    body: JsonObject = {"model": target.model, "messages": messages_out(request, target, losses)}
    body.update(tools_out(request, target.host, losses))
    if own or "tools" in body:
        body.update(choice_out(request, target.host, losses))
    body.update(_sampling(request, target, losses))
    body.update(reasoning_out(request, losses))
    if request.output is not None:
        body.update(_output(request.output, own, losses))
    body.update(_hints(request, target, losses))
    options: JsonObject = {}
    if own:
        body.update(request.extras)
        kept = request.extras.get("stream_options")
        options = kept if isinstance(kept, dict) else {}
    else:
        for key in request.extras:
            losses.add(key, "no such field in Chat")
    if request.stream:
        body["stream"] = True
        body["stream_options"] = {**options, "include_usage": True}
    return body


def _sampling(request: Request, target: Target, losses: Losses) -> JsonObject:
    sampling = request.sampling
    own = request.protocol == NAME
    out: JsonObject = {}
    limit = sampling.max_tokens
    if limit is not None:
        if target.max_output is not None:
            limit = min(limit, target.max_output)
        new = wants_completion_tokens(target.host, target.model)
        out["max_completion_tokens" if new else "max_tokens"] = limit
    for name in _PLAIN:
        value: Json = getattr(sampling, name)
        if value is not None:
            out[name] = value
    strict = refuses_unknown(target.host)
    for name, wire in _NOT_OPENAI:
        value = getattr(sampling, name)
        if value is None:
            continue
        if strict or not (own or takes_more(target.host) or name in target.wished):
            losses.add(wire if own else name, "this host may not have such a setting")
        else:
            out[wire] = value
    stop: list[Json] = list(sampling.stop)
    if strict and len(stop) > MAX_STOPS:
        losses.add(STOP_WORD[request.protocol], f"this host takes {MAX_STOPS} stop sequences")
        stop = stop[:MAX_STOPS]
    if stop:
        out["stop"] = stop
    return out


def _output(output: OutputFormat, own: bool, losses: Losses) -> JsonObject:
    extras = output.extras if own else {}
    if not own:
        for key in output.extras:
            losses.add(f"output.{key}", "no such field in Chat")
    if output.kind == "json":
        return {"response_format": {"type": "json_object", **extras}}
    if output.kind == "text":
        return {"response_format": {"type": "text", **extras}} if own else {}
    inner: JsonObject = {"name": output.name or "response"}
    if output.description:
        inner["description"] = output.description
    if output.schema is not None:
        inner["schema"] = output.schema
    if output.strict is not None:
        inner["strict"] = output.strict
    return {"response_format": {"type": "json_schema", "json_schema": {**inner, **extras}}}


def _hints(request: Request, target: Target, losses: Losses) -> JsonObject:
    hints = request.hints
    own = request.protocol == NAME
    out: JsonObject = {}
    if hints.user is not None:
        if own or len(hints.user) <= MAX_USER_CHARS:
            out["user"] = hints.user
        else:
            word = _USER_WORD.get(request.protocol, "user")
            losses.add(word, f"longer than {MAX_USER_CHARS} characters")
    if hints.modalities and (own or set(hints.modalities) != {"text"}):
        out["modalities"] = list(hints.modalities)
    if own and hints.store is not None:
        out["store"] = hints.store
    if hints.previous_response_id is not None:
        losses.add("previous_response_id", "Chat keeps no conversations")
    known = own or is_openai(target.host)
    for name, wire in (("cache_key", "prompt_cache_key"), ("verbosity", "verbosity")):
        value = getattr(hints, name)
        if value is not None and known:
            out[wire] = value
        elif value is not None:
            losses.add(wire, "an OpenAI setting, which this host may refuse")
    if hints.service_tier is not None:
        if own or (known and hints.service_tier in _TIERS):
            out["service_tier"] = hints.service_tier
        elif hints.service_tier != "auto":
            losses.add("service_tier", "this host has no such tier")
    return out
