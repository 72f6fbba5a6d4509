"""Quoted text is not a call."""

from __future__ import annotations

import pytest
from tests.fakes.dialects import WRITERS
from tests.toolcalls.text.reading import MARK, called, prose, read, reader

FORMS = list(WRITERS)
TAGS = [form for form in FORMS if form not in ("json", "react")]


def written(form: str) -> str:
    return WRITERS[form]("Read", {"path": "/a"}, MARK).lstrip()


@pytest.mark.parametrize("form", TAGS)
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("It is `", "` there."),
        ("It is ``", "``."),
        ("See:\n\n```\n", "\n```\n"),
        ("See:\n\n~~~xml\n", "\n~~~\nDone.\n"),
        ("See:\n````\n```\n", "\n```\n````"),
        ("The file says\n> ", "\n\nand no more"),
        ('The file says "', '" and no more'),
        ("1. ```\n", "\n```"),
        ("~`~", "`"),
    ],
)
def test_in_code_and_quotations_is_no_call(form: str, before: str, behind: str) -> None:
    text = f"{before}{written(form)}{behind}"
    assert called(text) == []
    assert prose(read(text)) == text


@pytest.mark.parametrize("form", [form for form in TAGS if form != "dragoman"])
def test_in_the_middle_of_prose_is_no_call_but_ours(form: str) -> None:
    for before, behind in (
        ("You can write ", " for that."),
        ("The file has this line:\n\n", "\n\nIt is never called."),
        ("The file has ", "\nand more"),
    ):
        assert called(f"{before}{written(form)}{behind}") == []
        assert called(f"{before}{written('dragoman')}{behind}") == [("Read", {"path": "/a"})]


@pytest.mark.parametrize("form", TAGS)
def test_where_a_call_stands_is_one(form: str) -> None:
    for before, behind in (
        ("", " \n"),
        ("I will look.\n\n", "\n\nNow I wait."),
        ("I will look: ", "\n"),
        ("Code `x` is there:\n```\ny\n```\n", ""),
        ("**Look!** ", ""),
        ("See ```x``` and\n```y``` there. ", ""),
        ("It's (really.) ", ""),
    ):
        assert called(f"{before}{written(form)}{behind}") == [("Read", {"path": "/a"})]


@pytest.mark.parametrize("form", ["json", "react"])
def test_fences_and_action_lines_count_only_as_the_last_thing(form: str) -> None:
    call = written(form)
    assert called(f"I look.\n\n{call}\n") == [("Read", {"path": "/a"})]
    for text in (
        f"I look.\n\n{call}\n\nThat is how it is done.",
        f"It is {call} there",
        f"{call}\n\n{call}\nSo?",
    ):
        assert called(text) == []
        assert prose(read(text)) == text
    assert prose(read(call, ending="more")) == prose(read(call, ending="cut")) == call


def test_prose_between_quotations_is_read_on() -> None:
    text = f"Like {written('hermes')} and\n{written('qwen')} are. Now:\n{written('glm')}"
    assert called(text) == [("Read", {"path": "/a"})]
    assert prose(read(text)) == text[: -len(written("glm")) - 1]


def test_a_fence_in_which_nothing_is_called_stays_a_fence() -> None:
    for text in (
        "```json\n[1, 2]\n```\n",
        "```python\nprint(1)\n```\n",
        '```json\n{"name": "x", "version": 1}\n```\n',
        "```json\n{\n",
    ):
        assert prose(read(text + written("hermes"))).startswith(text[:-1])


def test_a_value_that_holds_a_call_is_not_searched_for_it() -> None:
    inner = f"Done.\n{written('hermes')}\n"
    text = WRITERS["invoke"]("Write", {"content": inner}, MARK)
    assert called(text) == []
    ours = WRITERS["dragoman"]("Nope", {"content": inner}, MARK)
    assert called(ours) == called(ours.partition("</call-")[0]) == []
    assert called(f"{ours}\n{written('dragoman')}") == [("Read", {"path": "/a"})]
    assert called(f"I say.\n{text}\n{written('cs')}") == [("Read", {"path": "/a"})]


def test_only_the_possible_start_of_a_call_is_held_back() -> None:
    machine = reader()
    for text, shown in (
        ("I read ", "I read"),
        ("a <b", " a"),
        (" c", " <b c"),
        (" <tool_ca", ""),
        ("ke> x", " <tool_cake> x"),
        (" " * 300, " " * 44),
        ("y [TOOL", " " * 256 + "y"),
    ):
        assert prose(machine.feed(text)) == shown
    assert prose(machine.finish("end")) == " [TOOL"


def test_too_many_blanks_behind_a_call_are_text() -> None:
    text = written("hermes") + " " * 300 + written("hermes")
    assert len(called(text)) == 2
    assert prose(read(text)) == " " * 44
    text = written("hermes") + " " * 300
    assert prose(read(text)) == " " * 300
