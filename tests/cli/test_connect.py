"""`dragoman connect`: a client's own settings lead to the gateway, and lose nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dragoman.cli.main import app

CONFIG = "port: 9000\napi-keys: [sk-one two, sk-other]\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a configuration in the working folder."""
    for name in ("XDG_CONFIG_HOME", "AMP_SETTINGS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def connect(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["connect", *arguments])


def test_amp_is_told_the_address_in_a_file_and_the_key_in_the_environment(home: Path) -> None:
    done = connect("amp")
    file = home / ".config/amp/settings.json"
    assert done.exit_code == 0
    assert json.loads(file.read_text()) == {"amp.url": "http://127.0.0.1:9000"}
    assert done.stdout == (
        f"wrote {file}\n\n"
        "For this shell alone, or where the key is still missing (`amp login` asks for it too):\n\n"
        "export AMP_URL=http://127.0.0.1:9000\nexport AMP_API_KEY='sk-one two'\n"
    )


def test_other_settings_stay_and_the_first_file_is_kept(home: Path) -> None:
    file = home / ".config/amp/settings.json"
    file.parent.mkdir(parents=True)
    before = '{"amp.url": "https://ampcode.com", "amp.é": [1.50]}'
    file.write_text(before, encoding="utf-8")
    done = connect("amp", "--url", "https://gateway.example.com/")
    after = file.read_text(encoding="utf-8")
    expected = '{\n  "amp.url": "https://gateway.example.com",\n  "amp.é": [\n    1.5\n  ]\n}\n'
    assert after == expected
    kept = file.with_name("settings.json.before-dragoman")
    assert kept.read_text(encoding="utf-8") == before
    assert f"wrote {file}; what was there is in {kept.name}" in done.stdout
    assert "export AMP_URL=https://gateway.example.com\n" in done.stdout
    connect("amp")
    assert kept.read_text(encoding="utf-8") == before
    assert f"{file} is right already" in connect("amp").stdout


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{\n  // mine\n  "amp.x": 1\n}', 'put "amp.url": "http://127.0.0.1:9000" into it'),
        ("[]", "it is no JSON object"),
    ],
)
def test_a_file_that_would_lose_something_is_left_alone(home: Path, text: str, why: str) -> None:
    file = home / ".config/amp/settings.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    done = connect("amp")
    assert done.exit_code == 1
    assert why in done.stderr
    assert "export AMP_URL=http://127.0.0.1:9000" in done.stderr
    assert file.read_text() == text


def test_the_settings_are_where_amp_looks_for_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    connect("amp")
    assert (home / "xdg/amp/settings.json").exists()
    monkeypatch.setenv("AMP_SETTINGS_FILE", str(home / "own.json"))
    connect("amp")
    assert (home / "own.json").exists()


def test_the_address_is_one_of_this_machine_and_no_key_is_made_up(home: Path) -> None:
    (home / "config.yaml").write_text('host: "::"\napi-keys: [k]\n')
    assert "AMP_URL=http://127.0.0.1:8317\n" in connect("amp", "--write").stdout
    (home / "config.yaml").write_text('host: "::1"\n')
    told = "export AMP_URL='http://[::1]:8317'\nexport AMP_API_KEY=unused\n"
    assert told in connect("amp").stdout


def test_an_unknown_client_and_a_missing_configuration_are_told(home: Path) -> None:
    done = connect("vim")
    assert (done.exit_code, "there are: amp" in done.stderr) == (1, True)
    (home / "config.yaml").unlink()
    done = connect("amp")
    assert (done.exit_code, "There is no configuration" in done.stderr) == (1, True)
    assert not (home / ".config").exists()
