"""What an upstream takes of the sampling values a group wishes for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from dragoman.neutral.losses import Losses
from dragoman.neutral.requests import ReasoningSettings, Sampling
from dragoman.protocols.codec import Target
from dragoman.protocols.framing.splice import Spans
from dragoman.protocols.registry import CODECS

NONE = ReasoningSettings()
THINKS = ReasoningSettings(budget=2000)


def fitted(
    protocol: str,
    before: Sampling,
    wish: dict[str, Any],
    target: Target,
    reasoning: ReasoningSettings = NONE,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What becomes of a wish: the values that differ from the client's, and what is told."""
    losses = Losses()
    after = Sampling(**{**{f: getattr(before, f) for f in before.__struct_fields__}, **wish})
    found = CODECS[protocol].editing.fitted(before, after, reasoning, target, losses)
    names = [
        name for name in found.__struct_fields__ if getattr(found, name) != getattr(before, name)
    ]
    return {name: getattr(found, name) for name in names}, losses.fields


HAIKU = Target("claude-haiku-4-5")
OLD = Target("claude-3-5-haiku")
NEW = Target("claude-opus-5-5")


@pytest.mark.parametrize(
    ("protocol", "target", "wish", "found", "told"),
    [
        ("anthropic", HAIKU, {"temperature": Decimal("1.4")}, {"temperature": 1}, ("temperature",)),
        ("anthropic", HAIKU, {"top_k": 20}, {"top_k": 20}, ()),
        ("anthropic", HAIKU, {"presence_penalty": 1}, {}, ("presence_penalty",)),
        ("anthropic", NEW, {"temperature": 0, "top_k": 1}, {}, ("temperature", "top_k")),
        ("anthropic", Target("kimi-k2"), {"top_p": 1, "temperature": 1},
         {"top_p": 1, "temperature": 1}, ()),
        ("openai", Target("m", host="api.openai.com"), {"top_k": 1}, {}, ("top_k",)),
        ("openai", Target("m", host="127.0.0.1"), {"top_k": 1, "temperature": 3},
         {"top_k": 1, "temperature": 2}, ("temperature",)),
        ("openai", Target("m"), {"frequency_penalty": -3}, {"frequency_penalty": -2},
         ("frequency_penalty",)),
        ("responses", Target("m"), {"top_k": 1, "top_p": 1}, {"top_p": 1}, ("top_k",)),
        ("gemini", Target("m"), {"top_k": 0, "presence_penalty": 2},
         {"top_k": 1, "presence_penalty": 2}, ("top_k",)),
        ("ollama", Target("m"), {"temperature": 3, "top_k": 0}, {"temperature": 3, "top_k": 0}, ()),
        ("ollama", Target("m", max_output=100), {"max_tokens": 200}, {"max_tokens": 100},
         ("max_tokens",)),
    ],
)  # fmt: skip
def test_a_wish_is_kept_within_what_the_upstream_takes(
    protocol: str,
    target: Target,
    wish: dict[str, Any],
    found: dict[str, Any],
    told: tuple[str, ...],
) -> None:
    fields = tuple(f"sampling.{name}" for name in told)
    assert fitted(protocol, Sampling(), wish, target) == (found, fields)


def test_what_the_client_sent_itself_is_never_touched() -> None:
    own = Sampling(temperature=5, top_k=-1, presence_penalty=9)
    assert fitted("anthropic", own, {}, NEW, THINKS) == ({}, ())


def test_a_claude_that_thinks_takes_no_temperature_and_a_high_top_p() -> None:
    wish = {"temperature": Decimal("0.7"), "top_p": Decimal("0.8")}
    found = fitted("anthropic", Sampling(temperature=1), wish, Target("claude-3-7-sonnet"), THINKS)
    assert found == ({"top_p": Decimal("0.95")}, ("sampling.temperature", "sampling.top_p"))
    one = fitted("anthropic", Sampling(temperature=1), wish, HAIKU, THINKS)
    assert one == ({}, ("sampling.temperature", "sampling.top_p"))
    high = fitted("anthropic", Sampling(), {"top_p": 1}, HAIKU, ReasoningSettings("adaptive"))
    assert high == ({"top_p": 1}, ())


@pytest.mark.parametrize(
    ("before", "wish", "found", "told"),
    [
        (Sampling(), {"temperature": 0, "top_p": 1}, {"temperature": 0}, ("sampling.top_p",)),
        (Sampling(top_p=1), {"temperature": 0}, {}, ("sampling.temperature",)),
        (Sampling(temperature=1), {"temperature": 0, "top_p": 1}, {"temperature": 0},
         ("sampling.top_p",)),
        (Sampling(temperature=1, top_p=1), {"temperature": 0}, {"temperature": 0}, ()),
    ],
)  # fmt: skip
def test_a_claude_that_takes_one_of_temperature_and_top_p_keeps_the_clients(
    before: Sampling, wish: dict[str, Any], found: dict[str, Any], told: tuple[str, ...]
) -> None:
    assert fitted("anthropic", before, wish, HAIKU) == (found, told)


def test_an_older_claude_takes_both() -> None:
    wish = {"temperature": 0, "top_p": 1}
    assert fitted("anthropic", Sampling(), wish, OLD) == (wish, ())


@pytest.mark.parametrize(
    ("protocol", "body", "sampling", "reasoning"),
    [
        ("anthropic", b'{"max_tokens":9,"top_k":1,"thinking":{"type":"enabled","budget_tokens":2}}',
         Sampling(max_tokens=9, top_k=1), ReasoningSettings(budget=2)),
        ("anthropic", b'{"max_tokens":9,"output_config":{"effort":"low"}}', Sampling(max_tokens=9),
         ReasoningSettings(effort="low")),
        ("openai", b'{"max_completion_tokens":9,"reasoning_effort":"low"}', Sampling(max_tokens=9),
         ReasoningSettings(effort="low")),
        ("responses", b'{"max_output_tokens":9,"reasoning":{"effort":"low"},"background":true}',
         Sampling(max_tokens=9), ReasoningSettings(effort="low")),
        ("gemini", b'{"generation_config":{"top_k":4,"thinkingConfig":{"thinkingBudget":0}}}',
         Sampling(top_k=4), ReasoningSettings("off")),
        ("gemini", b"{}", Sampling(), ReasoningSettings()),
        ("ollama", b'{"options":{"num_predict":9},"think":true}', Sampling(max_tokens=9),
         ReasoningSettings("on")),
    ],
)  # fmt: skip
def test_what_a_body_says_of_sampling_and_thinking_is_read_without_the_rest(
    protocol: str, body: bytes, sampling: Sampling, reasoning: ReasoningSettings
) -> None:
    raw = Spans(body).raw
    assert CODECS[protocol].editing.settings_in(raw) == (sampling, reasoning)
