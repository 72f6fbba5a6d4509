"""`dragoman run` and `dragoman connect --write` with the real clients: each reaches its group's
model, by its environment or by its own settings files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.clients.install import TARGET, environment
from tests.clients.programs import Done, finished
from tests.sdk.gateway import CLIENT_KEY, gateway_process

pytestmark = pytest.mark.clients

PROMPT = "Hello from the other side; it is 42."
HEADLESS = {
    "claude": ["-p", PROMPT],
    "codex": ["exec", "--skip-git-repo-check", PROMPT],
    "gemini": ["-p", PROMPT],
    "opencode": ["run", PROMPT],
}
WITH_MODEL = {"opencode": ["run", "-m", "dragoman/mine", PROMPT]}
GROUPS = {"apart": {"models": {"mine": ["echo"]}}}
KEPT = {"IS_SANDBOX": "1", "GEMINI_CLI_TRUST_WORKSPACE": "true", "DRAGOMAN_KEY": CLIENT_KEY}


def _variables(home: Path) -> dict[str, str]:
    path = f"{TARGET / 'npm/node_modules/.bin'}{os.pathsep}{environment()['PATH']}"
    return {"HOME": str(home), "PATH": path, **KEPT}


def _dragoman(*words: str) -> list[str]:
    return [sys.executable, "-m", "dragoman", *words]


def _seen(done: Done, folder: Path) -> None:
    assert done.status == 0, done
    assert PROMPT in done.stdout, done
    log = (folder / "gateway.log").read_text()
    assert "model=mine served=echo" in log, log


@pytest.mark.parametrize("client", list(HEADLESS))
def test_a_client_that_dragoman_runs_reaches_its_groups_model(client: str, tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    echo: dict[str, object] = {"name": "echo", "protocol": "echo"}
    with gateway_process(tmp_path, [echo], groups=GROUPS):
        asked = ["--group", "apart", "--model", "mine", "--config", str(tmp_path / "config.yaml")]
        command = _dragoman("run", client, *asked, "--", *HEADLESS[client])
        _seen(finished(command, _variables(home), work), tmp_path)


@pytest.mark.parametrize("client", list(HEADLESS))
def test_a_client_whose_settings_were_written_reaches_its_groups_model(
    client: str, tmp_path: Path
) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    echo: dict[str, object] = {"name": "echo", "protocol": "echo"}
    variables = _variables(home)
    with gateway_process(tmp_path, [echo], groups=GROUPS):
        asked = ["--group", "apart", "--model", "mine", "--config", str(tmp_path / "config.yaml")]
        subprocess.run(
            _dragoman("connect", client, "--write", *asked), env=variables, check=True, cwd=work
        )
        program = shutil.which(client, path=variables["PATH"])
        assert program is not None
        command = [program, *WITH_MODEL.get(client, HEADLESS[client])]
        _seen(finished(command, variables, work), tmp_path)
