"""Foreign settings fitted to the model: limits, sampling, hints."""

from decimal import Decimal

import pytest
from tests.protocols.anthropic.rendering import foreign

from dragoman.neutral.json import Json, JsonObject
from dragoman.neutral.requests import (
    Hints,
    ReasoningSettings,
    Sampling,
)
from dragoman.protocols.codec import Target


@pytest.mark.parametrize(
    ("target", "asked", "limit", "lost"),
    [
        (Target("m"), None, 32000, ()),
        (Target("m", max_output=8000), None, 8000, ()),
        (Target("claude-3-opus-20240229"), None, 4096, ()),
        (Target("claude-3-5-haiku-latest"), None, 8192, ()),
        (Target("claude-sonnet-4-20250514"), None, 32000, ()),
        (Target("m", max_output=8000), 9000, 8000, ("max_tokens",)),
        (Target("m", max_output=8000), 10, 10, ()),
    ],
)
def test_max_tokens_are_invented_and_limited(
    target: Target, asked: int | None, limit: int, lost: tuple[str, ...]
) -> None:
    body, seen = foreign(target=target, sampling=Sampling(max_tokens=asked))
    assert body["max_tokens"] == limit
    assert seen == lost


@pytest.mark.parametrize(
    ("model", "sampling", "written", "lost"),
    [
        ("m", Sampling(temperature=Decimal("1.5"), top_p=1), (1, 1, None), ("temperature",)),
        ("m", Sampling(temperature=-1, top_k=4), (0, None, 4), ("temperature",)),
        (
            "claude-opus-4-1",
            Sampling(temperature=1, top_p=Decimal("0.9")),
            (1, None, None),
            ("top_p",),
        ),
        (
            "claude-3-7-sonnet-20250219",
            Sampling(temperature=1, top_p=Decimal("0.9")),
            (1, Decimal("0.9"), None),
            (),
        ),
        ("claude-opus-4-1", Sampling(top_p=Decimal("0.9")), (None, Decimal("0.9"), None), ()),
        (
            "claude-opus-4-7",
            Sampling(temperature=1, top_p=1, top_k=1),
            (None, None, None),
            ("temperature", "top_p", "top_k"),
        ),
        ("claude-fable-5", Sampling(top_k=1), (None, None, None), ("top_k",)),
    ],
)
def test_sampling_is_fitted_to_the_model(
    model: str, sampling: Sampling, written: tuple[Json, ...], lost: tuple[str, ...]
) -> None:
    body, seen = foreign(target=Target(model), sampling=sampling)
    assert (body.get("temperature"), body.get("top_p"), body.get("top_k")) == written
    assert seen == lost


def test_sampling_is_fitted_to_thinking() -> None:
    body, lost = foreign(
        sampling=Sampling(temperature=1, top_k=1, top_p=Decimal("0.5")),
        reasoning=ReasoningSettings(mode="adaptive", summary="detailed", effort="high"),
    )
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": "high"}
    assert (body.get("temperature"), body["top_p"]) == (None, Decimal("0.95"))
    assert lost == ("temperature", "top_k", "top_p")
    body, lost = foreign(reasoning=ReasoningSettings(mode="adaptive", summary="none"))
    assert body["thinking"] == {"type": "adaptive", "display": "omitted"}
    assert lost == ()


def test_what_messages_cannot_say_is_a_loss() -> None:
    body, lost = foreign(
        sampling=Sampling(
            seed=1,
            n=2,
            logprobs=True,
            top_logprobs=3,
            logit_bias={"1": 1},
            min_p=1,
            frequency_penalty=1,
            presence_penalty=1,
            repeat_penalty=1,
            stop=("\n", "END"),
        ),
        hints=Hints(
            user="u" * 257,
            service_tier="flex",
            verbosity="low",
            previous_response_id="r",
            modalities=("TEXT", "audio"),
        ),
        extras={"client_metadata": {}, "safety_settings": [1]},
    )
    assert body["stop_sequences"] == ["END"]
    assert lost == (
        "safety_settings",
        "stop",
        "min_p",
        "frequency_penalty",
        "presence_penalty",
        "repeat_penalty",
        "seed",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "n",
        "user",
        "service_tier",
        "verbosity",
        "previous_response_id",
        "modalities",
    )


def test_a_default_is_no_loss() -> None:
    _, lost = foreign(
        sampling=Sampling(n=1, frequency_penalty=0, logprobs=False, stop=("END",)),
        hints=Hints(modalities=("text",), store=False),
    )
    assert lost == ()


@pytest.mark.parametrize(
    ("tier", "fields"),
    [
        ("priority", {"speed": "fast"}),
        ("default", {"service_tier": "standard_only"}),
        ("auto", {}),
    ],
)
def test_service_tiers_have_their_words(tier: str, fields: JsonObject) -> None:
    body, lost = foreign(hints=Hints(service_tier=tier))
    assert {k: v for k, v in body.items() if k in ("speed", "service_tier")} == fields
    assert lost == ()
