"""Coding clients on accounts instead of keys: Claude Code on Claude's, Codex on ChatGPT's (HTTP and
WebSocket), Gemini CLI on Google's, and a client on an account that is another program's alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.clients.programs import (
    Starter,
    claude_code,
    codex_http,
    codex_websocket,
    gemini_cli,
    opencode,
    run,
)
from tests.clients.test_tool_loop import COMMAND, MARKER
from tests.fakes import in_thread
from tests.sdk.gateway import CLIENT_KEY, gateway_process
from tests.subscriptions.folder import PATHS, PROJECT, tokens_of, write
from tests.subscriptions.hosts import ClaudeHost, CloudCodeHost, CodexHost

pytestmark = pytest.mark.clients

CODEX = "gpt-5.2"
"""In no catalogue of Codex's, so that its tools are functions, which the fake can call."""
GEMINI = ("gemini-2.5-pro", "gemini-3-flash-preview", "gemini-3.5-flash-lite", "gemini-3.8-flash")


def host_of(provider: str) -> Any:
    host: Any
    if provider == "claude":
        host = ClaudeHost()
    elif provider == "codex":
        host = CodexHost(models=[CODEX], own=True)
        host.accounts = frozenset(f"account-{number}" for number in range(3))
    else:
        host = CloudCodeHost(models=GEMINI)
        host.projects = frozenset({PROJECT})
    host.open_to(*tokens_of(provider))
    return host


@contextmanager
def on_accounts(provider: str, host: Any, folder: Path) -> Iterator[str]:
    """The address of a gateway with three accounts of this provider."""
    logins = folder / "logins"
    write(logins, provider)
    with ExitStack() as stack:
        url = stack.enter_context(in_thread(host)) + PATHS.get(provider, "")
        clients = {provider: {"base-url": url}}
        yield stack.enter_context(
            gateway_process(folder, [], auth_dir=str(logins), oauth_clients=clients)
        )


@pytest.mark.parametrize(
    ("provider", "start", "model"),
    [
        pytest.param("claude", claude_code, "claude-opus-5-5", id="claude-code"),
        pytest.param("claude", claude_code, "claude-sonnet-4-5", id="claude-code-older"),
        pytest.param("codex", codex_http, CODEX, id="codex"),
        pytest.param("codex", codex_websocket, CODEX, id="codex-ws"),
        pytest.param("gemini", gemini_cli, "gemini-2.5-pro", id="gemini-cli"),
    ],
)
def test_a_program_works_on_its_own_providers_accounts(
    provider: str, start: Starter, model: str, tmp_path: Path
) -> None:
    host = host_of(provider)
    with on_accounts(provider, host, tmp_path) as address:
        done = run(start(address, CLIENT_KEY, model, f"Please:\nrun: {COMMAND}"), tmp_path / "run")
    assert done.status == 0, str(done)
    assert MARKER in done.stdout, str(done)
    assert host.refusals == [], [refusal.message for refusal in host.refusals]


def test_claude_codes_bytes_reach_the_account_as_it_wrote_them(tmp_path: Path) -> None:
    """What it sends to a gateway and what that sends on are the same but for the login."""
    host = host_of("claude")
    with on_accounts("claude", host, tmp_path) as address:
        run(claude_code(address, CLIENT_KEY, "claude-opus-5-5", "echo: hi"), tmp_path / "run")
    (asked,) = host.requests
    sent = dict(asked.headers)
    assert sent["user-agent"].startswith("claude-cli/")
    assert sent["x-app"] == "cli"
    assert sent["anthropic-beta"].endswith(",oauth-2025-04-20")
    assert asked.json["system"][0]["text"].startswith("x-anthropic-billing-header")
    assert asked.query == {"beta": "true"}


def test_another_program_is_told_that_a_claude_account_is_not_for_it(tmp_path: Path) -> None:
    host = host_of("claude")
    with on_accounts("claude", host, tmp_path) as address:
        start = opencode("@ai-sdk/anthropic")(address, CLIENT_KEY, "claude-sonnet-4-5", "hi")
        done = run(start, tmp_path / "run")
    assert "Claude Code alone" in done.stdout + done.stderr, str(done)
    assert host.requests == []
