"""Coding clients in compat mode, before a model that has no tools and refuses every trace of them
(Claude Code in every form of a call: `test_walkthrough`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.programs import (
    Starter,
    claude_code,
    codex_http,
    gemini_cli,
    opencode,
    qwen_code,
    run,
)
from tests.fakes import ChatFake, in_thread
from tests.sdk.gateway import CLIENT_KEY, gateway_process

pytestmark = pytest.mark.clients

COMMAND = 'printf "it\'s %s-%s <é中文🚀> \\$HOME\\n" ran 42 | tee marker.txt'
MARKER = "it's ran-42 <é中文🚀> $HOME"
MODELS = (
    "claude-sonnet-4-5",
    "gpt-6-sol",
    "local-model",
    "gemini-2.5-pro",
    "gemini-3.5-flash-lite",
)


def in_compat(
    start: Starter, model: str, said: str, folder: Path
) -> tuple[object, Path, str, ChatFake]:
    fake = ChatFake(models=("gpt-4o",), rechunk=17, text_only=True)
    with in_thread(fake) as url:
        upstream: dict[str, object] = {
            "name": "fake",
            "protocol": "openai",
            "base-url": url,
            "keys": ["up-key"],
            "models": [{"name": "gpt-4o", "alias": name} for name in MODELS],
        }
        with gateway_process(folder, [upstream]) as address:
            done = run(start(f"{address}/compat", CLIENT_KEY, model, said), folder)
    assert fake.refusals == [], done
    assert done.status == 0, done
    return done, done.work / "marker.txt", done.stdout, fake


@pytest.mark.parametrize(
    ("start", "model"),
    [
        pytest.param(codex_http, "gpt-6-sol", id="codex"),
        pytest.param(codex_http, "local-model", id="codex-unknown-model"),
        pytest.param(gemini_cli, "gemini-2.5-pro", id="gemini-cli"),
        pytest.param(qwen_code, "local-model", id="qwen-code"),
        pytest.param(opencode("@ai-sdk/openai-compatible"), "local-model", id="opencode"),
    ],
)
def test_a_client_finishes_its_tool_loop_on_a_model_without_tools(
    start: Starter, model: str, tmp_path: Path
) -> None:
    done, marker, said, _ = in_compat(start, model, f"Please:\nrun: {COMMAND}", tmp_path)
    assert marker.exists(), done
    assert marker.read_text() == f"{MARKER}\n", done
    assert MARKER in said, done


def test_a_call_that_the_model_only_shows_is_not_run(tmp_path: Path) -> None:
    prompt = f"Please:\nquote\ndialect: hermes\nrun: {COMMAND}"
    done, marker, said, fake = in_compat(claude_code, "claude-sonnet-4-5", prompt, tmp_path)
    assert not marker.exists(), done
    assert "It is written like `<tool_call>" in said, done
    assert not any("<result-" in str(one.json["messages"][1:]) for one in fake.requests)
