"""The sealing key is made once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dragoman.storage.seal_key import seal_key


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    key = seal_key(folder)
    assert len(key) == 32
    assert seal_key(folder) == key
    assert (folder / "seal.key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in folder.iterdir()] == ["seal.key"]
    assert seal_key(tmp_path / "other") != key


def test_a_key_that_is_too_short_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "seal.key").write_bytes(b"short")
    key = seal_key(tmp_path)
    assert len(key) == 32
    assert seal_key(tmp_path) == key


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    for round_ in range(20):
        folder = tmp_path / str(round_)
        with ThreadPoolExecutor(8) as pool:
            keys = list(pool.map(lambda _, where=folder: seal_key(where), range(8)))
        assert set(keys) == {(folder / "seal.key").read_bytes()}


def test_two_processes_get_the_same_key(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from dragoman.storage.seal_key import seal_key; "
        "print(seal_key(pathlib.Path(sys.argv[1])).hex())"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate()[0].strip() for process in processes]
    assert told == [(tmp_path / "seal.key").read_bytes().hex()] * 2
