"""Explain: which group counts, what the key opens, what the group's aliases made of the name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dragoman.cli.main import app


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    text = {
        "data-dir": str(tmp_path / "data"),
        "auth-dir": "/nonexistent/logins",
        "upstreams": [{"name": "echo", "protocol": "echo"}],
        "groups": {"qwen": {"models": {"claude-*": "echo"}}, "kimi": {}, "old": {"disabled": True}},
        "active-group": "kimi",
    }
    file.write_text(json.dumps(text), encoding="utf-8")
    file.chmod(0o600)
    return file


def command(config: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*arguments, "--config", str(config)])
    return result.exit_code, result.stdout, result.stderr


def explained(config: Path, *arguments: str) -> Any:
    status, out, err = command(config, "explain", "--json", *arguments)
    assert status == 0, err
    return json.loads(out)


def test_the_group_of_path_name_and_switch_is_told_with_its_alias(config: Path) -> None:
    record = explained(config, "--model", "claude-x", "--group", "qwen", "--compat")
    asking = {"key": "", "group": "qwen", "compat": True, "groups": [], "models": []}
    assert record["asking"] == asking
    assert [step["kind"] for step in record["steps"]] == ["group wildcard", "served"]
    record = explained(config, "--model", "qwen@claude-x")
    assert (record["model"], record["asking"]["group"]) == ("claude-x", "qwen")
    switch = ("--model", "echo", "--group", "switch")
    assert explained(config, *switch)["asking"]["group"] == "kimi"
    assert command(config, "group", "use", "default")[0] == 0
    assert explained(config, *switch)["asking"]["group"] == "default"


def test_the_rights_of_a_key_are_told_and_count(config: Path) -> None:
    made = ("key", "add", "ci", "--group", "qwen", "--models", "claude-*")
    assert command(config, *made)[0] == 0
    record = explained(config, "--model", "claude-x", "--key", "ci")
    assert record["asking"] == {
        "key": "ci",
        "group": "qwen",
        "compat": False,
        "groups": ["qwen"],
        "models": ["claude-*"],
    }
    _, out, _ = command(config, "explain", "--model", "claude-x", "--key", "ci")
    assert out.splitlines()[1] == "Group qwen  (key ci: groups qwen; models claude-*)"
    _, out, _ = command(config, "explain", "--model", "echo", "--group", "kimi", "--compat")
    assert out.splitlines()[1] == "Group kimi, compat mode by the path"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "gpt", "--group", "qwen", "--key", "ci"],
         "this key may not use model 'gpt'; its models are: claude-*"),
        (["--model", "claude-x", "--group", "kimi", "--key", "ci"],
         "this key may not use group 'kimi'; this key may use: qwen"),
        (["--model", "x", "--group", "nosuch"],
         "there is no group 'nosuch'; this key may use: default, qwen, kimi"),
        (["--model", "old@echo"],
         "group 'old' is disabled; this key may use: default, qwen, kimi"),
        (["--model", "x", "--key", "nobody"], "there is no key 'nobody'; see: dragoman key list"),
    ],
)  # fmt: skip
def test_what_a_key_does_not_open_is_told(config: Path, arguments: list[str], message: str) -> None:
    made = ("key", "add", "ci", "--group", "qwen", "--models", "claude-*")
    assert command(config, *made)[0] == 0
    status, _, err = command(config, "explain", *arguments)
    assert (status, err.strip()) == (1, message)
