"""What a client key opens: groups and models, and what is said where it does not."""

import pytest

from dragoman.errors import Forbidden, UnknownGroup
from dragoman.policy.access import ALL, Access, Groups

GROUPS = Groups({"default": False, "qwen": False, "kimi": False, "old": True})


def test_a_key_of_no_group_asks_the_default_and_may_ask_all() -> None:
    assert ALL.home == "default"
    assert GROUPS.reachable(ALL) == ("default", "qwen", "kimi")
    assert ("old" in GROUPS, "nosuch" in GROUPS) == (True, False)
    GROUPS.check(ALL, "kimi")


def test_a_bound_keys_own_group_is_its_first() -> None:
    access = Access(groups=("qwen", "default"))
    assert access.home == "qwen"
    assert GROUPS.reachable(access) == ("default", "qwen")


def test_an_unknown_group_is_a_404_that_names_the_keys_groups() -> None:
    with pytest.raises(UnknownGroup) as caught:
        GROUPS.check(Access(groups=("kimi", "old")), "nosuch")
    assert (caught.value.status, caught.value.message) == (
        404,
        "there is no group 'nosuch'; this key may use: kimi",
    )


def test_another_keys_group_and_a_disabled_one_are_a_403() -> None:
    with pytest.raises(Forbidden) as caught:
        GROUPS.check(Access(groups=("kimi",)), "qwen")
    assert caught.value.message == "this key may not use group 'qwen'; this key may use: kimi"
    with pytest.raises(Forbidden) as caught:
        GROUPS.check(Access(groups=("old",)), "old")
    assert caught.value.message == "group 'old' is disabled; this key may use none"


@pytest.mark.parametrize(
    ("model", "opens"),
    [
        ("gpt-5", True),
        ("gpt-5(high)", True),
        ("claude-sonnet-4-5", True),
        ("claude-opus-4", False),
        ("openai/gpt-5", False),
        ("GPT-5", False),
        ("", False),
    ],
)
def test_models_are_opened_by_the_name_they_are_asked_for(model: str, opens: bool) -> None:
    assert Access(models=("gpt-5", "claude-sonnet-*")).opens(model) is opens
    assert ALL.opens(model) is True
