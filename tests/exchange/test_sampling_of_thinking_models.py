"""Sampling settings of other protocols' clients before OpenAI's thinking models."""

from decimal import Decimal

import pytest

from dragoman.catalog.models import facts
from dragoman.config.groups import Group
from dragoman.exchange.convert import rendered
from dragoman.exchange.policies import Goal, Policed
from dragoman.exchange.sampling import fitted_sampling
from dragoman.neutral.edits import SetField
from dragoman.neutral.losses import Losses
from dragoman.neutral.parts import Text
from dragoman.neutral.requests import ProtocolName, ReasoningSettings, Request, Sampling, Turn
from dragoman.policy.group_policy import policies_of
from dragoman.protocols.codec import Target
from dragoman.protocols.framing.splice import Spans
from dragoman.protocols.registry import CODECS
from dragoman.reasoning.passage import Seals

GEMINI_CLI = Sampling(max_tokens=9, temperature=1, top_p=Decimal("0.95"), seed=7)


def fitted(
    model: str, reasoning: ReasoningSettings, protocol: ProtocolName = "gemini"
) -> tuple[Sampling, tuple[str, ...]]:
    known, losses = facts(model), Losses()
    assert known is not None
    request = Request(protocol, model, (), sampling=GEMINI_CLI, reasoning=reasoning)
    return fitted_sampling(request, "openai", known, losses), losses.fields


@pytest.mark.parametrize(
    ("model", "reasoning"),
    [
        ("gpt-5", ReasoningSettings()),
        ("o4-mini", ReasoningSettings()),
        ("gpt-5.2", ReasoningSettings(effort="low")),
        ("gpt-6-sol", ReasoningSettings(mode="on")),
    ],
)
def test_a_model_that_thinks_gets_none_and_defaults_are_no_loss(
    model: str, reasoning: ReasoningSettings
) -> None:
    assert fitted(model, reasoning) == (Sampling(max_tokens=9, seed=7), ("top_p",))


@pytest.mark.parametrize(
    ("model", "reasoning", "protocol"),
    [
        ("gpt-4o", ReasoningSettings(), "gemini"),
        ("gpt-5.2", ReasoningSettings(), "gemini"),
        ("gpt-5.2", ReasoningSettings(effort="none"), "gemini"),
        ("gpt-5.2", ReasoningSettings(mode="off"), "gemini"),
        ("deepseek-chat", ReasoningSettings(effort="low"), "gemini"),
        ("gpt-5", ReasoningSettings(), "openai"),
    ],
)
def test_other_models_and_chat_clients_keep_theirs(
    model: str, reasoning: ReasoningSettings, protocol: ProtocolName
) -> None:
    assert fitted(model, reasoning, protocol) == (GEMINI_CLI, ())


@pytest.mark.parametrize(
    ("host", "sent"),
    [
        ("api.openai.com", {"max_completion_tokens": 9, "seed": 7}),
        ("llm.example.com", {"temperature": 1, "top_p": Decimal("0.95"), "seed": 7}),
    ],
)
def test_only_openais_own_hosts_are_known_to_refuse_them(
    host: str, sent: dict[str, object]
) -> None:
    request = Request("gemini", "gpt-5", (Turn("user", (Text("Hi"),)),), sampling=GEMINI_CLI)
    target = Target("gpt-5", "up", host)
    body = rendered(request, CODECS["openai"], target, Seals(b"k" * 32), Losses()).body
    named = {"temperature", "top_p", "seed", "max_completion_tokens"} & set(body)
    assert {k: body[k] for k in named} == {"max_completion_tokens": 9, **sent}


@pytest.mark.parametrize("model", ["gpt-5", "gpt-4o"])
def test_a_groups_values_reach_passed_bytes_only_where_the_model_takes_them(model: str) -> None:
    settings = {"temperature-ratio": 0.5, "top-p": 0.9, "max-tokens": {"max": 7}}
    policy = policies_of({"q": Group.model_validate({"sampling": settings})})["q"]
    goal = Goal(CODECS["openai"], Target(model, host="api.openai.com"))
    body, losses = b'{"temperature":1,"max_completion_tokens":9,"messages":[]}', Losses()
    new, edits = Policed(policy, model).on_bytes(body, Spans(body).raw, goal, losses)
    if model == "gpt-5":
        assert new == b'{"temperature":1,"max_completion_tokens":7,"messages":[]}'
        assert losses.fields == ("sampling.temperature", "sampling.top_p")
        assert edits == (SetField("max_tokens", 7),)
    else:
        assert new == (b'{"temperature":0.5,"max_completion_tokens":7,"messages":[],"top_p":0.9}')
        assert not losses


def test_a_limit_of_the_group_goes_no_further_than_the_model() -> None:
    policy = policies_of({"q": Group.model_validate({"sampling": {"max-tokens": 900_000}})})["q"]
    goal = Goal(CODECS["openai"], Target("gpt-5", host="api.openai.com"))
    losses = Losses()
    new, _ = Policed(policy, "gpt-5").on_bytes(b"{}", {}, goal, losses)
    assert new == b'{"max_completion_tokens":128000}'
    assert losses.fields == ("sampling.max_tokens",)
