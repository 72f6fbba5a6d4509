"""The lines that a start shows, pasted into a shell: each starts its client on the gateway. What
they start is a program for the terminal; a headless run of it differs by the words given here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.clients.install import TARGET, environment
from tests.clients.programs import finished
from tests.sdk.gateway import CLIENT_KEY, gateway_process

from dragoman.cli.welcome import client_lines

pytestmark = pytest.mark.clients

HEADLESS = {
    "Claude Code": (" claude", " claude -p {}"),
    "Codex": (" codex", " codex exec --skip-git-repo-check {}"),
    "Gemini CLI": (" gemini", " GEMINI_CLI_TRUST_WORKSPACE=true gemini -p {}"),
    "opencode": (" opencode", " opencode run {}"),
    "Amp": (" amp", " amp -x {}"),
    "curl": (" -d", " -sS -d"),
}
"""How the command ends in the line, and what stands there in a run without a terminal."""

PROMPT = "Hello from the other side; it is 42."


@pytest.mark.parametrize("client", list(HEADLESS))
def test_a_pasted_line_reaches_the_gateway_and_its_model(client: str, tmp_path: Path) -> None:
    mapped = {"model-mappings": [{"from": ".*", "to": "echo", "regex": True}]}
    echo: dict[str, object] = {"name": "echo", "protocol": "echo"}
    with gateway_process(tmp_path, [echo], ampcode=mapped) as address:
        line = dict(client_lines(address, CLIENT_KEY, "echo"))[client]
        interactive, headless = HEADLESS[client]
        before, found, after = line.rpartition(interactive)
        assert found, line
        pasted = before + headless.format(f"'{PROMPT}'") + after
        home, work = tmp_path / "home", tmp_path / "work"
        home.mkdir()
        work.mkdir()
        path = f"{TARGET / 'npm/node_modules/.bin'}{os.pathsep}{environment()['PATH']}"
        variables = {"HOME": str(home), "PATH": path, "IS_SANDBOX": "1"}
        done = finished(pasted, variables, work)
    assert done.status == 0, done
    assert ("Hello" if client == "curl" else PROMPT) in done.stdout, done
