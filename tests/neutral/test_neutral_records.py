import pytest

from dragoman.neutral.losses import Loss, Losses
from dragoman.neutral.parts import Text
from dragoman.neutral.requests import Turn, split_system
from dragoman.neutral.usage import NO_USAGE, Usage


def test_later_counts_replace_earlier_ones_and_silence_replaces_nothing() -> None:
    begun = Usage(tokens_in=10, cache_read=3, protocol="anthropic", extras={"a": 1, "b": 1})
    later = Usage(tokens_in=0, tokens_out=7, extras={"b": 2})

    assert begun.updated(later) == Usage(
        tokens_in=0,
        tokens_out=7,
        cache_read=3,
        protocol="anthropic",
        extras={"a": 1, "b": 2},
    )
    assert later.updated(Usage(protocol="gemini")).protocol == "gemini"
    assert begun.updated(NO_USAGE) == begun


def test_every_count_is_carried_on() -> None:
    full = Usage(1, 2, 3, 4, 5, 6, 7, 8)

    assert NO_USAGE.updated(full) == full


def test_each_lost_field_is_told_once_with_its_first_reason() -> None:
    losses = Losses()
    assert not losses
    losses.add("n", "one answer")
    losses.add("seed", "no seed")
    losses.add("n", "again")

    assert losses
    assert losses.fields == ("n", "seed")
    assert losses.entries == (Loss("n", "one answer"), Loss("seed", "no seed"))


SYSTEM = Turn("system", (Text("s"),))
USER = Turn("user", (Text("u"),))


@pytest.mark.parametrize(
    ("turns", "leading", "rest"),
    [
        ((), (), ()),
        ((SYSTEM,), (SYSTEM,), ()),
        ((USER, SYSTEM), (), (USER, SYSTEM)),
        ((SYSTEM, SYSTEM, USER, SYSTEM), (SYSTEM, SYSTEM), (USER, SYSTEM)),
    ],
)
def test_only_leading_system_turns_are_the_system_prompt(
    turns: tuple[Turn, ...], leading: tuple[Turn, ...], rest: tuple[Turn, ...]
) -> None:
    assert split_system(turns) == (leading, rest)


def test_usage_of_two_answers_adds_up_and_the_unknown_stays_so() -> None:
    first = Usage(tokens_in=10, tokens_out=2, cache_read=3)
    second = Usage(tokens_in=5, tokens_out=0, reasoning=1, protocol="openai", extras={"a": 1})
    assert first.plus(second) == Usage(
        15, 2, cache_read=3, reasoning=1, protocol="openai", extras={"a": 1}
    )
