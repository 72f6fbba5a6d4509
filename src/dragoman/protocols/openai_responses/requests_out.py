"""Neutral request → body for an upstream that speaks Responses.

A foreign request never stores (`store: false`) and asks for encrypted reasoning, so that the
conversation can go on without the upstream's memory.
"""

from __future__ import annotations

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Part, Text
from dragoman.neutral.requests import OutputFormat, Request, Turn, split_system
from dragoman.protocols.codec import Target
from dragoman.protocols.openai_responses.parts_out import ItemsOut
from dragoman.protocols.openai_responses.tools_out import added_tools, choice_out, tools_out
from dragoman.protocols.openai_responses.wire import (
    ENCRYPTED_REASONING,
    LOGPROBS,
    MAX_USER_LENGTH,
    MIN_OUTPUT_TOKENS,
    NAME,
    is_openai_host,
)

_SERVICE_TIERS = frozenset({"auto", "default", "flex", "priority", "scale"})
_CHAT_SHARED = frozenset({"metadata", "safety_identifier", "prompt_cache_retention"})
"""Chat's fields that mean the same here."""

_UNSUPPORTED_SAMPLING = (
    "top_k",
    "min_p",
    "frequency_penalty",
    "presence_penalty",
    "repeat_penalty",
    "seed",
    "logit_bias",
)


def request_out(request: Request, target: Target, losses: Losses) -> JsonObject:
    """The body of `POST /responses`; lossless when the client spoke Responses too."""
    own = request.protocol == NAME
    whole = is_openai_host(target.host)
    body: JsonObject = {"model": target.model}
    instructions, turns = _instructions(request, own=own)
    if instructions is not None:
        body["instructions"] = instructions
    _input(body, request, turns, losses, whole=whole)
    if tools := tools_out(request, losses, whole=whole):
        body["tools"] = tools
    body.update(choice_out(request, losses))
    _text(body, request)
    _reasoning(body, request, losses)
    if own:
        return _own(body, request)
    return _foreign(body, request, target, losses)


def _instructions(request: Request, *, own: bool) -> tuple[str | None, tuple[Turn, ...]]:
    """The leading system turns as one text, and the turns that stay in the input. A foreign
    request that holds nothing else keeps them in the input, which must not be empty."""
    system, conversation = split_system(request.turns)
    if own:
        top = [turn for turn in system if turn.author in {"", "top"}]
        kept = tuple(turn for turn in system if turn.author not in {"", "top"})
    else:
        top, kept = list(system), ()
    if not top or (not conversation and not own):
        return None, request.turns
    texts = [part.text for turn in top for part in turn.parts if isinstance(part, Text)]
    return "\n\n".join(texts), (*kept, *conversation)


def _bare_input(parts: tuple[Part, ...]) -> str | None:
    """The text when the whole input was one string."""
    if len(parts) == 1 and isinstance(parts[0], Text) and parts[0].wire.get("form") == "input":
        return parts[0].text
    return None


def _input(
    body: JsonObject, request: Request, turns: tuple[Turn, ...], losses: Losses, *, whole: bool
) -> None:
    own = request.protocol == NAME
    if own and len(turns) == 1 and (bare := _bare_input(turns[0].parts)) is not None:
        body["input"] = bare
        return
    writer = ItemsOut(request, losses, whole=whole)
    for turn in turns:
        writer.add(turn)
        if not own:
            for key in turn.extras:
                losses.add(f"messages.{key}", "known to the client's own protocol only")
    items = writer.items()
    if own and whole:
        _restore_added(items, request)
    if not items and not own:
        items = [{"type": "message", "role": "user", "content": FALLBACK_USER_TEXT}]
    if items:
        body["input"] = items


FALLBACK_USER_TEXT = "Proceed."
"""What is asked when nothing is left of a foreign conversation, for an empty one is refused."""


def _restore_added(items: list[Json], request: Request) -> None:
    """Puts the client's `additional_tools` items back at their places."""
    known = request.wire.get("additional_tools")
    places = known if isinstance(known, dict) else {}
    for index, item in [(int(k), v) for k, v in places.items() if isinstance(v, dict)]:
        items.insert(index, added_tools(item, request.tools))


def _text(body: JsonObject, request: Request) -> None:
    text: JsonObject = {}
    if request.output is not None:
        text["format"] = _format(request.output, own=request.protocol == NAME)
    if request.hints.verbosity is not None:
        text["verbosity"] = request.hints.verbosity
    if text:
        body["text"] = text


def _format(output: OutputFormat, *, own: bool) -> JsonObject:
    extras = output.extras if own else {}
    if output.kind != "schema":
        return {"type": "json_object" if output.kind == "json" else "text", **extras}
    out: JsonObject = {"type": "json_schema", "name": output.name or "response"}
    out["schema"] = output.schema or {}
    if output.description:
        out["description"] = output.description
    if output.strict is not None or not own:
        out["strict"] = bool(output.strict)
    return {**out, **extras}


def _reasoning(body: JsonObject, request: Request, losses: Losses) -> None:
    settings = request.reasoning
    own = request.protocol == NAME
    out: JsonObject = {}
    effort = "none" if settings.mode == "off" else settings.effort
    if effort is not None:
        out["effort"] = effort
    summary = settings.summary
    if own:
        if summary not in {None, "none"} and summary != settings.extras.get("generate_summary"):
            out["summary"] = summary
        out.update(settings.extras)
    else:
        wanted = effort is not None or settings.mode is not None
        if summary not in {None, "none"} or (summary is None and wanted and effort != "none"):
            out["summary"] = summary or "auto"
        for key in settings.extras:
            losses.add(f"reasoning.{key}", "known to the client's own protocol only")
    if settings.budget is not None:
        losses.add("reasoning.budget", "Responses knows levels of effort, not budgets")
    if out:
        body["reasoning"] = out


def _own(body: JsonObject, request: Request) -> JsonObject:
    sampling, hints = request.sampling, request.hints
    named: JsonObject = {
        "max_output_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_logprobs": sampling.top_logprobs,
        "prompt_cache_key": hints.cache_key,
        "service_tier": hints.service_tier,
        "store": hints.store,
        "previous_response_id": hints.previous_response_id,
    }
    body.update({key: value for key, value in named.items() if value is not None})
    extras = dict(request.extras)
    text = extras.pop("text", None)
    if isinstance(text, dict):
        known = body.get("text")
        extras["text"] = {**(known if isinstance(known, dict) else {}), **text}
    extras.pop("include", None)
    wire = {k: v for k, v in request.wire.items() if k not in body and k != "additional_tools"}
    out = {**wire, **body, **extras}
    if request.stream or "stream" in request.wire:
        out["stream"] = request.stream
    return out


def _foreign(body: JsonObject, request: Request, target: Target, losses: Losses) -> JsonObject:
    body["store"] = False
    body["stream"] = request.stream
    include: list[Json] = []
    if request.reasoning.mode != "off" and request.reasoning.effort != "none":
        include.append(ENCRYPTED_REASONING)
    _sampling(body, include, request, target, losses)
    if include:
        body["include"] = include
    _hints(body, request, target, losses)
    for key, value in request.extras.items():
        if request.protocol == "openai" and key in _CHAT_SHARED:
            body[key] = value
        else:
            losses.add(key, "known to the client's own protocol only")
    return body


def _sampling(
    body: JsonObject, include: list[Json], request: Request, target: Target, losses: Losses
) -> None:
    sampling = request.sampling
    if sampling.max_tokens is not None:
        limit = min(sampling.max_tokens, target.max_output or sampling.max_tokens)
        body["max_output_tokens"] = max(limit, MIN_OUTPUT_TOKENS)
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.logprobs or sampling.top_logprobs:
        include.append(LOGPROBS)
        if sampling.top_logprobs is not None:
            body["top_logprobs"] = sampling.top_logprobs
    for field in _UNSUPPORTED_SAMPLING:
        if getattr(sampling, field):
            losses.add(field, "Responses has no such setting")
    if sampling.stop:
        losses.add("stop", "Responses has no stop sequences")
    if sampling.n is not None and sampling.n > 1:
        losses.add("n", "Responses gives one answer")


def _hints(body: JsonObject, request: Request, target: Target, losses: Losses) -> None:
    hints = request.hints
    cache_key = hints.cache_key
    if cache_key is None and is_openai_host(target.host):
        cache_key = hints.session
    if cache_key is not None and len(cache_key) <= MAX_USER_LENGTH:
        body["prompt_cache_key"] = cache_key
    elif hints.cache_key is not None:
        losses.add("prompt_cache_key", f"longer than {MAX_USER_LENGTH} characters")
    if hints.user is not None:
        if len(hints.user) <= MAX_USER_LENGTH:
            body["user"] = hints.user
        else:
            word = "metadata.user_id" if request.protocol == "anthropic" else "user"
            losses.add(word, f"longer than {MAX_USER_LENGTH} characters")
    if hints.service_tier in _SERVICE_TIERS:
        body["service_tier"] = hints.service_tier
    elif hints.service_tier is not None:
        losses.add("service_tier", "Responses has no such tier")
    if any(modality != "text" for modality in hints.modalities):
        losses.add("modalities", "Responses answers in text")
