"""The log of bodies: what is taken out, how files turn, and what a failing disk does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dragoman.observe.body_log import BodyLog, Note
from dragoman.observe.redaction import Redactor
from dragoman.observe.rotated_file import RotatedFile

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijklmn"


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the key is own-secret-1, yes", "the key is ***, yes"),
        ('{"a":"quote\\"d-secret"}', '{"a":"***"}'),
        ("Authorization: Bearer abcdefghijklmnop=", "Authorization: Bearer ***"),
        ("OPENAI_API_KEY=sk-proj-0123456789abcdef_x\n", "OPENAI_API_KEY=***\n"),
        ("AIzaSyA0123456789012345678901234567890", "***"),
        (f"token {JWT}.", "token ***."),
        ("ghp_0123456789012345678901234567890123 AKIA0123456789ABCDEF", "*** ***"),
        (
            "a task-force-of-many-people, sk-short, short",
            "a task-force-of-many-people, sk-short, short",
        ),
    ],
)
def test_secrets_are_taken_out_known_or_by_their_looks(text: str, shown: str) -> None:
    redactor = Redactor(["own-secret-1", 'quote"d-secret', "short"])
    assert redactor.redacted(text.encode()).decode() == shown


@pytest.mark.parametrize("shift", range(0, 40, 3))
def test_a_secret_at_the_border_of_two_slices_is_found(shift: int) -> None:
    text = b"word " * 13_107 + b"x" * shift + b" sk-0123456789abcdefghij and more " + b"y " * 99
    found = Redactor().redacted(text)
    assert found == text.replace(b"sk-0123456789abcdefghij", b"***")
    assert len(list(Redactor().pieces(text))) == 2


def test_a_run_without_a_border_is_one_slice() -> None:
    image = b"A" * 200_000
    assert list(Redactor().pieces(image)) == [image]


def test_files_are_the_owners_alone_and_turn_when_they_are_full(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "logs" / "bodies.jsonl", 20, 3)
    for number in range(9):
        file.append([b"%d" % number, b"23456789"])
    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert names == ["bodies.1.jsonl", "bodies.2.jsonl", "bodies.jsonl"]
    texts = [(tmp_path / "logs" / name).read_text() for name in ("bodies.2.jsonl", "bodies.jsonl")]
    assert texts == ["423456789\n523456789\n", "823456789\n"]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "logs").iterdir()} == {0o600}
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700


def test_a_file_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "bodies.jsonl", 100, 2)
    file.append([b"one"])
    file.path.unlink()
    file.append([b"two"])
    assert file.path.read_bytes() == b"two\n"


def test_several_writers_lose_no_line(tmp_path: Path) -> None:
    def write(name: bytes) -> None:
        file = RotatedFile(tmp_path / "bodies.jsonl", 400, 100)
        for number in range(50):
            file.append([name, b"%d" % number])

    threads = [threading.Thread(target=write, args=(name,)) for name in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [line for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    assert sorted(found) == sorted(f"{name}{number}" for name in "abc" for number in range(50))


def test_a_line_that_cannot_be_written_whole_is_taken_back(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half a"
        raise OSError(28, "No space left on device")

    file = RotatedFile(tmp_path / "bodies.jsonl", 100, 2)
    file.append([b"one"])
    with pytest.raises(OSError, match="No space"):
        file.append(broken())
    assert file.path.read_bytes() == b"one\n"


def test_a_note_is_one_line_with_its_body_as_json_or_text(tmp_path: Path) -> None:
    log = BodyLog(RotatedFile(tmp_path / "b.jsonl", 10_000, 2), Redactor(["top-secret"]))
    log.add(Note({"id": "r1"}, (b'{"a" :\n 1.0, "b":"top', b'-secret"}'), 0))
    log.add(Note({"id": "top-secret"}, (b"data: \xff\n\n",), 1.5))
    log.add(Note({"id": "r3"}))
    log.close()
    log.close()
    assert lines(tmp_path / "b.jsonl") == [
        {"at": "1970-01-01T00:00:00.000+00:00", "id": "r1", "body": {"a": 1.0, "b": "***"}},
        {"at": "1970-01-01T00:00:01.500+00:00", "id": "***", "body": "data: \ufffd\n\n"},
        {"at": "1970-01-01T00:00:00.000+00:00", "id": "r3"},
    ]
    log.add(Note({"id": "later"}))
    log.close()
    assert lines(tmp_path / "b.jsonl")[-1]["id"] == "later"


def test_a_full_disk_is_told_once_and_loses_notes_alone(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").symlink_to("/dev/full")
    told: list[str] = []
    log = BodyLog(RotatedFile(tmp_path / "b.jsonl", 100, 2), Redactor(), told.append)
    for _ in range(3):
        log.add(Note({"id": "r"}, (b"body",)))
    log.close()
    assert len(told) == 1
    assert told[0].startswith("bodies are not logged: No space left on device; requests go on")


def test_notes_that_come_faster_than_the_disk_are_dropped_not_piled_up(tmp_path: Path) -> None:
    told: list[str] = []

    class Slow(RotatedFile):
        def append(self, pieces: object) -> None:
            assert go_on.wait(20)

    go_on = threading.Event()
    log = BodyLog(Slow(tmp_path / "b.jsonl", 100, 2), Redactor(), told.append)
    piece = bytes(1024 * 1024)
    for _ in range(70):
        log.add(Note({}, (piece,)))
    assert told == [
        "bodies are not logged: the disk is slower than the traffic; requests go on without. "
        f"Lost so far: 1; file: {tmp_path / 'b.jsonl'}"
    ]
    go_on.set()
    log.close()
