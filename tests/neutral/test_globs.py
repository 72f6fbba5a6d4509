import pytest

from dragoman.neutral.globs import is_glob, matches


@pytest.mark.parametrize(
    ("glob", "name", "fits"),
    [
        ("claude-*", "claude-", True),
        ("claude-*", "claude-opus-4-5", True),
        ("claude-*", "a-claude-x", False),
        ("*-mini", "gpt-5-mini", True),
        ("*-mini", "gpt-5-mini-x", False),
        ("gpt-?", "gpt-5", True),
        ("gpt-?", "gpt-55", False),
        ("gpt-5.1", "gpt-5.1", True),
        ("gpt-5.1", "gpt-5x1", False),
        ("x[1m]", "x[1m]", True),
        ("x[1m]", "x1", False),
        ("*", "any/thing:1b\n", True),
        ("A*", "a", False),
        ("", "", True),
    ],
)
def test_a_wildcard_fits_the_whole_name_letter_by_letter(glob: str, name: str, fits: bool) -> None:
    assert matches(glob, name) is fits


def test_only_stars_and_question_marks_make_a_wildcard() -> None:
    assert [is_glob(text) for text in ("a*", "a?", "a[b]", "a")] == [True, True, False, False]
