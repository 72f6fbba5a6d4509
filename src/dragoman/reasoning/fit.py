"""What a client asked of thinking, in the form its target has, within what the model allows."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dragoman.errors import InvalidRequest
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ProtocolName, ReasoningSettings
from dragoman.reasoning.levels import (
    AUTO_BUDGET,
    LADDER,
    Thinking,
    budget_of,
    level_of,
    nearest,
)
from dragoman.reasoning.models import thinking_by_name

Wish: TypeAlias = str | int
"""What was asked: "off", "auto", a level of the ladder, or a budget in tokens."""

_STANDARD = ("low", "medium", "high")
_ANY = Thinking(max=2**31 - 1, zero_allowed=True, dynamic_allowed=True, levels=LADDER)
"""For a suffix on a model nobody knows: whoever wrote it knows better."""
_FAMILY = {"responses": "openai"}
"""Protocols whose levels mean the same as another's."""


def fit_reasoning(
    settings: ReasoningSettings,
    protocol: ProtocolName,
    model: str,
    thinking: Thinking | None,
    max_tokens: int | None,
    losses: Losses,
    *,
    suffix: bool = False,
    own: bool = False,
) -> ReasoningSettings:
    """The settings for this model behind this protocol.

    thinking: what the catalogue knows; None = nothing, then the model's name decides.
    suffix: they stood behind the model's name.
    own: the client asked this very model, in a protocol of the same family; then a level that it
    does not have, or a budget out of its range, is the client's mistake and not translated away.
    Nothing asked stays nothing asked: then the model's own default holds. A model that cannot be
    kept from thinking is kept from showing it.

    Raises:
        InvalidRequest: names the levels or the range that the model has.
    """
    wish = _wish(settings)
    if wish is None:
        return settings
    if own and thinking is not None:
        _check(settings, thinking, suffix=suffix)
    if thinking is not None:
        allowed = thinking
    else:
        allowed = _ANY if suffix else thinking_by_name(protocol, model)
    if allowed.none:
        if wish != "off":
            losses.add("reasoning", f"{model} is not known to think")
        return ReasoningSettings()
    form = _FORMS[protocol](wish, allowed, model, max_tokens)
    summary = settings.summary
    if wish == "off" and form.mode != "off":
        summary = "none"
    return msgspec.structs.replace(form, summary=summary, extras=settings.extras)


def one_family(protocol: ProtocolName, other: ProtocolName) -> bool:
    """Whether thinking is asked for in the same words in both."""
    return _FAMILY.get(protocol, protocol) == _FAMILY.get(other, other)


def _check(settings: ReasoningSettings, allowed: Thinking, *, suffix: bool) -> None:
    level = (settings.effort or "").lower()
    if level and level not in ("none", "off", "auto", *allowed.levels) and allowed.levels:
        raise InvalidRequest(
            f'level "{level}" not supported, valid levels: {", ".join(allowed.levels)}',
            code="level_not_supported",
        )
    budget = settings.budget
    if suffix or level or budget is None or budget <= 0 or not allowed.max:
        return
    if not allowed.min <= budget <= allowed.max:
        raise InvalidRequest(
            f"budget {budget} out of range [{allowed.min},{allowed.max}]",
            code="budget_out_of_range",
        )


def _wish(settings: ReasoningSettings) -> Wish | None:
    if settings.mode == "off":
        return "off"
    if settings.effort is not None:
        effort = settings.effort.lower()
        if effort in ("none", "off"):
            return "off"
        return effort if effort in LADDER else "auto"
    budget = settings.budget
    if budget is not None:
        return "off" if budget == 0 else "auto" if budget < 0 else budget
    return None if settings.mode is None else "auto"


def _level(wish: Wish, levels: tuple[str, ...]) -> str:
    """The allowed level for a wish that is not "off"; the middle for one that leaves it open."""
    if isinstance(wish, int):
        wish = level_of(wish)
    return nearest("medium" if wish == "auto" else wish, levels)


def _budget(wish: Wish, allowed: Thinking) -> int:
    """The allowed budget for a wish; no budget at all becomes the least that is allowed."""
    if wish == "off":
        return allowed.min
    if wish == "auto":
        return AUTO_BUDGET if allowed.dynamic_allowed else (allowed.min + allowed.max) // 2
    tokens = wish if isinstance(wish, int) else (budget_of(wish) or 0)
    return max(allowed.min, min(tokens, allowed.max))


def _for_anthropic(
    wish: Wish, allowed: Thinking, _model: str, max_tokens: int | None
) -> ReasoningSettings:
    if wish == "off" and allowed.zero_allowed:
        return ReasoningSettings(mode="off")
    if allowed.levels and not (allowed.max and isinstance(wish, int)):
        if wish == "auto" and allowed.dynamic_allowed:
            return ReasoningSettings(mode="adaptive")
        effort = allowed.levels[0] if wish == "off" else _level(wish, allowed.levels)
        return ReasoningSettings(mode="adaptive", effort=effort)
    fixed = msgspec.structs.replace(allowed, dynamic_allowed=False)
    budget = _budget(wish, fixed)
    if max_tokens is not None and budget >= max_tokens > allowed.min:
        budget = max_tokens - 1
    return ReasoningSettings(budget=budget)


def _for_openai(
    wish: Wish, allowed: Thinking, _model: str, _max_tokens: int | None
) -> ReasoningSettings:
    levels = allowed.levels or _STANDARD
    if wish == "off":
        off = ReasoningSettings(mode="off")
        return off if allowed.zero_allowed else ReasoningSettings(effort=levels[0])
    return ReasoningSettings(effort=_level(wish, levels))


def _for_gemini(
    wish: Wish, allowed: Thinking, _model: str, _max_tokens: int | None
) -> ReasoningSettings:
    if wish == "off" and allowed.zero_allowed:
        return ReasoningSettings(mode="off")
    by_budget = isinstance(wish, int) or wish == "auto" or not allowed.levels
    if allowed.max and by_budget:
        return ReasoningSettings(budget=_budget(wish, allowed))
    if wish == "off":
        return ReasoningSettings(effort=allowed.levels[0])
    if wish == "auto" and allowed.dynamic_allowed:
        return ReasoningSettings(mode="on")
    return ReasoningSettings(effort=_level(wish, allowed.levels))


def _for_ollama(
    wish: Wish, allowed: Thinking, model: str, _max_tokens: int | None
) -> ReasoningSettings:
    """On or off, for Ollama's models have no more; gpt-oss has levels and cannot be quiet."""
    if "gpt-oss" in model.lower():
        return ReasoningSettings(effort="low" if wish == "off" else _level(wish, _STANDARD))
    off = wish == "off" and allowed.zero_allowed
    return ReasoningSettings(mode="off" if off else "on")


_FORMS = {
    "anthropic": _for_anthropic,
    "openai": _for_openai,
    "responses": _for_openai,
    "gemini": _for_gemini,
    "ollama": _for_ollama,
}
