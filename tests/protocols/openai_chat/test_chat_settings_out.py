"""Limits, sampling, reasoning, formats and hints for OpenAI-compatible hosts."""

from decimal import Decimal
from typing import Any

import pytest
from tests.protocols.openai_chat.rendering import OPENAI, ROUTER, write

from dragoman.neutral.requests import (
    Hints,
    OutputFormat,
    ReasoningSettings,
    Sampling,
)

AZURE = "x.openai.azure.com"


@pytest.mark.parametrize(
    ("host", "model", "key"),
    [
        ("", "m", "max_tokens"),
        (ROUTER, "openai/gpt-5.1", "max_completion_tokens"),
        (ROUTER, "openai/gpt-4o", "max_tokens"),
        ("", "o4-mini", "max_completion_tokens"),
        ("", "olmo", "max_tokens"),
        (OPENAI, "gpt-4o", "max_completion_tokens"),
        (AZURE, "mine", "max_completion_tokens"),
    ],
)
def test_the_token_limit_has_the_name_the_host_knows(host: str, model: str, key: str) -> None:
    body, _ = write(host=host, model=model, sampling=Sampling(max_tokens=9))
    assert {k: v for k, v in body.items() if k.startswith("max_")} == {key: 9}


def test_the_token_limit_is_lowered_to_what_the_model_can_write() -> None:
    sampling = Sampling(max_tokens=128000)
    assert write(sampling=sampling, max_output=8192)[0]["max_tokens"] == 8192
    assert write(sampling=sampling, max_output=200000)[0]["max_tokens"] == 128000


SAMPLING = Sampling(
    None, Decimal("0.10"), 1, 3, Decimal("0.1"), 0, 1, Decimal("1.1"), 7,
    ("a", "b", "c", "d", "e"), 2, True, 3, {"1": 5},
)  # fmt: skip


def test_sampling_goes_out_whole_where_the_host_takes_it() -> None:
    body, lost = write(sampling=SAMPLING, host=ROUTER)
    assert body == {
        "model": "m", "messages": [], "temperature": Decimal("0.10"), "top_p": 1, "top_k": 3,
        "min_p": Decimal("0.1"), "frequency_penalty": 0, "presence_penalty": 1,
        "repetition_penalty": Decimal("1.1"), "seed": 7, "stop": ["a", "b", "c", "d", "e"],
        "n": 2, "logprobs": True, "top_logprobs": 3, "logit_bias": {"1": 5},
    }  # fmt: skip
    assert lost == ()


def test_settings_openai_does_not_have_go_to_hosts_known_to_take_them() -> None:
    sampling = Sampling(top_k=64, min_p=Decimal("0.1"))
    plain = {"model": "m", "messages": []}
    assert write(sampling=sampling) == (plain, ("top_k", "min_p"))
    asked = {**plain, "top_k": 64, "min_p": Decimal("0.1")}
    assert write(sampling=sampling, protocol="openai") == (asked, ())


def test_openai_itself_takes_less() -> None:
    body, lost = write(sampling=SAMPLING, host=OPENAI)
    assert body["stop"] == ["a", "b", "c", "d"]
    assert {"top_k", "min_p", "repetition_penalty"}.isdisjoint(body)
    assert lost == ("top_k", "min_p", "repeat_penalty", "stop_sequences")
    assert write(sampling=SAMPLING, host=OPENAI, protocol="openai")[1] == (
        "top_k", "min_p", "repetition_penalty", "stop",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "wire", "lost"),
    [
        (ReasoningSettings(), {}, ()),
        (ReasoningSettings(mode="off"), {"reasoning_effort": "none"}, ()),
        (ReasoningSettings(effort="high", summary="auto"), {"reasoning_effort": "high"}, ()),
        (ReasoningSettings(mode="adaptive", effort="low"), {"reasoning_effort": "low"}, ()),
        (ReasoningSettings(mode="on"), {}, ("thinking",)),
        (ReasoningSettings(budget=9, extras={"x": 1}), {}, ("thinking", "thinking.x")),
    ],
)
def test_reasoning_is_an_effort(
    settings: ReasoningSettings, wire: dict[str, Any], lost: tuple[str, ...]
) -> None:
    body, found = write(reasoning=settings)
    assert {k: v for k, v in body.items() if k.startswith("reason")} == wire
    assert found == lost


def test_a_chat_clients_other_reasoning_wishes_are_written_back() -> None:
    settings = ReasoningSettings(effort="low", summary="none", extras={"x": 1})
    body, lost = write(reasoning=settings, protocol="openai")
    assert body["reasoning_effort"] == "low"
    assert body["reasoning"] == {"x": 1, "exclude": True}
    assert lost == ()


@pytest.mark.parametrize(
    ("output", "wire"),
    [
        (OutputFormat("json"), {"type": "json_object"}),
        (OutputFormat("schema", {"type": "object"}),
         {"type": "json_schema",
          "json_schema": {"name": "response", "schema": {"type": "object"}}}),
        (OutputFormat("schema", None, "n", "d", True),
         {"type": "json_schema",
          "json_schema": {"name": "n", "description": "d", "strict": True}}),
        (OutputFormat("text"), None),
    ],
)  # fmt: skip
def test_output_formats_are_written(output: OutputFormat, wire: Any) -> None:
    body, lost = write(output=output)
    assert (body.get("response_format"), lost) == (wire, ())


def test_output_extras_of_others_are_losses() -> None:
    assert write(output=OutputFormat("json", extras={"x": 1}))[1] == ("output.x",)


def test_hints_go_where_they_are_known() -> None:
    hints = Hints(
        cache_key="k", user="u" * 64, service_tier="flex", verbosity="low", store=False,
        modalities=("text", "image"), session="s",
    )  # fmt: skip
    body, lost = write(hints=hints, protocol="responses")
    assert {k: v for k, v in body.items() if k not in {"model", "messages"}} == {
        "user": "u" * 64,
        "modalities": ["text", "image"],
    }
    assert lost == ("prompt_cache_key", "verbosity", "service_tier")
    openai, lost = write(hints=hints, protocol="responses", host=OPENAI)
    assert (openai["prompt_cache_key"], openai["verbosity"]) == ("k", "low")
    assert openai["service_tier"] == "flex"
    assert lost == ()


def test_hints_that_cannot_be_carried_are_losses() -> None:
    hints = Hints(
        user="u" * 65, previous_response_id="r", service_tier="auto", modalities=("text",)
    )
    body, lost = write(hints=hints)
    assert body == {"model": "m", "messages": []}
    assert lost == ("metadata.user_id", "previous_response_id")
    assert write(hints=Hints(user="u" * 65), protocol="gemini")[1] == ("user",)
    assert write(hints=Hints(service_tier="standard_only"), host=OPENAI)[1] == ("service_tier",)


def test_a_stream_always_asks_for_usage() -> None:
    body, lost = write(stream=True, include_usage=False, extras={"context_management": {}})
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}
    assert lost == ("context_management",)
