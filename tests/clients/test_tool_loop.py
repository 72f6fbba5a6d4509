"""Each coding client runs its own shell tool in a loop of two turns, on each upstream protocol
(issue 2, "Real clients"; each client's section of the facts about real clients)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.clients.conftest import BEHIND, Place
from tests.clients.programs import (
    Starter,
    claude_code,
    codex_http,
    codex_websocket,
    gemini_cli,
    opencode,
    qwen_code,
    run,
)
from tests.sdk.gateway import CLIENT_KEY, gateway_process

pytestmark = pytest.mark.clients


class Run(NamedTuple):
    """A client asking for a model; `thinks`: it asks for thinking too."""

    client: str
    start: Starter
    model: str
    thinks: bool = False


RUNS = [
    Run("claude-code", claude_code, "claude-opus-5-5", thinks=True),
    Run("claude-code", claude_code, "claude-sonnet-4-5", thinks=True),
    Run("codex", codex_http, "gpt-6-sol", thinks=True),
    Run("codex", codex_http, "local-model"),
    Run("codex-ws", codex_websocket, "gpt-6-sol", thinks=True),
    Run("codex-ws", codex_websocket, "local-model"),
    Run("gemini-cli", gemini_cli, "gemini-2.5-pro", thinks=True),
    Run("gemini-cli", gemini_cli, "gemini-3-pro-preview", thinks=True),
    Run("qwen-code", qwen_code, "local-model"),
    Run("opencode-chat", opencode("@ai-sdk/openai-compatible"), "local-model"),
    Run("opencode-anthropic", opencode("@ai-sdk/anthropic"), "claude-sonnet-4-5"),
    Run("opencode-responses", opencode("@ai-sdk/openai"), "local-model"),
    Run("opencode-google", opencode("@ai-sdk/google"), "gemini-2.5-pro"),
]

STATES = {
    "anthropic": "signature",
    "responses": "encrypted_content",
    "gemini": "thoughtSignature",
}
"""Where an upstream's reasoning state stands; the fakes refuse one that they did not issue."""

UNSIGNED = ("claude-sonnet-4-5", "gemini")
"""Claude Code wants no thoughts shown by this model, and then Gemini 2.5 signs nothing."""

COMMAND = 'printf "it\'s %s-%s <é中文🚀> \\$HOME\\n" ran 42 | tee marker.txt'
MARKER = "it's ran-42 <é中文🚀> $HOME"
"""What the command prints. It stands neither in the command nor in the prompt."""


@pytest.mark.parametrize(
    ("how", "upstream"),
    [
        pytest.param(how, upstream, id=f"{how.client}-{how.model}-on-{upstream}")
        for how in RUNS
        for upstream in BEHIND
    ],
)
def test_a_client_runs_its_tool_and_tells_the_result(
    how: Run, upstream: str, place: Callable[[str], Place], tmp_path: Path
) -> None:
    there = place(upstream)
    start = how.start(there.address, CLIENT_KEY, how.model, f"Please:\nrun: {COMMAND}")
    done = run(start, tmp_path)
    seen = f"{done}\n{there.log()}"
    assert there.fake.refusals == [], seen
    assert done.status == 0, seen
    assert (done.work / "marker.txt").read_text() == f"{MARKER}\n", seen
    assert "Result: " in done.stdout, seen
    assert MARKER in done.stdout, seen
    assert any(MARKER in text for _, text in _strings(there.fake.last)), seen
    assert ("protocol=responses/ws" in there.log()) == (how.client == "codex-ws"), seen
    if how.thinks and upstream in STATES and (how.model, upstream) != UNSIGNED:
        states = [text for key, text in _strings(there.fake.last) if key == STATES[upstream]]
        assert states, seen
        assert not any(text.startswith("skip_") for text in states), seen


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a body, with the name of the field that holds it."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, key)


@pytest.mark.parametrize(
    ("start", "call"),
    [
        pytest.param(claude_code, 'call Bash {"command": "%s"}', id="claude-code"),
        pytest.param(codex_http, 'call exec_command {"cmd": "%s"}', id="codex"),
        pytest.param(gemini_cli, 'call run_shell_command {"command": "%s"}', id="gemini-cli"),
        pytest.param(qwen_code, 'call run_shell_command {"command": "%s"}', id="qwen-code"),
    ],
)
def test_the_embedded_model_calls_a_clients_tool(start: Starter, call: str, tmp_path: Path) -> None:
    with gateway_process(tmp_path, [{"name": "echo", "protocol": "echo"}]) as address:
        prompt = call % "printf %s-%s ran 42 | tee marker.txt"
        done = run(start(address, CLIENT_KEY, "echo", prompt), tmp_path)
    assert done.status == 0, done
    assert (done.work / "marker.txt").read_text() == "ran-42", done
    assert "ran-42" in done.stdout, done
