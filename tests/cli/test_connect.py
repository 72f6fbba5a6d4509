"""`dragoman connect`: a client's own settings lead to the gateway, and lose nothing."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dragoman.cli.main import app

CONFIG = "port: 9000\napi-keys: [sk-one two, sk-other]\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a configuration in the working folder."""
    for name in ("XDG_CONFIG_HOME", "AMP_SETTINGS_FILE", "CODEX_HOME", "CLAUDE_CONFIG_DIR"):
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
    assert after == '{"amp.url": "https://gateway.example.com", "amp.é": [1.50]}'
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
        ('{"amp.x": 1', "cannot be merged"),
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
    assert (done.exit_code, "there are: claude, codex" in done.stderr) == (1, True)
    (home / "config.yaml").unlink()
    done = connect("amp")
    assert (done.exit_code, "There is no configuration" in done.stderr) == (1, True)
    assert not (home / ".config").exists()


@pytest.mark.parametrize("client", ["claude", "codex", "gemini", "opencode", "zed", "roo"])
def test_without_write_nothing_is_written_and_all_is_shown(home: Path, client: str) -> None:
    before = sorted(home.rglob("*"))
    done = connect(client, "--model", "kimi-k2", "--compat")
    assert done.exit_code == 0
    assert "http://127.0.0.1:9000/compat" in done.stdout
    assert sorted(home.rglob("*")) == before


def test_claude_codex_gemini_and_opencode_are_merged_and_say_the_same_when_asked_again(
    home: Path,
) -> None:
    files = {
        "claude": ".claude/settings.json",
        "codex": ".codex/config.toml",
        "gemini": ".gemini/settings.json",
        "opencode": ".config/opencode/opencode.json",
        "zed": ".config/zed/settings.json",
        "roo": ".config/dragoman/roo-code-settings.json",
    }
    for client, name in files.items():
        done = connect(client, "--write", "--model", "kimi-k2")
        assert done.exit_code == 0, done.stderr
        assert f"wrote {home / name}" in done.stdout
        assert (
            f"{home / name} is right already"
            in connect(client, "--write", "--model", "kimi-k2").stdout
        )
    text = {client: (home / name).read_text() for client, name in files.items()}
    assert json.loads(text["claude"])["env"]["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:9000"
    codex = tomllib.loads(text["codex"])
    assert (codex["model"], codex["model_provider"]) == ("kimi-k2", "dragoman")
    assert codex["model_providers"]["dragoman"]["base_url"] == "http://127.0.0.1:9000/v1"
    assert (home / ".gemini/.env").read_text() == (
        'GOOGLE_GEMINI_BASE_URL="http://127.0.0.1:9000"\nGEMINI_API_KEY="sk-one two"\n'
        'GEMINI_MODEL="kimi-k2"\n'
    )
    opencode = json.loads(text["opencode"])["provider"]["dragoman"]
    assert opencode["options"]["baseURL"] == "http://127.0.0.1:9000/v1"
    assert opencode["models"]["kimi-k2"]["limit"]["context"] > 100_000
    zed = json.loads(text["zed"])["language_models"]["openai_compatible"]["dragoman"]
    assert zed["available_models"][0]["max_tokens"] > 100_000
    roo = json.loads(text["roo"])["providerProfiles"]
    assert roo["apiConfigs"][roo["currentApiConfigName"]]["openAiModelId"] == "kimi-k2"
    assert {oct((home / name).stat().st_mode & 0o777) for name in files.values()} == {"0o600"}


def test_a_group_s_address_and_models_are_written_and_comments_stay(home: Path) -> None:
    (home / "config.yaml").write_text(CONFIG + "groups: {qwen: {models: {big: [x], 'a*': [x]}}}\n")
    file = home / ".config/opencode/opencode.jsonc"
    file.parent.mkdir(parents=True)
    file.write_text('{\n  // mine\n  "theme": "x",\n}\n')
    done = connect("opencode", "--group", "qwen", "--write")
    assert f"wrote {file}; what was there is in opencode.jsonc.before-dragoman" in done.stdout
    text = file.read_text()
    assert text.startswith('{\n  // mine\n  "theme": "x",\n  "provider": {')
    assert '"baseURL": "http://127.0.0.1:9000/qwen/v1"' in text
    assert '"big": {' in text
    assert '"a*"' not in text


def test_a_broken_toml_is_left_alone_and_the_lines_are_shown(home: Path) -> None:
    file = home / ".codex/config.toml"
    file.parent.mkdir()
    file.write_text("model = [")
    done = connect("codex", "--write")
    assert done.exit_code == 1
    assert "Nothing was changed" in done.stderr
    assert 'model_provider = "dragoman"' in done.stderr
    assert file.read_text() == "model = ["


def test_gemini_keeps_the_rest_of_its_environment_file_and_writes_all_or_nothing(
    home: Path,
) -> None:
    (home / ".gemini").mkdir()
    (home / ".gemini/.env").write_text("MINE=1\nGEMINI_API_KEY=old\n")
    (home / ".gemini/settings.json").write_text("{broken")
    assert connect("gemini", "--write").exit_code == 1
    assert "old" in (home / ".gemini/.env").read_text()
    (home / ".gemini/settings.json").write_text('{"ui": {"theme": "x"}}')
    assert connect("gemini", "--write").exit_code == 0
    assert (home / ".gemini/.env").read_text().startswith("MINE=1\nGOOGLE_GEMINI_BASE_URL=")
    assert json.loads((home / ".gemini/settings.json").read_text())["ui"] == {"theme": "x"}


def test_cline_is_told_what_to_enter(home: Path) -> None:
    for arguments in ((), ("--write",)):
        done = connect("cline", "--group", "switch", *arguments)
        assert done.exit_code == 0
        assert "Base URL:     http://127.0.0.1:9000/switch/v1\n" in done.stdout
        assert "no other program writes" in done.stdout
