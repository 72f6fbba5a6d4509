"""What a group's sampling values make of a client's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from dragoman.config.groups import Sampling
from dragoman.neutral.requests import Sampling as Values
from dragoman.policy.sampling import tuning_of


def tuned(settings: dict[str, Any], **values: Any) -> Values:
    found = tuning_of(Sampling.model_validate(settings))
    assert found is not None
    return found.applied(Values(**values))


def test_without_settings_nothing_is_tuned() -> None:
    assert tuning_of(Sampling()) is None


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [(1, "0.7"), (Decimal("1.0"), "0.7"), (Decimal("0.10"), "0.07"), (2, "1.4"), (0, "0")],
)
def test_the_ratio_scales_what_the_client_sent(sent: int | Decimal, becomes: str) -> None:
    assert str(tuned({"temperature-ratio": 0.7}, temperature=sent).temperature) == becomes


@pytest.mark.parametrize("sent", ["1e999999", "1e-999999", "-1e50", "9" * 60])
def test_a_number_that_is_no_temperature_is_left_to_the_upstream(sent: str) -> None:
    assert tuned({"temperature-ratio": 10}, temperature=Decimal(sent)).temperature == Decimal(sent)
    assert tuned({"temperature-ratio": 10}, temperature=10**50).temperature == 10**50


def test_the_ratio_scales_no_temperature_that_was_not_sent() -> None:
    assert tuned({"temperature-ratio": 0.7}).temperature is None
    with_default = {"temperature-ratio": 0.5, "temperature": 0.8}
    assert tuned(with_default).temperature == Decimal("0.8")


def test_a_ratio_of_one_beside_a_range_keeps_the_clients_spelling() -> None:
    sent = Decimal("0.70")
    assert str(tuned({"top-p": 0.9}, temperature=sent).temperature) == "0.70"


def test_the_range_is_looked_at_behind_the_ratio() -> None:
    settings = {"temperature-ratio": 0.5, "temperature": {"min": 0.2, "max": 0.6}}
    assert tuned(settings, temperature=2).temperature == Decimal("0.6")
    assert tuned(settings, temperature=Decimal("0.1")).temperature == Decimal("0.2")
    assert tuned(settings, temperature=1).temperature == Decimal("0.5")


def test_defaults_fill_what_is_missing_and_limits_what_is_there() -> None:
    settings = {
        "top-p": 0.8,
        "top-k": 20,
        "max-tokens": {"max": 32000},
        "presence-penalty": {"default": 1.5, "max": 2},
        "frequency-penalty": {"min": -1},
    }
    assert tuned(settings, max_tokens=64000, frequency_penalty=-2, top_p=1) == Values(
        max_tokens=32000, top_p=1, top_k=20, presence_penalty=Decimal("1.5"), frequency_penalty=-1
    )
    assert tuned(settings).max_tokens is None


@pytest.mark.parametrize("name", ["max-tokens", "top-k"])
def test_what_is_counted_takes_whole_numbers(name: str) -> None:
    with pytest.raises(ValidationError, match="takes whole numbers"):
        Sampling.model_validate({name: {"max": 1.5}})
