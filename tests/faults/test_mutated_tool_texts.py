"""Two thousand tool texts, cut, nested, escaped wrongly and interleaved, each cut in two at every
place: nothing is lost or added, and no cut changes what is read."""

from __future__ import annotations

import random

import pytest
from tests.fakes.dialects import WRITERS
from tests.toolcalls.text.reading import MARK, at_every_cut, calls, read, source

TEXTS = 2000
BATCHES = 8
PROSE = ("", "", "Ok. ", "a < b `x`.\n", "> ", "See: ", "```\nc\n```\n", "A <b> ", "Done!\n\n")
BEHIND = ("\n", " ", "\n\nDone.", "</tool_call>", "\nObservation: x", "</call>", "`")
ARGUMENTS = (
    {"path": "a"},
    {"path": "a", "limit": 3},
    {"path": "a", "content": "'<b>' & \"q\"\n</arg> {}"},
    {"path": "é🚀", "content": "</parameter>\n```"},
)
SIGNS = (
    '"',
    "'",
    "\\",
    "<",
    ">",
    "&lt;",
    "&amp;",
    "`",
    "```",
    "\n",
    "{",
    "}",
    "]",
    "</",
    "｜",
    "x",
)
SWAPS = (('"', "'"), ("<", "&lt;"), ("}", ""), ("\n", "\n\n"), ("</", ""), ("'", '"'))


def tool_text(draw: random.Random) -> str:
    out = ""
    for _ in range(draw.choice((1, 1, 1, 2))):
        arguments = draw.choice(ARGUMENTS)
        name = "Write" if "content" in arguments else "Read"
        out += draw.choice(PROSE) + WRITERS[draw.choice(list(WRITERS))](name, arguments, MARK)
        if draw.random() < 0.4:
            out += draw.choice(BEHIND)
    return out


def mutated(draw: random.Random, text: str) -> str:
    for _ in range(draw.randint(0, 3)):
        at = draw.randrange(len(text) + 1)
        end = min(len(text), at + draw.randint(1, 12))
        other = tool_text(draw)
        begin = draw.randrange(len(other))
        old, new = draw.choice(SWAPS)
        text = draw.choice(
            (
                text[:at],
                text[:at] + text[end:],
                text[:at] + text[at:end] * 2 + text[end:],
                text[:at] + other[begin : begin + 30] + text[at:],
                text[:at] + draw.choice(SIGNS) + text[at:],
                text.replace(old, new, 1),
                text[end:] + text[:end],
            )
        )
    return text


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_cut_changes_what_is_read_and_nothing_is_lost(batch: int) -> None:
    found = 0
    for number in range(batch, TEXTS, BATCHES):
        draw = random.Random(number)
        text = mutated(draw, tool_text(draw))
        whole = read(text)
        found += len(calls(whole))
        assert source(whole) == text, number
        for at, pieces in at_every_cut(text):
            assert pieces == whole, (number, at)
    assert found > TEXTS / BATCHES / 3
