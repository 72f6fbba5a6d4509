"""Names as hosts write them, and the facts of the family they belong to."""

from __future__ import annotations

import pytest

from dragoman.catalog.families import FAMILIES
from dragoman.catalog.models import facts
from dragoman.reasoning.levels import LADDER, NO_THINKING


@pytest.mark.parametrize(
    ("name", "same_as"),
    [
        ("claude-opus-4-5-20251101", "claude-opus-4-5"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("anthropic/claude-opus-4.5", "claude-opus-4-5"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4"),
        ("claude-3-5-haiku-latest", "claude-3-5-sonnet"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("GPT-4o-mini", "gpt-4o"),
        ("openai/gpt-oss:20b", "gpt-oss-120b"),
        ("models/gemini-2.5-flash-lite-preview-09-2025", "gemini-2.5-flash-lite"),
        ("gemini-2.5-flash-001", "gemini-2.5-flash"),
        ("moonshotai/kimi-k2:free", "kimi-k2"),
        ("kimi-k2-0905-preview", "kimi-k2"),
        ("accounts/fireworks/models/glm-4p6/glm-4.6", "glm-4.6"),
        ("qwen3:8b", "qwen3-8b"),
        ("Qwen/Qwen3-Coder-480B-A35B-Instruct", "qwen3-coder"),
        ("meta-llama/Llama-3.3-70B-Instruct", "llama3.3"),
        ("llama3.1:8b-instruct-q4_K_M", "llama3.1"),
        ("deepseek/deepseek-v3.2-exp", "deepseek-v3.2"),
        ("deepseek-r1:70b", "deepseek-r1"),
        ("gpt-5.5", "gpt-5.7"),
        ("gpt-6-sol", "gpt-6"),
        ("claude-opus-5-5", "claude-opus-5"),
        ("gemini-3.1-pro-preview", "gemini-3-pro"),
        ("gemini-3.5-flash-lite", "gemini-3-flash-preview"),
    ],
)
def test_a_name_with_vendor_date_size_or_tag_is_its_model(name: str, same_as: str) -> None:
    found = facts(name)
    assert found is not None
    assert found is facts(same_as) or found == facts(same_as)


@pytest.mark.parametrize(
    ("name", "family", "context", "output"),
    [
        ("claude-opus-4", "claude", 200_000, 32_000),
        ("claude-opus-4-7", "claude", 1_000_000, 128_000),
        ("claude-opus-5-5", "claude", 1_000_000, 128_000),
        ("gpt-4", "gpt", 8_192, 8_192),
        ("gpt-4-32k", "gpt", 32_768, 32_768),
        ("gpt-4-0613", "gpt", 8_192, 8_192),
        ("gpt-4.1-nano", "gpt", 1_047_576, 32_768),
        ("gpt-5-mini", "gpt", 400_000, 128_000),
        ("o3-mini-high", "gpt", 200_000, 100_000),
        ("gemini-1.5-pro", "gemini", 2_097_152, 8_192),
        ("gemma3:27b", "gemma", 131_072, 8_192),
        ("llama3:8b", "llama", 8_192, 4_096),
        ("llama-4-scout-17b-16e", "llama", 10_000_000, 16_384),
        ("mistral:7b", "mistral", 32_768, 8_192),
        ("mistral-large-latest", "mistral", 131_072, 16_384),
        ("minimax-m2.5", "minimax", 204_800, 128_000),
        ("x-ai/grok-4-fast", "grok", 2_000_000, 64_000),
    ],
)
def test_limits_are_those_of_the_model(name: str, family: str, context: int, output: int) -> None:
    found = facts(name)
    assert found is not None
    assert (found.family, found.context_tokens, found.output_tokens) == (family, context, output)


@pytest.mark.parametrize(
    "name", ["", "echo", "my-model", "claude-opus-4-10", "gpt-4b", "o3000", "glm-4.8", "phi4", "o"]
)
def test_of_an_unknown_model_nothing_is_known(name: str) -> None:
    assert facts(name) is None


def test_what_thinks_and_what_does_not_is_told_apart() -> None:
    def thinking(name: str) -> object:
        found = facts(name)
        assert found is not None
        return found.thinking

    assert thinking("gpt-4o") is NO_THINKING
    assert thinking("grok-4") is None
    assert thinking("gpt-5.1") == thinking("gpt-5.1-2025-11-13")
    assert thinking("gpt-5") != thinking("gpt-5.1")
    assert thinking("gpt-5.2") != thinking("gpt-5.2-codex")


def test_every_row_is_sound_and_found_by_its_own_prefix() -> None:
    assert len({family.prefix for family in FAMILIES}) == len(FAMILIES)
    for family in FAMILIES:
        assert facts(family.prefix) == family.facts, family.prefix
        assert 0 < family.facts.output_tokens <= family.facts.context_tokens
        assert family.facts.modalities[0] == "text"
        thinking = family.facts.thinking
        if thinking is not None:
            assert thinking.min <= thinking.max
            assert list(thinking.levels) == sorted(thinking.levels, key=LADDER.index)


@pytest.mark.parametrize(
    ("name", "capabilities"),
    [
        ("claude-opus-5-5", ("completion", "tools", "vision", "thinking")),
        ("gemini-3-pro", ("completion", "tools", "vision", "audio", "thinking")),
        ("gpt-4o", ("completion", "tools", "vision")),
        ("deepseek-chat", ("completion", "tools")),
    ],
)
def test_abilities_are_told_in_ollamas_words(name: str, capabilities: tuple[str, ...]) -> None:
    known = facts(name)
    assert known is not None
    assert known.capabilities == capabilities
