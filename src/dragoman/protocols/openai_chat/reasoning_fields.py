"""How a request says how much to think: OpenAI's `reasoning_effort`, and the fields vendors added.

Read: `reasoning_effort`; `reasoning` {effort, max_tokens, enabled, exclude} (OpenRouter);
`thinking` {type, budget_tokens} (DeepSeek, GLM, Kimi, Anthropic's compatible endpoint);
`enable_thinking`, `thinking_budget` (Qwen). All of them become the one neutral setting, so what is
written is `reasoning_effort` whatever was read; a host that needs another field is a row here.
"""

from __future__ import annotations

from typing import TypeVar

from dragoman.neutral.json import Fields, JsonObject
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ReasoningSettings, Request
from dragoman.protocols.openai_chat.parts_in import extras_of
from dragoman.protocols.openai_chat.wire import NAME, THINKING_WORD

_T = TypeVar("_T")

_OFF_TYPES = {"disabled"}
_ADAPTIVE_TYPES = {"adaptive", "auto"}


def reasoning_in(body: Fields) -> ReasoningSettings:
    """The client's wish. Where several fields speak, an effort or budget beats a bare switch, and
    "off" beats both."""
    effort = body.text("reasoning_effort")
    budget = body.integer("thinking_budget")
    switch = body.flag("enable_thinking")
    adaptive = False
    summary = None
    extras: JsonObject = {}
    router = body.object("reasoning")
    if router is not None:
        effort = router.text("effort") or effort
        budget = _first(router.integer("max_tokens"), budget)
        switch = _first(router.flag("enabled"), switch)
        exclude = router.flag("exclude")
        if exclude is not None:
            summary = "none" if exclude else "auto"
        extras = extras_of(router)
    thinking = body.object("thinking")
    if thinking is not None:
        kind = thinking.text("type") or "enabled"
        budget = _first(thinking.integer("budget_tokens"), budget)
        effort = thinking.text("effort") or effort
        adaptive = kind in _ADAPTIVE_TYPES
        switch = kind not in _OFF_TYPES
    if switch is False or effort == "none":
        return ReasoningSettings(mode="off", summary=summary, extras=extras)
    if adaptive:
        return ReasoningSettings(mode="adaptive", effort=effort, summary=summary, extras=extras)
    if effort is not None or budget is not None:
        budget = None if effort is not None else budget
        return ReasoningSettings(effort=effort, budget=budget, summary=summary, extras=extras)
    return ReasoningSettings(mode="on" if switch else None, summary=summary, extras=extras)


def _first(one: _T | None, other: _T | None) -> _T | None:
    return other if one is None else one


def reasoning_out(request: Request, losses: Losses) -> JsonObject:
    """The top-level fields that carry the request's setting."""
    settings = request.reasoning
    out: JsonObject = {}
    if settings.mode == "off":
        out["reasoning_effort"] = "none"
    elif settings.effort is not None:
        out["reasoning_effort"] = settings.effort
    elif settings.mode is not None or settings.budget is not None:
        losses.add(THINKING_WORD[request.protocol], "only an effort can be written")
    if request.protocol == NAME:
        router = dict(settings.extras)
        if settings.summary == "none":
            router["exclude"] = True
        if router:
            out["reasoning"] = router
    else:
        for key in settings.extras:
            losses.add(f"{THINKING_WORD[request.protocol]}.{key}", "no such field in Chat")
    return out
