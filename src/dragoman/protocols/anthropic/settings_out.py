"""Sampling, thinking and output of a request from another protocol, fitted to what the API takes.

platform.claude.com/docs/en/build-with-claude: extended-thinking (budget of at least 1,024 and under
max_tokens; no temperature, top_k or forced tool with it), adaptive-thinking, effort; …/models
(2023-06-01). What is changed or left out is recorded as a loss.
"""

from __future__ import annotations

from decimal import Decimal

from dragoman.neutral.json import JsonObject, encode_text
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import Hints, Number, OutputFormat, ReasoningSettings, Sampling
from dragoman.protocols.anthropic.wire import (
    NO_SAMPLING_SINCE,
    ONE_OF_TEMPERATURE_AND_TOP_P_SINCE,
    THINKS_SINCE,
    Version,
)

_MIN_BUDGET = 1024
_ANSWER_ROOM = 1024
_MIN_TOP_P = Decimal("0.95")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_LONGEST_USER = 256

_NOT_CARRIED = (
    "min_p",
    "frequency_penalty",
    "presence_penalty",
    "repeat_penalty",
    "seed",
    "logprobs",
    "top_logprobs",
    "logit_bias",
)
_TIERS_OUT: dict[str, JsonObject] = {
    "priority": {"speed": "fast"},
    "fast": {"speed": "fast"},
    "default": {"service_tier": "standard_only"},
    "standard": {"service_tier": "standard_only"},
    "auto": {},
}


def put_thinking(
    body: JsonObject,
    settings: ReasoningSettings,
    version: Version | None,
    refusal: str | None,
    losses: Losses,
) -> bool:
    """Writes `thinking` and `output_config.effort`; True when the model will think. `refusal`: why
    the API would refuse thinking in this request."""
    if settings.effort is not None:
        _put_effort(body, settings.effort, losses)
    if settings.mode == "off":
        if version is None or version >= THINKS_SINCE:
            body["thinking"] = {"type": "disabled"}
        return False
    if settings.mode == "on":
        losses.add("reasoning", "the model must be told how much to think")
        return False
    if settings.mode is None and settings.budget is None:
        return False
    if refusal is not None:
        losses.add("reasoning", refusal)
        return False
    thinking: JsonObject = {"type": "adaptive"}
    if settings.mode is None:
        budget = _fit_budget(body, settings.budget or 0, losses)
        thinking = {"type": "enabled", "budget_tokens": budget}
    if settings.summary is not None:
        thinking["display"] = "omitted" if settings.summary == "none" else "summarized"
    body["thinking"] = thinking
    return True


def _put_effort(body: JsonObject, effort: str, losses: Losses) -> None:
    if effort not in _EFFORTS:
        losses.add("reasoning.effort", f"no such level: {effort}")
        return
    body["output_config"] = {"effort": effort}


def _fit_budget(body: JsonObject, budget: int, losses: Losses) -> int:
    """At least the least; under max_tokens with a quarter of it left for the answer, and where
    even the least does not fit, max_tokens is raised."""
    fitted = max(budget, _MIN_BUDGET)
    limit = body["max_tokens"]
    assert isinstance(limit, int)
    if fitted >= limit:
        fitted = max(_MIN_BUDGET, limit * 3 // 4)
        if fitted >= limit:
            body["max_tokens"] = fitted + _ANSWER_ROOM
            losses.add(
                "max_tokens", f"raised to {fitted + _ANSWER_ROOM}, for thinking counts in it"
            )
    if fitted != budget:
        losses.add("reasoning.budget", f"{budget} became {fitted}")
    return fitted


def put_sampling(
    body: JsonObject, sampling: Sampling, version: Version | None, thinks: bool, losses: Losses
) -> None:
    temperature, top_p, top_k = sampling.temperature, sampling.top_p, sampling.top_k
    if version is not None and version >= NO_SAMPLING_SINCE:
        _lose(losses, sampling, ("temperature", "top_p", "top_k"), "the model takes no sampling")
        temperature = top_p = top_k = None
    elif thinks:
        _lose(losses, sampling, ("temperature", "top_k"), "refused while the model thinks")
        temperature = top_k = None
        if top_p is not None:
            top_p = _clamped("top_p", top_p, _MIN_TOP_P, losses)
    elif temperature is not None and top_p is not None and _takes_one(version):
        losses.add("top_p", "the model takes only one of temperature and top_p")
        top_p = None
    if temperature is not None:
        body["temperature"] = _clamped("temperature", temperature, Decimal(0), losses)
    if top_p is not None:
        body["top_p"] = top_p
    if top_k is not None:
        body["top_k"] = top_k
    _put_stops(body, sampling.stop, losses)
    for name in _NOT_CARRIED:
        if getattr(sampling, name):
            losses.add(name, "the target protocol has no such setting")
    if sampling.n is not None and sampling.n > 1:
        losses.add("n", "the target protocol gives one answer")


def _takes_one(version: Version | None) -> bool:
    return version is not None and version >= ONE_OF_TEMPERATURE_AND_TOP_P_SINCE


def _lose(losses: Losses, sampling: Sampling, names: tuple[str, ...], reason: str) -> None:
    for name in names:
        if getattr(sampling, name) is not None:
            losses.add(name, reason)


def _clamped(name: str, value: Number, least: Decimal, losses: Losses) -> Number:
    fitted = max(least, min(value, 1))
    if fitted == value:
        return value
    losses.add(name, f"{value} became {fitted}")
    return int(fitted) if fitted == int(fitted) else fitted


def _put_stops(body: JsonObject, stops: tuple[str, ...], losses: Losses) -> None:
    kept = [stop for stop in stops if stop.strip()]
    if len(kept) < len(stops):
        losses.add("stop", "a stop sequence of white space alone is refused")
    if kept:
        body["stop_sequences"] = [*kept]


def put_hints(body: JsonObject, hints: Hints, losses: Losses) -> None:
    """Cache key, session and store only help a host: none of them is a loss."""
    if hints.user is not None:
        if len(hints.user) <= _LONGEST_USER:
            body["metadata"] = {"user_id": hints.user}
        else:
            losses.add("user", f"longer than {_LONGEST_USER} characters")
    tier = hints.service_tier
    if tier is not None:
        if tier in _TIERS_OUT:
            body.update(_TIERS_OUT[tier])
        else:
            losses.add("service_tier", f"no such tier: {tier}")
    if hints.verbosity is not None:
        losses.add("verbosity", "the target protocol has no such setting")
    if hints.previous_response_id is not None:
        losses.add("previous_response_id", "the target protocol stores no answers")
    if any(modality.lower() != "text" for modality in hints.modalities):
        losses.add("modalities", "the model answers in text alone")


def json_instruction(output: OutputFormat) -> str:
    """What asks for JSON where no schema can: the model has no JSON mode of its own."""
    schema = output.schema
    told = "" if schema is None else f" It must match this JSON Schema: {encode_text(schema)}"
    return f"Answer with one JSON object and nothing else, without a code fence.{told}"
