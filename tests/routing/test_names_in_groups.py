"""Names within a group: closed to its own aliases, opened by `*`, and what lists show of it."""

import pytest
from tests.routing.serving import names, serving, shown, way

from dragoman.errors import UnknownModel
from dragoman.neutral.requests import ReasoningSettings
from dragoman.routing.names import Names
from dragoman.routing.resolution import Step
from dragoman.routing.rules import Chain

QWEN = {
    "claude-sonnet-*": ("qwen3-coder", "router/qwen/qwen3-coder"),
    "claude-*": ("small",),
    "claude-opus-4": ("big(high)",),
}
HIGH = ReasoningSettings(effort="high")


def world(**more: tuple[Chain, ...] | str) -> Names:
    return names(
        serving("a", "qwen3-coder", "tiny", "claude-sonnet-4-5"),
        serving("router", "qwen/qwen3-coder", open=True),
        serving("b", "big"),
        aliases={"small": ("tiny",), "g*": ("big",)},
        groups={
            "qwen": QWEN,
            "open": {"*": ("*",), "fast": ("tiny",)},
            "all-to-one": {"*": ("big",)},
            "gpts": {"gpt-*": ("*", "tiny"), "dead": ("lost",)},
        },
        **more,  # type: ignore[arg-type] # keywords of two kinds
    )


def refusal(found: Names, name: str, group: str) -> str:
    with pytest.raises(UnknownModel) as caught:
        found.resolve(name, group=group)
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")
    return caught.value.message


def test_an_exact_alias_goes_first_then_the_longest_wildcard_each_to_its_targets_in_order() -> None:
    found = world()
    assert way(found, "claude-opus-4", "qwen") == [["b:big"]]
    assert way(found, "claude-sonnet-4-5", "qwen") == [
        ["a:qwen3-coder"],
        ["router:qwen/qwen3-coder"],
    ]
    assert way(found, "claude-haiku-4", "qwen") == [["a:tiny"]]
    assert found.resolve("claude-opus-4", group="qwen").pools[0][0].thinking == HIGH
    assert found.resolve("claude-haiku-4(high)", group="qwen").steps == (
        Step("suffix", "claude-haiku-4(high)", ("claude-haiku-4",)),
        Step("group wildcard", "claude-haiku-4", ("small",)),
        Step("alias", "small", ("tiny",)),
        Step("served", "tiny", ("a/tiny",)),
    )
    assert found.resolve("claude-opus-4", group="qwen").steps[0].kind == "group alias"


def test_one_name_is_resolved_for_each_group_apart() -> None:
    found = world()
    assert way(found, "claude-sonnet-4-5") == [["a:claude-sonnet-4-5"]]
    assert way(found, "claude-sonnet-4-5", "qwen")[0] == ["a:qwen3-coder"]
    assert way(found, "claude-sonnet-4-5", "of-nobody") == [["a:claude-sonnet-4-5"]]
    assert (found.closed("qwen"), found.closed("of-nobody")) == (True, False)


@pytest.mark.parametrize("name", ["qwen3-coder", "small", "a/tiny", "auto", "gpt-5"])
def test_a_group_with_models_is_closed_to_them(name: str) -> None:
    assert refusal(world(default="big"), name, "qwen") == (
        f"model {name!r} is not in group 'qwen'; it has: claude-sonnet-*, claude-*, claude-opus-4"
    )


def test_the_target_star_is_the_name_itself_by_the_rules_for_everybody() -> None:
    found = world()
    assert way(found, "fast", "open") == [["a:tiny"]]
    assert way(found, "qwen3-coder", "open") == [["a:qwen3-coder"]]
    assert way(found, "small", "open") == [["a:tiny"]]
    assert way(found, "router/new", "open") == [["router:new"]]
    assert way(found, "gpt-5", "gpts") == [["b:big"], ["a:tiny"]]
    assert "is not served here" in refusal(found, "nosuch", "open")
    assert way(world(default="big"), "nosuch", "open") == [["b:big"]]


def test_a_star_with_another_target_sends_everything_there() -> None:
    assert way(world(), "qwen3-coder", "all-to-one") == [["b:big"]]


def test_an_alias_that_leads_to_nobody_says_so_and_the_default_does_not_step_in() -> None:
    assert refusal(world(default="big"), "dead", "gpts") == (
        "model 'dead' is an alias, but nothing it leads to is served here: lost"
    )


def test_chains_for_failures_apply_in_a_group_too() -> None:
    found = world(chains=(Chain(("qwen3-coder",), ("big",), frozenset({"server"})),))
    fallbacks = found.resolve("claude-sonnet-4", group="qwen").fallbacks
    assert [[shown(pool) for pool in one.pools] for one in fallbacks] == [[["b:big"]]]


def test_a_mapping_leads_nowhere_outside_the_group() -> None:
    found = world()
    mapping = {"claude-x": ("big", "claude-opus-4(low)", "claude-haiku-1"), "z": ("big",)}

    def mapped(name: str) -> tuple[str, ...]:
        return mapping.get(name, ())

    resolution = found.resolve("claude-x", mapped, forced=True, group="qwen")
    assert [shown(pool) for pool in resolution.pools] == [["b:big"], ["a:tiny"]]
    assert resolution.steps[0] == Step("mapping", "claude-x", mapping["claude-x"])
    with pytest.raises(UnknownModel) as caught:
        found.resolve("z", mapped, group="qwen")
    assert "is not in group 'qwen'" in caught.value.message
    assert shown(found.resolve("claude-y", mapped, group="qwen").pools[0]) == ["a:tiny"]


def test_a_list_shows_what_may_be_asked_in_the_group_and_no_wildcards() -> None:
    found = world()

    def listed(group: str) -> list[str]:
        return [entry.id for entry in found.entries(group)]

    everything = ["big", "claude-sonnet-4-5", "qwen/qwen3-coder", "qwen3-coder", "small", "tiny"]
    assert listed("default") == listed("of-nobody") == everything
    assert listed("qwen") == ["claude-opus-4", "claude-sonnet-4-5"]
    assert listed("open") == sorted([*everything, "fast"])
    assert listed("gpts") == []
    assert [entry.id for entry in found.everything()] == [
        name for name in everything if name != "small"
    ]
    assert found.entries("qwen") is found.entries("qwen")
    assert {entry.id: entry.owner for entry in found.entries("qwen")} == {
        "claude-opus-4": "b",
        "claude-sonnet-4-5": "a",
    }
