"""How much to think, as Gemini's thinkingConfig.

https://ai.google.dev/gemini-api/docs/thinking: a budget (Gemini 2.5; 0 = off, -1 = as it sees fit)
or a level (Gemini 3). Thinking without an amount ("on") is the model's own default, shown.
"""

from __future__ import annotations

from dragoman.neutral.json import JsonObject
from dragoman.neutral.requests import ReasoningSettings
from dragoman.protocols.gemini.parts_out import Writing
from dragoman.protocols.gemini.wire import put_back

_LEVELS = ("minimal", "low", "medium", "high")
_NEAREST = {"none": "minimal", "xhigh": "high", "max": "high"}


def thinking_out(settings: ReasoningSettings, writing: Writing) -> JsonObject:
    """{"thinkingConfig": …}, or nothing when nothing was said."""
    config = _amount(settings, writing)
    if _shown(settings, writing.own):
        config["includeThoughts"] = True
    if writing.own:
        put_back(config, settings.extras)
    elif settings.extras:
        writing.losses.add("reasoning", f"Gemini has no {', '.join(settings.extras)}")
    return {"thinkingConfig": config} if config else {}


def _amount(settings: ReasoningSettings, writing: Writing) -> JsonObject:
    config: JsonObject = {}
    if settings.mode == "off":
        config["thinkingBudget"] = 0
    elif settings.budget is not None:
        config["thinkingBudget"] = settings.budget
    elif settings.mode == "adaptive" and (settings.effort is None or writing.own):
        config["thinkingBudget"] = -1
    if settings.effort is not None and (writing.own or not config):
        config["thinkingLevel"] = _level(settings.effort, writing).upper()
    return config


def _level(effort: str, writing: Writing) -> str:
    if effort in _LEVELS or writing.own:
        return effort
    nearest = _NEAREST.get(effort, "medium")
    writing.losses.add("reasoning_effort", f"Gemini has no {effort}; {nearest} was asked for")
    return nearest


def _shown(settings: ReasoningSettings, own: bool) -> bool:
    """Whoever asks another protocol for thinking expects to see it, unless they say otherwise."""
    if own:
        return settings.summary not in (None, "none")
    if settings.mode == "off" or settings.summary == "none":
        return False
    asked = (settings.mode, settings.effort, settings.budget, settings.summary)
    return any(wish is not None for wish in asked)
