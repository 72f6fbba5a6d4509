"""How credentials fared lately."""

from __future__ import annotations

from dragoman.observe import recent
from dragoman.observe.recent import STEP_S, STEPS, Step, count, fared

NOW = 1_795_924_800.0


def test_attempts_are_counted_in_all_and_in_steps_of_ten_minutes() -> None:
    for seconds, good in ((0, True), (599, False), (600, True), (STEP_S * STEPS, True)):
        count("claude/one", NOW + seconds, good=good)
    count("claude/two", NOW + 600, good=False)
    told = fared(["claude/one", "claude/two", "claude/never"], NOW + STEP_S * STEPS)
    assert (told.good, told.bad) == (3, 2)
    assert len(told.steps) == STEPS
    assert told.steps[0] == Step(NOW + 600, 1, 1)  # the first of them is too long ago
    assert told.steps[-1] == Step(NOW + STEP_S * STEPS, 1, 0)
    assert set(told.steps[1:-1]) == {Step(NOW + STEP_S * back) for back in range(2, STEPS)}


def test_the_oldest_credential_is_forgotten_first() -> None:
    for number in range(recent._MOST + 1):
        count(f"many/{number}", NOW, good=True)
    assert fared(["many/0"], NOW).good == 0
    assert fared(["many/1"], NOW).good == 1
    assert len(recent._records) == recent._MOST
