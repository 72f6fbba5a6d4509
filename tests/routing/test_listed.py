"""What a host serves, out of the user's list or its own."""

import pytest
from tests.routing.serving import host

from dragoman.config.settings import Settings
from dragoman.config.upstreams import Upstream
from dragoman.neutral.listings import ModelEntry
from dragoman.reasoning.levels import Thinking
from dragoman.routing.listed import found_models, told_models, written_models
from dragoman.routing.rules import Chain, rules_of


def upstream(**fields: object) -> Upstream:
    whole = {"name": "a", "protocol": "openai", "base-url": "http://h/v1", **fields}
    return Upstream.model_validate(whole)


def test_a_written_model_keeps_its_alias_its_window_and_its_thinking() -> None:
    thinking = {"min": 1, "max": 20000, "dynamic_allowed": True, "levels": ["LOW", "high"]}
    rule = {"name": "own", "alias": "x", "max-context-length": 9, "display-name": "The X"}
    models = written_models(
        host("a"),
        upstream(
            models=[{**rule, "thinking": thinking, "force-mapping": True}, "y"],
            prefix="team",
            **{"excluded-models": ["z*"]},
        ),
    )
    first, second = models.targets
    assert (first.model, first.name, first.restore) == ("own", "x", True)
    assert first.entry == ModelEntry("x", "a", "The X", context_tokens=9)
    assert first.allowed == Thinking(1, 20000, False, True, ("low", "high"))
    assert (second.name, second.allowed, second.restore) == ("y", None, False)
    assert (models.prefix, models.excluded, models.open) == ("team", ("z*",), False)


def test_an_echo_upstream_without_a_list_serves_its_own_models_hidden() -> None:
    models = written_models(host("e"), upstream(protocol="echo"))
    assert models.hidden
    assert [target.entry.family for target in models.targets] == ["echo"] * len(models.targets)


def test_what_hosts_tell_of_carries_their_name_and_leaves_them_open() -> None:
    told = told_models(host("a"), upstream(prefix="p"), [ModelEntry("x", "whoever")])
    assert (told.open, told.shy, told.prefix, told.targets[0].entry.owner) == (
        True,
        False,
        "p",
        "a",
    )
    found = found_models(host("o"), [ModelEntry("x")])
    assert (found.open, found.shy, found.targets[0].name) == (True, True, "x")


@pytest.mark.parametrize("of", ["opus", ["opus"]])
def test_the_configurations_rules(of: object) -> None:
    settings = Settings.model_validate(
        {
            "aliases": {"c*": ["x", "y"]},
            "fallbacks": [{"for": of, "to": "x", "on": ["auth"]}],
            "default-model": "x",
            "force-model-prefix": True,
            "groups": {"open": {}, "closed": {"models": {"gpt-*": "*"}}},
        }
    )
    rules = rules_of(settings)
    assert rules.aliases.wildcard("claude") == "c*"
    assert rules.chains == (Chain(("opus",), ("x",), frozenset({"auth"})),)
    assert (rules.default, rules.force_prefix) == ("x", True)
    assert list(rules.groups) == ["closed"]
    assert rules.groups["closed"].targets("gpt-*") == ("*",)
