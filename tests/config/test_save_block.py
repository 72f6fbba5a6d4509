"""One member of a block exchanged in the file; everything else stays as it is written."""

from __future__ import annotations

import pytest

from dragoman.config.document import parse
from dragoman.config.save import Unwritable
from dragoman.config.save_block import with_member
from dragoman.neutral.json import Json

FILE = """\
# mine
port: 8317   # as always

ampcode:
    upstream-url: "https://ampcode.com"  # Amp's
    # who is whom
    model-mappings:
      - {from: a, to: b}   # first
      # the second
      - from: c
        to: ${MODEL}

# the hosts
upstreams: []
"""


def changed(text: str, key: str, wanted: Json | None, block: str = "ampcode") -> str:
    there = parse(text, {"MODEL": "m"}).data.get(block)
    now = there.get(key) if isinstance(there, dict) else None
    out = with_member(text, block, key, now, wanted)
    found = parse(out, {"MODEL": "m"}).data
    assert (found[block] or {}).get(key) == wanted
    return out


def test_a_value_is_exchanged_in_its_place() -> None:
    out = changed(FILE, "upstream-url", "http://127.0.0.1:1")
    assert out == FILE.replace("https://ampcode.com", "http://127.0.0.1:1")


def test_an_entry_joins_a_list_whose_others_keep_their_words() -> None:
    mappings: list[Json] = [{"from": "a", "to": "b"}, {"from": "c", "to": "m"}]
    out = changed(FILE, "model-mappings", [*mappings, {"from": "x", "to": ["y", "z"]}])
    assert out.startswith(FILE[: FILE.index("\n\n# the hosts")])
    assert "${MODEL}" in out
    assert out.endswith("\n\n# the hosts\nupstreams: []\n")


def test_an_entry_goes_from_a_list_with_its_comment() -> None:
    out = changed(FILE, "model-mappings", [{"from": "c", "to": "m"}])
    assert ("first" in out, "${MODEL}" in out, "# who is whom" in out) == (False, True, True)


def test_an_entry_is_exchanged_in_a_list() -> None:
    out = changed(FILE, "model-mappings", [{"from": "A", "to": "b"}, {"from": "c", "to": "m"}])
    assert ("from: A" in out, "${MODEL}" in out) == (True, True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "ampcode:\n  upstream-url: u\n"),
        ("port: 1", "port: 1\nampcode:\n  upstream-url: u\n"),
        ("ampcode:\nport: 1\n", "ampcode:\n  upstream-url: u\nport: 1\n"),
        ("ampcode: {}\n", "ampcode:\n  upstream-url: u\n"),
        ("ampcode: {a: 1}  # x\n", "ampcode: {a: 1, upstream-url: u} # x\n"),
        (
            "ampcode:\n    a: |\n      text\n\n# end\nport: 1\n",
            "ampcode:\n    a: |\n        text\n\n    upstream-url: u\n# end\nport: 1\n",
        ),
        ("ampcode:\n  a:\nport: 1\n", "ampcode:\n  a:\n  upstream-url: u\nport: 1\n"),
    ],
)
def test_a_new_member_is_added_at_the_end_of_its_block(text: str, wanted: str) -> None:
    assert changed(text, "upstream-url", "u") == wanted


def test_a_member_goes() -> None:
    assert changed("ampcode:\n  a: 1\n  b: 2 # two\n", "a", None) == "ampcode:\n  b: 2 # two\n"
    assert changed("ampcode:\n  a: 1\nport: 1\n", "a", None) == "ampcode: {}\nport: 1\n"
    assert with_member("port: 1\n", "ampcode", "a", None, None) == "port: 1\n"


def test_what_looks_like_a_variable_is_none() -> None:
    assert "$${NAME}" in changed(FILE, "upstream-api-key", "${NAME}")


@pytest.mark.parametrize(
    "text", ['{"ampcode": {}}', "[1]", "ampcode: [1]\n", "a: &x {}\nampcode: *x\n", "a: ["]
)
def test_a_form_in_which_it_cannot_be_written_is_refused(text: str) -> None:
    with pytest.raises(Unwritable):
        with_member(text, "ampcode", "a", None, "b")
