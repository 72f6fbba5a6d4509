"""Changes to a configuration file's text: what is not changed stays as it stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dragoman.config.document import parse
from dragoman.config.save import Unwritable, raw_scalar, with_list, with_scalar, write

FILE = """\
# The office's gateway
port: 8317
api-keys:   # who may
  # Alice, until May
  - sk-alice  # laptop
  - "${BOB}"

  # Carol
  - 'sk-carol'

# Hosts
upstreams: []
"""
NOW = ["sk-alice", "sk-bob", "sk-carol"]


def changed(wanted: list[str], text: str = FILE, now: list[str] = NOW) -> str:
    out = with_list(text, "api-keys", now, wanted)
    environment = {"BOB": "sk-bob", "X": "x"}
    assert (parse(out, environment).data.get("api-keys") or []) == wanted
    return out


def test_a_key_is_added_after_the_last_and_the_next_block_keeps_its_comment() -> None:
    added = "  - 'sk-carol'\n  - \"sk-dave\"\n\n# Hosts\n"
    assert changed([*NOW, "sk-dave"]) == FILE.replace("  - 'sk-carol'\n\n# Hosts\n", added)


def test_a_removed_key_takes_its_line_alone() -> None:
    assert changed(["sk-alice", "sk-carol"]) == FILE.replace('  - "${BOB}"\n', "")
    assert changed(["sk-bob", "sk-carol"]) == FILE.replace("  - sk-alice  # laptop\n", "")
    assert changed(["sk-alice", "sk-bob"]) == FILE.replace("  - 'sk-carol'\n", "")


def test_an_exchanged_key_keeps_the_comment_beside_it() -> None:
    assert changed(["sk-new", "sk-bob", "sk-carol"]) == FILE.replace("sk-alice ", '"sk-new" ')


def test_many_changes_at_once() -> None:
    assert changed(["first", "sk-bob", "middle", "last"]) == FILE.replace(
        "- sk-alice ", '- "first" '
    ).replace("- 'sk-carol'\n", '- "middle"\n  - "last"\n')


def test_a_list_that_loses_everything_is_said_to_be_empty() -> None:
    out = changed([])
    assert "api-keys: []   # who may\n" in out
    assert "# Alice, until May\n" in out
    assert out.endswith("\n# Hosts\nupstreams: []\n")


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("api-keys: [a, b] # all\n", 'api-keys: [a, "c"] # all\n'),
        ('{"api-keys": ["a", "b"], "port": 1}', '{"api-keys": ["a", "c"], "port": 1}'),
        ("api-keys:\n- a\n- b", 'api-keys:\n- a\n- "c"'),
        ("api-keys:\r\n- a\r\n- b\r\n", 'api-keys:\r\n- a\r\n- "c"\r\n'),
    ],
)
def test_every_way_to_write_a_list(text: str, out: str) -> None:
    assert changed(["a", "c"], text, ["a", "b"]) == out


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("", 'api-keys:\n  - "a"\n'),
        ("port: 1", 'port: 1\napi-keys:\n  - "a"\n'),
        ("api-keys:\nport: 1\n", 'api-keys: ["a"]\nport: 1\n'),
        ("api-keys: []\n", 'api-keys: ["a"]\n'),
    ],
)
def test_a_list_that_was_not_there(text: str, out: str) -> None:
    assert changed(["a"], text, []) == out


def test_nothing_added_to_a_file_without_the_list_changes_nothing() -> None:
    assert changed([], "port: 1\n", []) == "port: 1\n"


def test_a_line_is_added_to_a_file_whose_last_has_no_end() -> None:
    assert changed(["a", "b"], "api-keys:\n  - a", ["a"]) == 'api-keys:\n  - a\n  - "b"\n'


def test_what_looks_like_a_variable_is_written_so_that_it_is_none() -> None:
    assert changed(["${X}", "$${X}"], "port: 1\n", []).endswith('- "$${X}"\n  - "$$${X}"\n')


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("{port: 1}", []),
        ("api-keys: {a: 1}", []),
        ("api-keys:\n- - a\n", ["a"]),
        ("api-keys: &all\n  - {a: 1}\n", ["a"]),
        ("api-keys:\n  -\n    a\n", ["a"]),
    ],
)
def test_a_list_in_another_form_is_left_to_the_user(text: str, now: list[str]) -> None:
    with pytest.raises(Unwritable):
        with_list(text, "api-keys", now, ["b"])


def test_a_value_is_exchanged_in_its_place() -> None:
    text = "remote-management:\n  secret-key: 'plain' # mine\n  allow-remote: true\n"
    place = ("remote-management", "secret-key")
    assert raw_scalar(text, place) == "plain"
    assert with_scalar(text, place, "$2b$x") == text.replace("'plain'", '"$2b$x"')
    assert raw_scalar("port: 1", place) is None
    with pytest.raises(Unwritable, match=r"remote-management\.secret-key"):
        with_scalar("remote-management:\n  secret-key: |\n    plain\n", place, "x")


def test_a_file_is_exchanged_whole_with_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("a")
    real.chmod(0o640)
    link = tmp_path / "config.yaml"
    link.symlink_to(real)
    before = real.stat().st_ino
    write(link, "ä")
    assert link.is_symlink()
    assert real.read_text("utf-8") == "ä"
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.stat().st_ino != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "real.yaml"]


def test_a_file_that_cannot_be_exchanged_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(self: Path, target: Path) -> Path:
        raise OSError(16, os.strerror(16))

    file = tmp_path / "config.yaml"
    file.write_text("a")
    before = file.stat().st_ino
    monkeypatch.setattr(Path, "replace", busy)
    write(file, "b")
    assert file.read_text() == "b"
    assert file.stat().st_ino == before
    assert list(tmp_path.iterdir()) == [file]
