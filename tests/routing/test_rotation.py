from collections import Counter

from dragoman.neutral.listings import ModelEntry
from dragoman.routing.select import Rotation
from dragoman.routing.served import Target
from dragoman.upstreams.hosts import Credential, Host
from dragoman.upstreams.http import Deadlines


def target(name: str, *credentials: Credential, model: str = "m") -> Target:
    host = Host(name, None, "", "", (), credentials, Deadlines())
    return Target(host, model, model, ModelEntry(model))


def key(index: int, weight: int = 1, priority: int = 0) -> Credential:
    return Credential(index, str(index), (), weight=weight, priority=priority)


def order(rotation: Rotation, *targets: Target) -> list[tuple[str, int]]:
    return [(one.host.name, held.index) for one, held in rotation.attempts(targets)]


def firsts(rotation: Rotation, *targets: Target, times: int) -> list[int]:
    """Who is tried first, request after request, when the first attempt succeeds."""
    return [next(rotation.attempts(targets))[1].index for _ in range(times)]


def test_every_credential_of_every_target_is_tried_once_target_by_target() -> None:
    rotation = Rotation()
    assert order(rotation, target("a", key(0), key(1)), target("b", key(0))) == [
        ("a", 0),
        ("a", 1),
        ("b", 0),
    ]


def test_equal_credentials_take_turns() -> None:
    assert firsts(Rotation(), target("a", key(0), key(1), key(2)), times=6) == [0, 1, 2, 0, 1, 2]


def test_a_single_credential_is_always_it() -> None:
    assert firsts(Rotation(), target("a", key(0)), times=3) == [0, 0, 0]


def test_turns_follow_the_weights_and_are_spread() -> None:
    turns = firsts(Rotation(), target("a", key(0, weight=3), key(1)), times=8)
    assert turns == [0, 0, 1, 0, 0, 0, 1, 0]
    assert Counter(turns) == {0: 6, 1: 2}


def test_a_weight_of_zero_counts_as_one() -> None:
    assert firsts(Rotation(), target("a", key(0, weight=0), key(1)), times=4) == [0, 1, 0, 1]


def test_a_higher_priority_comes_first_and_a_lower_one_only_after_all_of_it() -> None:
    rotation = Rotation()
    one = target("a", key(0), key(1, priority=5), key(2, priority=5))
    assert order(rotation, one) == [("a", 1), ("a", 2), ("a", 0)]
    assert firsts(rotation, one, times=4) == [2, 1, 2, 1]


def test_each_model_and_host_has_its_own_turns() -> None:
    rotation = Rotation()
    first, other = target("a", key(0), key(1)), target("a", key(0), key(1), model="other")
    assert firsts(rotation, first, times=1) == [0]
    assert firsts(rotation, other, times=1) == [0]
    assert firsts(rotation, first, times=1) == [1]


def test_only_what_is_really_tried_spends_a_turn() -> None:
    rotation = Rotation()
    one, second = target("a", key(0), key(1)), target("b", key(0), key(1))
    assert firsts(rotation, one, second, times=2) == [0, 1]
    assert firsts(rotation, second, times=1) == [0]
