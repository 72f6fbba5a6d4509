"""Inline `<think>` blocks, cut anywhere."""

import pytest

from dragoman.protocols.framing.think_tags import Piece, ThinkTags


def joined(pieces: list[Piece]) -> list[Piece]:
    out: list[Piece] = []
    for kind, text in pieces:
        if out and out[-1][0] == kind:
            out[-1] = (kind, out[-1][1] + text)
        else:
            out.append((kind, text))
    return out


def split(*chunks: str) -> list[Piece]:
    tags = ThinkTags()
    pieces = [piece for chunk in chunks for piece in tags.feed(chunk)]
    return joined(pieces + tags.finish())


CASES: list[tuple[str, list[Piece]]] = [
    ("Hello", [("text", "Hello")]),
    ("<think>plan</think>Hello", [("reasoning", "plan"), ("text", "Hello")]),
    ("\n <think>\nplan\n</think>\n\nHello", [("reasoning", "plan\n"), ("text", "Hello")]),
    ("<think>\n\n</think>\n\nHello", [("text", "Hello")]),
    ("<think>a < b </thi</think>c", [("reasoning", "a < b </thi"), ("text", "c")]),
    ("Use <think>x</think>", [("text", "Use <think>x</think>")]),
    ("<thing>", [("text", "<thing>")]),
    ("  plain", [("text", "  plain")]),
    ("<think>cut </th", [("reasoning", "cut </th")]),
    ("<thin", [("text", "<thin")]),
    ("  ", [("text", "  ")]),
    ("<think>only</think>\n", [("reasoning", "only")]),
    ("<think>a</think>b<think>c</think>", [("reasoning", "a"), ("text", "b<think>c</think>")]),
    ("", []),
]


@pytest.mark.parametrize(("text", "pieces"), CASES)
def test_only_a_leading_think_block_is_reasoning(text: str, pieces: list[Piece]) -> None:
    assert split(text) == pieces


@pytest.mark.parametrize(("text", "pieces"), CASES)
def test_the_tags_may_be_cut_anywhere(text: str, pieces: list[Piece]) -> None:
    assert split(*text) == pieces
    for cut in range(len(text)):
        assert split(text[:cut], text[cut:]) == pieces


def test_text_is_passed_at_once_when_no_tag_can_come_any_more() -> None:
    tags = ThinkTags()
    assert tags.feed("Hi") == [("text", "Hi")]
    assert tags.done
    assert tags.feed(" there") == [("text", " there")]
    assert tags.feed("") == []


def test_reasoning_is_passed_as_it_comes() -> None:
    tags = ThinkTags()
    assert tags.feed("<think>one ") == [("reasoning", "one ")]
    assert tags.feed("two") == [("reasoning", "two")]
    assert not tags.done
    assert tags.feed("</think>") == []
    assert tags.feed("\nHi") == [("text", "Hi")]
    assert tags.done


def test_after_the_end_nothing_is_held_any_more() -> None:
    tags = ThinkTags()
    assert tags.feed("<") == []
    assert tags.finish() == [("text", "<")]
    assert tags.feed("b") == [("text", "b")]
    assert tags.finish() == []
