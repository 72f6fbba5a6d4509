"""Which models stand for one that Amp asks for."""

from __future__ import annotations

from dragoman.amp.mapping import compiled
from dragoman.config.ampcode import AmpMapping


def mapping(from_: str, *to: str, regex: bool = False) -> AmpMapping:
    return AmpMapping.model_validate({"from": from_, "to": list(to), "regex": regex})


def test_exact_names_are_found_in_any_letter_case() -> None:
    mapped = compiled([mapping("Claude-Opus", "glm")])
    assert mapped("claude-OPUS") == ("glm",)
    assert mapped("claude-opus-4") == ()


def test_of_one_name_written_twice_the_later_holds() -> None:
    assert compiled([mapping("m", "one"), mapping("M", "two")])("m") == ("two",)


def test_exact_names_go_before_expressions_wherever_they_stand() -> None:
    mapped = compiled([mapping("gpt", "by-regex", regex=True), mapping("gpt-5", "exact")])
    assert mapped("gpt-5") == ("exact",)
    assert mapped("gpt-4") == ("by-regex",)


def test_expressions_are_tried_in_order_anywhere_in_the_name_and_in_any_case() -> None:
    mapped = compiled(
        [mapping("OPUS", "first", regex=True), mapping("^claude", "second", regex=True)]
    )
    assert mapped("claude-opus-4-7") == ("first",)
    assert mapped("claude-haiku") == ("second",)
    assert mapped("my-claude") == ()


def test_a_name_may_stand_for_several() -> None:
    assert compiled([mapping("m", "a", "b")])("m") == ("a", "b")


def test_without_mappings_nothing_is_found() -> None:
    assert compiled([])("m") == ()
