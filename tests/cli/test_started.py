"""`dragoman env` and `dragoman run`: a client's environment, as every shell takes it."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dragoman.cli.main import app
from dragoman.cli.shells import exports, own_shell

CONFIG = """
port: 9000
api-keys: ["sk-it's one"]
groups:
  qwen: {models: {"claude-sonnet-*": [m], small: [m]}}
upstreams:
  - {name: up, protocol: openai, base-url: "http://127.0.0.1:9/v1", models: [m, kimi-k2]}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.delenv("DRAGOMAN_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def env(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["env", *arguments])


def test_claude_gets_the_group_s_address_and_the_key(home: Path) -> None:
    done = env("claude", "--group", "qwen", "--compat")
    assert done.stdout == (
        "export ANTHROPIC_BASE_URL=http://127.0.0.1:9000/qwen/compat\n"
        "export ANTHROPIC_AUTH_TOKEN='sk-it'\"'\"'s one'\n"
    )
    named = env("claude", "--model", "kimi-k2", "--key", "k", "--url", "https://gw/", "--compat")
    assert named.stdout == (
        "export ANTHROPIC_BASE_URL=https://gw/compat\nexport ANTHROPIC_AUTH_TOKEN=k\n"
        "export ANTHROPIC_MODEL=kimi-k2\nexport ANTHROPIC_DEFAULT_HAIKU_MODEL=kimi-k2\n"
    )


def test_each_client_gets_what_it_reads(home: Path) -> None:
    codex = env("codex", "--group", "qwen", "--model", "small").stdout
    assert codex.startswith("export DRAGOMAN_KEY=")
    assert "# then: codex -c model_provider=dragoman -c" in codex
    assert 'base_url="http://127.0.0.1:9000/qwen/v1"' in codex
    gemini = env("gemini", "--model", "g").stdout
    assert f"export GEMINI_CLI_HOME={home}/.gemini-dragoman\n" in gemini
    assert "export GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9000\n" in gemini
    assert "export GEMINI_MODEL=g\n" in gemini
    settings = json.loads((home / ".gemini-dragoman/.gemini/settings.json").read_text())
    assert settings == {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    opencode = env("opencode", "--group", "qwen").stdout
    assert '"baseURL": "http://127.0.0.1:9000/qwen/v1"' in opencode
    assert '"model": "dragoman/small"' in opencode
    assert '"models": {"small"' in opencode
    assert '"models": {"m": {' in env("opencode").stdout
    assert "export AMP_URL=http://127.0.0.1:9000\n" in env("amp").stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("vim",), "There is no client 'vim' here; there are: claude, codex, gemini"),
        (("zed",), "use: dragoman connect zed"),
        (("claude", "--group", "nobody"), "groups are: default, qwen, switch"),
        (("claude", "--shell", "csh"), "there are: bash, zsh, fish, powershell"),
        (("amp", "--group", "qwen"), "Bind the key to the group instead"),
        (("claude", "--config", "none.yaml"), "none.yaml"),
    ],
)
def test_what_cannot_be_done_is_told(home: Path, arguments: tuple[str, ...], why: str) -> None:
    done = env(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert why in done.stderr


AWKWARD = "a 'b' \"c\" $HOME `d` \\ % é"
ECHOING = {"fish": "printf '%s' $V", "powershell": "[Console]::Out.Write($env:V)"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_shell_reads_back_what_was_meant(shell: str) -> None:
    text = exports({"V": AWKWARD}, shell)
    assert text == {
        "fish": "set -gx V 'a \\'b\\' \"c\" $HOME `d` \\\\ % é'\n",
        "powershell": "$env:V = 'a ''b'' \"c\" $HOME `d` \\ % é'\n",
    }.get(shell, "export V='a '\"'\"'b'\"'\"' \"c\" $HOME `d` \\ % é'\n")
    program = shutil.which({"powershell": "pwsh"}.get(shell, shell))
    if program is not None:
        script = text + ECHOING.get(shell, 'printf %s "$V"')
        out = subprocess.run([program, "-c", script], capture_output=True, text=True, check=True)
        assert out.stdout == AWKWARD


def test_the_shell_is_the_user_s_own() -> None:
    assert own_shell({"SHELL": "/usr/bin/fish"}) == "fish"
    assert own_shell({"SHELL": "/bin/ksh"}) == "bash"
    assert own_shell({"PSModulePath": "x"}) == "powershell"


def test_a_client_is_started_with_its_environment_and_its_status_is_passed_on(home: Path) -> None:
    script = home / "bin/claude"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "$ANTHROPIC_BASE_URL" "$@"\nexit 7\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    command = [sys.executable, "-m", "dragoman", "run", "claude", "--group", "qwen", "--"]
    variables = {**os.environ, "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [*command, "-p", "two words", "--model", "x"],
        env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == "http://127.0.0.1:9000/qwen -p two words --model x\n"


def test_a_program_that_is_missing_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    done = CliRunner().invoke(app, ["run", "codex", "--", "exec"])
    assert done.exit_code == 127
    assert "codex is not on PATH; it comes with: npm install -g @openai/codex" in done.stderr
    assert CliRunner().invoke(app, ["run", "claude", "--group", "x"]).exit_code == 1
