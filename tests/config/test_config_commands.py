import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dragoman.cli.config_commands import config_app


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(config_app, list(arguments))
    return result.exit_code, result.stdout


def test_a_right_file_is_ok_with_its_counts_and_warnings(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "prot: 1\napi-keys: [k]\nupstreams:\n  - {name: e, protocol: echo}\n"
        '  - {name: a, protocol: openai, base-url: "http://h", models: [x, y]}\n'
        '  - {name: b, protocol: openai, base-url: "http://h"}\n'
        '  - {name: c, protocol: openai, base-url: "http://h", disabled: true}\n'
    )
    code, out = run("check", str(file))
    assert code == 0
    assert out.splitlines() == [
        f"{file}:1: warning: prot: unknown key, so it is ignored; did you mean port?",
        (
            f"OK {file}: 3 upstreams, 4 models, 1 client key, "
            "1 upstream asked for models at start, 1 warning"
        ),
    ]


def test_a_wrong_file_is_told_of_by_line_and_exits_1(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("prot: 1\nport: '[red]x'\n")
    code, out = run("check", "--config", str(file))
    assert code == 1
    assert out.splitlines() == [
        f"{file}:2: error: port: expected a whole number, found '[red]x'",
        f"{file}:1: warning: prot: unknown key, so it is ignored; did you mean port?",
        f"FAILED {file}: 1 error",
    ]


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "none.yaml"
    code, out = run("check", str(file))
    assert code == 1
    assert out.splitlines()[0] == (
        f"{file}: error: there is no such file; name another with --config"
    )


def test_without_any_file_it_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    code, out = run("check")
    assert code == 1
    assert "neither ./config.yaml nor ~/.config/dragoman/config.yaml" in out


def test_the_file_of_the_working_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text("port: 1\n")
    monkeypatch.chdir(tmp_path)
    code, out = run("check")
    assert code == 0
    assert out.endswith("config.yaml: 0 upstreams, 0 models, 0 client keys\n")


def test_the_schema_is_printed_as_json() -> None:
    code, out = run("schema")
    assert code == 0
    assert json.loads(out)["title"] == "dragoman configuration"
