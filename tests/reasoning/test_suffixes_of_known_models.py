"""cliproxyapi.md §7: what a suffix does to a model nobody knows, and what the client's own model
refuses."""

from __future__ import annotations

import pytest

from dragoman.errors import InvalidRequest
from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ProtocolName, ReasoningSettings
from dragoman.reasoning.fit import fit_reasoning, one_family
from dragoman.reasoning.levels import Thinking
from dragoman.reasoning.suffix import parse_suffix

LEVELS = Thinking(levels=("minimal", "low", "medium", "high"))
BUDGETS = Thinking(min=128, max=20000)
MIXED = Thinking(min=128, max=20000, dynamic_allowed=True, levels=("low", "high"))


def fit(
    settings: ReasoningSettings | None,
    protocol: ProtocolName,
    thinking: Thinking | None,
    *,
    suffix: bool = True,
    own: bool = True,
) -> ReasoningSettings:
    assert settings is not None
    losses = Losses()
    found = fit_reasoning(settings, protocol, "m", thinking, 4096, losses, suffix=suffix, own=own)
    assert not losses
    return found


@pytest.mark.parametrize(
    ("word", "protocol", "given"),
    [
        ("max", "openai", ReasoningSettings(effort="max")),
        ("20000", "openai", ReasoningSettings(effort="high")),
        ("none", "responses", ReasoningSettings(mode="off")),
        ("auto", "responses", ReasoningSettings(effort="medium")),
        ("max", "anthropic", ReasoningSettings(mode="adaptive", effort="max")),
        ("2048", "anthropic", ReasoningSettings(budget=2048)),
        ("none", "anthropic", ReasoningSettings(mode="off")),
        ("-1", "anthropic", ReasoningSettings(mode="adaptive")),
        ("minimal", "gemini", ReasoningSettings(effort="minimal")),
        ("7", "gemini", ReasoningSettings(budget=7)),
        ("auto", "gemini", ReasoningSettings(budget=-1)),
        ("none", "ollama", ReasoningSettings(mode="off")),
        ("high", "ollama", ReasoningSettings(mode="on")),
    ],
)
def test_a_suffix_on_a_model_nobody_knows_is_taken_at_its_word(
    word: str, protocol: ProtocolName, given: ReasoningSettings
) -> None:
    assert fit(parse_suffix(f"m({word})")[1], protocol, None) == given


@pytest.mark.parametrize("suffix", [True, False])
@pytest.mark.parametrize(
    ("level", "thinking", "valid"),
    [
        ("xhigh", LEVELS, "minimal, low, medium, high"),
        ("Max", LEVELS, "minimal, low, medium, high"),
        ("giant", LEVELS, "minimal, low, medium, high"),
        ("medium", MIXED, "low, high"),
    ],
)
def test_a_level_the_clients_own_model_does_not_have_is_its_mistake(
    level: str, thinking: Thinking, valid: str, suffix: bool
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        fit(ReasoningSettings(effort=level), "openai", thinking, suffix=suffix)
    assert caught.value.message == f'level "{level.lower()}" not supported, valid levels: {valid}'
    assert (caught.value.status, caught.value.code) == (400, "level_not_supported")


@pytest.mark.parametrize(
    ("settings", "thinking", "given"),
    [
        (ReasoningSettings(effort="xhigh"), LEVELS, ReasoningSettings(effort="high")),
        (ReasoningSettings(budget=64000), LEVELS, ReasoningSettings(effort="high")),
    ],
)
def test_another_familys_words_are_translated(
    settings: ReasoningSettings, thinking: Thinking, given: ReasoningSettings
) -> None:
    assert fit(settings, "openai", thinking, own=False) == given


@pytest.mark.parametrize("tokens", [127, 20001])
def test_a_budget_out_of_range_is_refused_from_a_body_and_clamped_from_a_suffix(
    tokens: int,
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        fit(ReasoningSettings(budget=tokens), "gemini", BUDGETS, suffix=False)
    assert caught.value.message == f"budget {tokens} out of range [128,20000]"
    assert caught.value.code == "budget_out_of_range"
    clamped = ReasoningSettings(budget=128 if tokens < 128 else 20000)
    assert fit(ReasoningSettings(budget=tokens), "gemini", BUDGETS) == clamped


@pytest.mark.parametrize(
    ("settings", "thinking", "given"),
    [
        (ReasoningSettings(effort="high"), LEVELS, ReasoningSettings(effort="high")),
        (ReasoningSettings(effort="auto"), LEVELS, ReasoningSettings(effort="medium")),
        (ReasoningSettings(effort="max"), BUDGETS, ReasoningSettings(budget=20000)),
        (ReasoningSettings(budget=-1), MIXED, ReasoningSettings(budget=-1)),
        (ReasoningSettings(budget=20001), LEVELS, ReasoningSettings(effort="high")),
        (ReasoningSettings(budget=300), MIXED, ReasoningSettings(budget=300)),
    ],
)
def test_what_the_clients_own_model_has_passes(
    settings: ReasoningSettings, thinking: Thinking | None, given: ReasoningSettings
) -> None:
    assert (
        fit(settings, "openai" if thinking is LEVELS else "gemini", thinking, suffix=False) == given
    )


def test_chat_and_responses_are_one_family_and_the_others_their_own() -> None:
    assert one_family("openai", "responses")
    assert one_family("gemini", "gemini")
    assert not one_family("openai", "anthropic")
