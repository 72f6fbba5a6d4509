"""cliproxyapi.md §7: levels, budgets, suffixes, and the form each target has."""

from __future__ import annotations

import msgspec
import pytest

from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ProtocolName, ReasoningSettings
from dragoman.reasoning.fit import fit_reasoning
from dragoman.reasoning.levels import NO_THINKING, Thinking, budget_of, level_of, nearest
from dragoman.reasoning.suffix import parse_suffix

OFF = ReasoningSettings(mode="off")
ON = ReasoningSettings(mode="on")
ADAPTIVE = ReasoningSettings(mode="adaptive")


def effort(level: str) -> ReasoningSettings:
    return ReasoningSettings(effort=level)


def budget(tokens: int) -> ReasoningSettings:
    return ReasoningSettings(budget=tokens)


def adaptive(level: str) -> ReasoningSettings:
    return ReasoningSettings(mode="adaptive", effort=level)


def unseen(settings: ReasoningSettings) -> ReasoningSettings:
    """The settings of a model that cannot be kept from thinking."""
    return msgspec.structs.replace(settings, summary="none")


def fit(
    settings: ReasoningSettings,
    protocol: ProtocolName,
    model: str = "m",
    thinking: Thinking | None = None,
    max_tokens: int | None = None,
) -> ReasoningSettings:
    losses = Losses()
    fitted = fit_reasoning(settings, protocol, model, thinking, max_tokens, losses)
    assert not losses
    return fitted


@pytest.mark.parametrize(
    ("level", "tokens"),
    [
        ("none", 0),
        ("auto", -1),
        ("minimal", 512),
        ("low", 1024),
        ("Medium", 8192),
        ("high", 24576),
        ("xhigh", 32768),
        ("max", 128000),
        ("giant", None),
    ],
)
def test_each_level_has_its_budget(level: str, tokens: int | None) -> None:
    assert budget_of(level) == tokens


@pytest.mark.parametrize(
    ("tokens", "level"),
    [
        (-1, "auto"),
        (0, "none"),
        (1, "minimal"),
        (512, "minimal"),
        (513, "low"),
        (1024, "low"),
        (8192, "medium"),
        (24576, "high"),
        (24577, "xhigh"),
        (500000, "xhigh"),
    ],
)
def test_each_budget_has_its_level(tokens: int, level: str) -> None:
    assert level_of(tokens) == level


@pytest.mark.parametrize(
    ("level", "allowed", "given"),
    [
        ("high", ("low", "high"), "high"),
        ("medium", ("low", "high"), "low"),
        ("max", ("low", "high"), "high"),
        ("minimal", ("low", "high"), "low"),
        ("xhigh", ("high", "max"), "high"),
        ("turbo", ("turbo", "low"), "turbo"),
        ("turbo", ("low", "medium"), "medium"),
        ("turbo", ("low", "high"), "low"),
        ("high", ("none", "low"), "low"),
        ("high", ("none",), "high"),
    ],
)
def test_an_unsupported_level_becomes_the_nearest_of_two_the_lower(
    level: str, allowed: tuple[str, ...], given: str
) -> None:
    assert nearest(level, allowed) == given


@pytest.mark.parametrize(
    ("model", "base", "settings"),
    [
        ("gpt-5", "gpt-5", None),
        ("gpt-5(high)", "gpt-5", effort("high")),
        ("gpt-5(XHigh)", "gpt-5", effort("xhigh")),
        ("m(none)", "m", OFF),
        ("m(0)", "m", OFF),
        ("m(auto)", "m", ADAPTIVE),
        ("m(-1)", "m", ADAPTIVE),
        ("m(8192)", "m", budget(8192)),
        ("m(a)(512)", "m(a)", budget(512)),
        ("m(-2)", "m", None),
        ("m(fast)", "m", None),
        ("m()", "m", None),
        ("m(²)", "m", None),
        ("m(99999999999999)", "m", None),
        ("m(high)x", "m(high)x", None),
        ("(high)", "(high)", None),
        ("m)", "m)", None),
    ],
)
def test_a_suffix_is_read_off_the_model_name(
    model: str, base: str, settings: ReasoningSettings | None
) -> None:
    assert parse_suffix(model) == (base, settings)


LEVELS = Thinking(levels=("minimal", "low", "medium", "high"))
BUDGETS = Thinking(min=128, max=20000)
MIXED = Thinking(min=128, max=20000, dynamic_allowed=True, levels=("low", "high"))


@pytest.mark.parametrize(
    ("asked", "protocol", "thinking", "given"),
    [
        (budget(8192), "openai", LEVELS, effort("medium")),
        (budget(64000), "openai", LEVELS, effort("high")),
        (OFF, "openai", LEVELS, unseen(effort("minimal"))),
        (effort("none"), "responses", LEVELS, unseen(effort("minimal"))),
        (ADAPTIVE, "responses", LEVELS, effort("medium")),
        (effort("silly"), "responses", LEVELS, effort("medium")),
        (effort("xhigh"), "openai", BUDGETS, effort("high")),
        (OFF, "openai", Thinking(max=9, zero_allowed=True), OFF),
        (effort("xhigh"), "gemini", BUDGETS, budget(20000)),
        (effort("minimal"), "gemini", BUDGETS, budget(512)),
        (budget(1), "gemini", BUDGETS, budget(128)),
        (OFF, "gemini", BUDGETS, unseen(budget(128))),
        (ADAPTIVE, "gemini", BUDGETS, budget(10064)),
        (OFF, "gemini", MIXED, unseen(effort("low"))),
        (budget(-1), "gemini", MIXED, budget(-1)),
        (effort("HIGH"), "gemini", MIXED, effort("high")),
        (budget(300), "gemini", MIXED, budget(300)),
        (budget(0), "gemini", LEVELS, unseen(effort("minimal"))),
        (ON, "gemini", LEVELS, effort("medium")),
        (ADAPTIVE, "anthropic", Thinking(min=1024, max=128000), budget(64512)),
        (OFF, "anthropic", Thinking(min=1024, max=128000), unseen(budget(1024))),
        (OFF, "anthropic", LEVELS, unseen(adaptive("minimal"))),
        (ADAPTIVE, "anthropic", LEVELS, adaptive("medium")),
        (budget(300), "anthropic", MIXED, budget(300)),
        (adaptive("max"), "anthropic", MIXED, adaptive("high")),
        (OFF, "ollama", LEVELS, unseen(ON)),
    ],
)
def test_what_was_asked_is_kept_within_what_the_model_allows(
    asked: ReasoningSettings,
    protocol: ProtocolName,
    thinking: Thinking,
    given: ReasoningSettings,
) -> None:
    assert fit(asked, protocol, thinking=thinking) == given


@pytest.mark.parametrize(
    ("asked", "protocol", "model", "given"),
    [
        (effort("high"), "anthropic", "claude-opus-4-6", adaptive("high")),
        (effort("xhigh"), "anthropic", "claude-sonnet-4.6", adaptive("high")),
        (budget(4000), "anthropic", "claude-opus-4-6", budget(4000)),
        (effort("xhigh"), "anthropic", "claude-opus-4-7", adaptive("xhigh")),
        (budget(4000), "anthropic", "claude-opus-5-5", adaptive("medium")),
        (ADAPTIVE, "anthropic", "claude-sonnet-5", ADAPTIVE),
        (effort("low"), "anthropic", "kimi-k2", adaptive("low")),
        (OFF, "anthropic", "claude-sonnet-5", OFF),
        (effort("high"), "anthropic", "claude-3-7-sonnet-20250219", budget(24576)),
        (effort("high"), "anthropic", "claude-sonnet-4-20250514", budget(24576)),
        (effort("high"), "anthropic", "claude-opus-4-1", budget(24576)),
        (effort("high"), "anthropic", "anthropic/claude-haiku-4.5", budget(24576)),
        (effort("high"), "anthropic", "claude-opus-4", budget(24576)),
        (effort("max"), "openai", "who-knows", effort("xhigh")),
        (effort("minimal"), "responses", "who-knows", effort("minimal")),
        (ON, "openai", "who-knows", effort("medium")),
        (OFF, "openai", "who-knows", OFF),
        (effort("medium"), "gemini", "gemini-3.1-pro-preview", effort("medium")),
        (effort("minimal"), "gemini", "gemini-3-pro", effort("low")),
        (effort("minimal"), "gemini", "gemini-3.5-flash-lite", effort("minimal")),
        (ADAPTIVE, "gemini", "gemini-3-pro", ReasoningSettings(mode="on")),
        (effort("high"), "gemini", "gemini-2.5-flash", budget(24576)),
        (OFF, "gemini", "gemini-2.5-flash", OFF),
        (OFF, "gemini", "gemini-2.5-pro", unseen(budget(128))),
        (OFF, "gemini", "gemma", ReasoningSettings()),
        (effort("max"), "ollama", "qwen3:8b", ON),
        (OFF, "ollama", "qwen3:8b", OFF),
        (budget(100000), "ollama", "gpt-oss:20b", effort("high")),
        (ADAPTIVE, "ollama", "GPT-OSS", effort("medium")),
        (OFF, "ollama", "gpt-oss", unseen(effort("low"))),
    ],
)
def test_an_unknown_model_gets_the_form_its_name_speaks_of(
    asked: ReasoningSettings, protocol: ProtocolName, model: str, given: ReasoningSettings
) -> None:
    assert fit(asked, protocol, model) == given


@pytest.mark.parametrize(
    ("max_tokens", "given"),
    [(None, 24576), (32000, 24576), (24576, 24575), (2000, 1999), (1025, 1024), (1024, 24576)],
)
def test_a_budget_stays_below_max_tokens_unless_that_is_less_than_the_least(
    max_tokens: int | None, given: int
) -> None:
    fitted = fit(effort("high"), "anthropic", "claude-sonnet-4-5", max_tokens=max_tokens)
    assert fitted == budget(given)


def test_nothing_asked_stays_nothing_asked() -> None:
    settings = ReasoningSettings(summary="auto")
    assert fit(settings, "openai", thinking=NO_THINKING) is settings


def test_the_summary_and_extras_are_kept() -> None:
    asked = ReasoningSettings(effort="high", summary="none", extras={"k": 1})
    assert fit(asked, "ollama") == ReasoningSettings(mode="on", summary="none", extras={"k": 1})


@pytest.mark.parametrize(
    ("protocol", "model", "thinking"),
    [
        ("openai", "gpt-4o", NO_THINKING),
        ("anthropic", "claude-3-5-haiku", None),
        ("gemini", "gemini-2.0-flash", None),
    ],
)
def test_a_model_that_does_not_think_is_not_asked_to_and_the_loss_is_recorded(
    protocol: ProtocolName, model: str, thinking: Thinking | None
) -> None:
    losses = Losses()
    fitted = fit_reasoning(effort("high"), protocol, model, thinking, None, losses)
    assert fitted == ReasoningSettings()
    assert [(loss.field, loss.reason) for loss in losses.entries] == [
        ("reasoning", f"{model} is not known to think")
    ]
